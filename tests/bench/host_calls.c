// Makes one host call many times: HOST_CALL (clock, write, read, open, stat) and HOST_COUNT are variables of the environment, as not
// every engine passes arguments. Needs a file called "data" in its folder. Says on stderr "ns=NANOSECONDS" of wall time, all calls
// together. Built for wasm32-wasi, where each round is exactly the calls named, and natively, where it is the system call that serves it.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void must(int ok, const char* what) {
    if (ok) return;
    fprintf(stderr, "%s failed\n", what);
    exit(1);
}

#ifdef __wasm__
#include <wasi/api.h>

enum { kFolder = 3 };
static __wasi_fd_t opened(void) {
    __wasi_fd_t fd;
    must(__wasi_path_open(kFolder, 0, "data", 0, __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_SEEK, 0, 0, &fd) ==
             0,
         "path_open");
    return fd;
}
static void clockOnce(void) {
    __wasi_timestamp_t now;
    must(__wasi_clock_time_get(__WASI_CLOCKID_MONOTONIC, 1, &now) == 0, "clock_time_get");
}
static void writeOnce(void) {
    const __wasi_ciovec_t piece = {(const uint8_t*)"x", 1};
    __wasi_size_t done;
    must(__wasi_fd_write(1, &piece, 1, &done) == 0 && done == 1, "fd_write");
}
static void readOnce(void) {
    static __wasi_fd_t fd;
    if (!fd) fd = opened();
    uint8_t byte;
    const __wasi_iovec_t piece = {&byte, 1};
    __wasi_size_t done;
    must(__wasi_fd_read(fd, &piece, 1, &done) == 0, "fd_read");
    __wasi_filesize_t at;
    if (done == 0) must(__wasi_fd_seek(fd, 0, __WASI_WHENCE_SET, &at) == 0, "fd_seek");
}
static void openOnce(void) { must(__wasi_fd_close(opened()) == 0, "fd_close"); }
static void statOnce(void) {
    __wasi_filestat_t status;
    must(__wasi_path_filestat_get(kFolder, 0, "data", &status) == 0 && status.size > 0, "path_filestat_get");
}
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int opened(void) {
    const int fd = open("data", O_RDONLY);
    must(fd >= 0, "open");
    return fd;
}
static void clockOnce(void) {
    struct timespec now;
    must(clock_gettime(CLOCK_MONOTONIC, &now) == 0, "clock_gettime");
}
static void writeOnce(void) { must(write(1, "x", 1) == 1, "write"); }
static void readOnce(void) {
    static int fd;
    if (!fd) fd = opened();
    char byte;
    if (read(fd, &byte, 1) == 0) must(lseek(fd, 0, SEEK_SET) == 0, "lseek");
}
static void openOnce(void) { must(close(opened()) == 0, "close"); }
static void statOnce(void) {
    struct stat status;
    must(stat("data", &status) == 0 && status.st_size > 0, "stat");
}
#endif

int main(void) {
    static const struct {
        const char* name;
        void (*once)(void);
    } kCalls[] = {{"clock", clockOnce},
                  {"write", writeOnce},
                  {"read", readOnce},
                  {"open", openOnce},
                  {"stat", statOnce}};
    const char* const name = getenv("HOST_CALL");
    const char* const text = getenv("HOST_COUNT");
    must(name && text, "HOST_CALL and HOST_COUNT: getenv");
    const long count = atol(text);
    for (size_t i = 0; i < sizeof kCalls / sizeof *kCalls; i++) {
        if (strcmp(name, kCalls[i].name) != 0) continue;
        struct timespec begin, end;
        clock_gettime(CLOCK_MONOTONIC, &begin);
        for (long n = 0; n < count; n++)
            kCalls[i].once();
        clock_gettime(CLOCK_MONOTONIC, &end);
        fprintf(stderr, "ns=%lld\n",
                (long long)(end.tv_sec - begin.tv_sec) * 1000000000 + (end.tv_nsec - begin.tv_nsec));
        return 0;
    }
    must(0, "HOST_CALL: looking it up");
}
