// Calls that were inlined: one where main begins, and a function that exists only in copies.
#include <stdio.h>
#define INLINED static inline __attribute__((always_inline))

static int counter;

INLINED void announce(void) {
    counter++;
    counter++;
}

INLINED int twice(int value) {
    int sum = value + value;
    return sum;
}

struct pair {
    long long left, right;
};

__attribute__((noinline)) static double half(int value) { return value / 2.0; }
__attribute__((noinline)) static struct pair both(int value) { return (struct pair){value, value}; }

int main(void) {
    announce();
    int first = twice(3);
    int second = twice(first);
    printf("%d %d %g %lld\n", counter, second, half(first), both(second).left);
    return 0;
}
