// A delivery route that goes wrong. A label is padded one byte too far to the left, which damages the link
// that stands before it in memory; later the route is walked, and the program follows that link out of its
// memory.
//
// The trap shows where it ended. Go back from there: which write damaged `next` of the last stop?
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_SIZE 12

struct Stop {
    struct Stop* next;
    char label[LABEL_SIZE];  // right-aligned, padded with blanks
    unsigned parcels;
};

struct Route {
    struct Stop* first;
    struct Stop* last;
    unsigned length;
};

static void setLabel(struct Stop* stop, const char* name) {
    int column = LABEL_SIZE;
    for (int i = (int)strlen(name); i >= 0; i--) {  // from the terminating zero to the first letter
        stop->label[--column] = name[i];
    }
    while (column >= 0) {  // the bug: label[0] is written when column is 1, so this must be column > 0
        stop->label[--column] = ' ';
    }
}

static void addStop(struct Route* route, const char* name, unsigned parcels) {
    struct Stop* stop = malloc(sizeof *stop);
    stop->next = NULL;
    stop->parcels = parcels;
    setLabel(stop, name);
    if (route->last != NULL) {
        route->last->next = stop;
    } else {
        route->first = stop;
    }
    route->last = stop;
    route->length++;
}

static unsigned printFrom(const struct Stop* stop, unsigned number) {
    if (stop == NULL) return 0;
    unsigned parcels = stop->parcels;
    printf("%2u. %s %3u\n", number, stop->label, parcels);
    fflush(stdout);
    return parcels + printFrom(stop->next, number + 1);
}

int main(void) {
    struct Route route = {NULL, NULL, 0};
    addStop(&route, "Depot", 0);
    addStop(&route, "Harbour", 14);
    addStop(&route, "Old Market", 3);
    addStop(&route, "Station", 22);
    addStop(&route, "Mill", 7);

    printf("Route with %u stops\n", route.length);
    unsigned parcels = printFrom(route.first, 1);
    printf("%u parcels\n", parcels);
    return 0;
}
