// Writes the files that it is given to standard output; ends with 1 if one could not be read.
#include <stdio.h>

int main(int argc, char** argv) {
    int status = 0;
    for (int i = 1; i < argc; i++) {
        FILE* file = fopen(argv[i], "r");
        if (file == NULL) {
            perror(argv[i]);
            status = 1;
            continue;
        }
        for (int c = getc(file); c != EOF; c = getc(file)) putchar(c);
        fclose(file);
    }
    return status;
}
