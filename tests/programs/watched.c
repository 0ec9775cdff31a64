// Things to watch: bit-fields, locals of frames that return, locals of deep recursion, and a frame that a tail call takes over.
struct Flags {
    unsigned kind : 5;
    unsigned count : 11;
};
struct Flags flags;
int total;

__attribute__((noinline)) static void bits(void) {
    flags.kind = 3;
    flags.count = 100;
    flags.kind = 4;
}

__attribute__((noinline)) static int half(int n) {
    int mine = n;
    mine /= 2;
    return mine + 100;
}

__attribute__((noinline)) static int deep(int n) {
    int mine = n;
    if (n > 0) mine += deep(n - 1);
    mine++;
    return mine;
}

__attribute__((noinline)) static int last(int n) {
    int mine = n;
    mine += 2;
    return mine;
}

__attribute__((noinline)) static int first(int n) {
    int mine = n;
    mine += 1;
    total += mine;
    __attribute__((musttail)) return last(n);
}

int main(void) {
    bits();
    total += half(10);
    total += half(20);
    total += first(5);
    total += deep(300);
    return total & 1;
}
