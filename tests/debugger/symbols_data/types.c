/* Every kind of C type once; see symbols_types_test.cpp. Built by build.sh. */
typedef short int16;
enum colour { RED, GREEN = 5, BLUE = -1 };
struct bits {
    unsigned a : 3;
    int b : 7;
    unsigned long long c : 40;
    unsigned char d;
    signed char e : 4, f : 4;
};
union number {
    int i;
    float f;
    unsigned char bytes[4];
};
struct node {
    struct node *next;
    const char *name;
    union {
        int left;
        double right;
    };
    struct {
        int x, y;
    } point;
    int16 grid[2][3];
    int (*compare)(const struct node *, void *);
    enum colour colour;
    _Bool flag;
    struct hidden *hidden;
    volatile int v;
    char flexible[];
};
struct node first;
static const int limit = 42;
struct bits bits;
union number number;
enum colour colour;
int (*table[4])(int);
char *const *volatile words;
int (*matrix)[5];
long double wide;
void *anything;

static int helper(int depth, const char *text) {
    int local = depth * 2;
    {
        int inner = local + 1;
        if (inner > 10)
            return inner;
    }
    for (int i = 0; i < depth; ++i) {
        local += text[i];
    }

    return local;
}

/* A comment: no code here. */

int run(int count) {
    static int calls;
    struct bits copy = bits;
    ++calls;
    return helper(count, first.name) + copy.b + limit;
}
