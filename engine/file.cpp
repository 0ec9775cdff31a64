#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/limits.h"
#include "engine/module.h"

namespace engine {

namespace {

Error ioError(const std::string& path, std::string message) {
    Error error{ErrorCode::Io, std::move(message), {}};
    error.where.file = path;
    return error;
}

std::string_view kindOf(mode_t mode) {
    switch (mode & S_IFMT) {
    case S_IFDIR: return "a directory";
    case S_IFIFO: return "a named pipe";
    case S_IFCHR:
    case S_IFBLK: return "a device";
    case S_IFSOCK: return "a socket";
    default: return "not a file";
    }
}

/// Closes on every way out.
struct Descriptor {
    int fd;
    explicit Descriptor(int f) : fd(f) {}
    Descriptor(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd >= 0) ::close(fd);
    }
};

/// Fills `bytes` from the file; the number of bytes read, or -1 with errno.
ssize_t readAll(int fd, std::vector<uint8_t>& bytes) {
    size_t got = 0;
    while (got < bytes.size()) {
        const ssize_t n = ::read(fd, bytes.data() + got, bytes.size() - got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        got += static_cast<size_t>(n);
    }
    return static_cast<ssize_t>(got);
}

}  // namespace

Result<std::shared_ptr<const std::vector<uint8_t>>> readFile(const std::string& path) {
    // O_NONBLOCK: opening a pipe that nobody writes must not wait; it is refused below.
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    if (file.fd < 0) return ioError(path, std::string("cannot be opened: ") + std::strerror(errno));
    struct stat status {};
    if (::fstat(file.fd, &status) != 0)
        return ioError(path, std::string("cannot be examined: ") + std::strerror(errno));
    if (!S_ISREG(status.st_mode))
        return ioError(path, "is " + std::string(kindOf(status.st_mode)) + ", not a file");
    const auto size = static_cast<uint64_t>(status.st_size);
    if (size > limits::kFileBytes) {
        Error error{
            ErrorCode::Limit,
            "file too large: " + std::to_string(size) + " bytes, limit " + std::to_string(limits::kFileBytes),
            {}};
        error.where.file = path;
        return error;
    }
    // One byte more than expected, so that growing is noticed. Copied, not mapped: a mapping of a file that shrinks kills the process.
    auto bytes = std::make_shared<std::vector<uint8_t>>(size + 1);
    const ssize_t got = readAll(file.fd, *bytes);
    if (got < 0) return ioError(path, std::string("cannot be read: ") + std::strerror(errno));
    if (static_cast<uint64_t>(got) != size)
        return ioError(path, "changed while it was being read; try again");
    bytes->resize(size);
    return std::shared_ptr<const std::vector<uint8_t>>(std::move(bytes));
}

}  // namespace engine
