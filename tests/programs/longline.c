// Writes one line of a million characters, then bytes that are no text.
#include <stdio.h>

int main(void) {
    for (int i = 0; i < 1000000; i++) putchar('a' + i % 26);
    fputs("\n\x1b[31mred\x1b[0m \xff\xfe \x07 \xe2\x80\xae reversed\n", stdout);
    return 0;
}
