// Counts the words of files (or of standard input) and prints the most frequent ones.
//
//   wordcount [-n COUNT] [-a] [FILE...]     -n: how many, -a: in alphabetical order
//
// Set a breakpoint in addWord, watch `table` grow, and see in System calls how the text comes in.
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORD 32
#define BUCKETS 64
#define MAX_FILES 8

enum Order { BY_COUNT, BY_NAME };

struct Position {
    unsigned line;
    unsigned column;
};

struct Word {
    char text[MAX_WORD];
    unsigned count;
    struct Position first;  // where the word was seen for the first time
    struct Word* next;      // next word in the same bucket
};

struct Totals {
    unsigned long bytes;
    unsigned long letters;
    unsigned lines;
    unsigned words;
    unsigned distinct;
    double averageLength;  // letters per word
};

struct Options {
    enum Order order;
    unsigned top;
};

static struct Word* table[BUCKETS];
static struct Totals totals;
struct Options options = {BY_COUNT, 10};

static unsigned hash(const char* text) {
    unsigned value = 2166136261u;
    for (const char* p = text; *p != '\0'; p++) {
        value = (value ^ (unsigned char)*p) * 16777619u;
    }
    return value % BUCKETS;
}

static void addWord(const char* text, struct Position where) {
    unsigned bucket = hash(text);
    struct Word* word = table[bucket];
    while (word != NULL && strcmp(word->text, text) != 0) {
        word = word->next;
    }
    if (word == NULL) {
        word = calloc(1, sizeof *word);
        strcpy(word->text, text);
        word->first = where;
        word->next = table[bucket];
        table[bucket] = word;
        totals.distinct++;
    }
    word->count++;
    totals.words++;
}

static void countFile(FILE* file) {
    char word[MAX_WORD];
    unsigned length = 0;
    struct Position here = {1, 0}, start = here;
    int c;
    do {
        c = fgetc(file);
        here.column++;
        if (c != EOF && isalpha(c)) {
            if (length == 0) start = here;
            if (length < MAX_WORD - 1) word[length++] = (char)tolower(c);
        } else if (length > 0) {
            word[length] = '\0';
            totals.letters += length;
            addWord(word, start);
            length = 0;
        }
        if (c == '\n') {
            here.line++;
            here.column = 0;
            totals.lines++;
        }
        if (c != EOF) totals.bytes++;
    } while (c != EOF);
    if (totals.words > 0) totals.averageLength = (double)totals.letters / totals.words;
}

static bool comesBefore(const struct Word* a, const struct Word* b) {
    if (options.order == BY_COUNT && a->count != b->count) return a->count > b->count;
    return strcmp(a->text, b->text) < 0;
}

static void swap(struct Word** a, struct Word** b) {
    struct Word* kept = *a;
    *a = *b;
    *b = kept;
}

// Quicksort: the pivot moves to the front, then everything that comes before it.
static void sortWords(struct Word** words, unsigned count) {
    if (count < 2) return;
    unsigned before = 0;
    swap(&words[0], &words[count / 2]);
    for (unsigned i = 1; i < count; i++) {
        if (comesBefore(words[i], words[0])) swap(&words[++before], &words[i]);
    }
    swap(&words[0], &words[before]);
    sortWords(words, before);
    sortWords(words + before + 1, count - before - 1);
}

static void printTable(void) {
    struct Word** words = malloc(totals.distinct * sizeof *words);
    unsigned count = 0;
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        for (struct Word* word = table[bucket]; word != NULL; word = word->next) {
            words[count++] = word;
        }
    }
    sortWords(words, count);
    for (unsigned i = 0; i < count && i < options.top; i++) {
        const struct Word* word = words[i];
        printf("%6u  %-16s first at %u:%u\n", word->count, word->text, word->first.line, word->first.column);
    }
    printf("%u words, %u distinct, %u lines, %lu bytes, average length %.2f\n", totals.words, totals.distinct,
           totals.lines, totals.bytes, totals.averageLength);
    free(words);
}

// Takes the options out of the arguments; returns how many file names are left in `files`.
static unsigned readArguments(int argc, char** argv, const char* files[MAX_FILES]) {
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
            options.top = (unsigned)atoi(argv[++i]);
        } else if (strcmp(argv[i], "-a") == 0) {
            options.order = BY_NAME;
        } else if (count < MAX_FILES) {
            files[count++] = argv[i];
        }
    }
    return count;
}

int main(int argc, char** argv) {
    const char* files[MAX_FILES] = {NULL};
    char title[48] = "standard input";
    struct Totals before = totals;
    int failures = 0;
    unsigned count = readArguments(argc, argv, files);
    for (unsigned i = 0; i < count; i++) {
        FILE* file = fopen(files[i], "r");
        if (file == NULL) {
            fprintf(stderr, "wordcount: %s: %s\n", files[i], strerror(errno));
            failures++;
            continue;
        }
        before = totals;
        countFile(file);
        fclose(file);
        snprintf(title, sizeof title, "%s", files[i]);
        printf("%s: %u words, %u of them new\n", title, totals.words - before.words,
               totals.distinct - before.distinct);
    }
    if (count == 0) countFile(stdin);
    printTable();
    return failures > 0 ? 1 : 0;
}
