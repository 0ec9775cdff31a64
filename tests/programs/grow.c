// Grows linear memory by a GiB (or as many MiB as its argument says) and touches both ends of what it got.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    unsigned long mebibytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024;
    unsigned long before = __builtin_wasm_memory_grow(0, mebibytes * 16);
    if (before == ~0ul) {
        puts("refused");
        return 3;
    }
    volatile char* fresh = (volatile char*)(before * 65536);
    fresh[0] = 1;
    fresh[mebibytes * 1048576 - 1] = 2;
    printf("grew by %lu MiB\n", mebibytes);
    return 0;
}
