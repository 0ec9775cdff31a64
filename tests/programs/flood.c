// Writes lines without end, or as many as its argument says.
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char** argv) {
    unsigned long lines = argc > 1 ? strtoul(argv[1], NULL, 10) : ~0ul;
    for (unsigned long i = 0; i < lines; i++) {
        printf("line %lu\n", i);
    }
    return 0;
}
