#include "app/launch/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace launch {

void takeStandardStreams() {
    // open() takes the lowest number that is free: the one that was just found to be.
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF) (void)open("/dev/null", O_RDWR);
}

}  // namespace launch
