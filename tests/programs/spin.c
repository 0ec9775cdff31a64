// Loops forever, in a loop that a debugger must be able to break into.
volatile unsigned counter;

static void turn(void) {
    counter++;
}

int main(void) {
    for (;;) {
        turn();
    }
}
