// Recurses without end: the guest's call stack is exhausted, or its shadow stack overflows.
#include <stdio.h>

static int depth(int n) {
    return n < 0 ? n : depth(n + 1) + 1;
}

int main(void) {
    printf("%d\n", depth(0));
    return 0;
}
