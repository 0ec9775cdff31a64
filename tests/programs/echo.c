// Reads standard input by lines and writes each back; ends at the end of input with the number of lines.
#include <stdio.h>
#include <string.h>

int main(void) {
    char line[256];
    int lines = 0;
    while (fgets(line, sizeof line, stdin) != NULL) {
        lines++;
        printf("%d: %s", lines, line);
        fflush(stdout);
    }
    return lines;
}
