#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "wasi/host_function.h"
#include "wasi/world.h"
#include "wasi/world/host_errno.h"
#include "wasi/world/host_files.h"
#include "wasi/world/host_socket.h"
#include "wasi/world/session_input.h"

namespace wasi {

SessionInput::SessionInput() : m_event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { CHECK(m_event); }

void SessionInput::signal() {
    if (std::exchange(m_signalled, true)) return;
    const uint64_t one = 1;
    (void)!::write(m_event.get(), &one, sizeof one);
}

void SessionInput::push(std::span<const uint8_t> bytes) {
    const std::lock_guard lock(m_mutex);
    if (m_closed || bytes.empty()) return;
    m_bytes.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    signal();
}

void SessionInput::close() {
    const std::lock_guard lock(m_mutex);
    m_closed = true;
    signal();
}

size_t SessionInput::size() const {
    const std::lock_guard lock(m_mutex);
    return m_bytes.size() - m_taken;
}

size_t SessionInput::take(std::span<uint8_t> room, bool& atEnd) {
    const std::lock_guard lock(m_mutex);
    const size_t n = std::min(room.size(), m_bytes.size() - m_taken);
    if (n) std::memcpy(room.data(), m_bytes.data() + m_taken, n);
    m_taken += n;
    if (m_taken == m_bytes.size()) {
        m_bytes.clear();
        m_taken = 0;
        if (m_signalled && !m_closed) {
            uint64_t count = 0;
            (void)!::read(m_event.get(), &count, sizeof count);
            m_signalled = false;
        }
    }
    atEnd = n == 0 && m_closed;
    return n;
}

namespace {

std::string_view nameOf(StdioStream stream) {
    return stream == StdioStream::Input ? "stdin" : stream == StdioStream::Output ? "stdout" : "stderr";
}

/// What a stream that is no file of the host says of itself: a terminal, so that programs write line by line.
Filestat terminalStat() {
    Filestat s;
    s.filetype = Filetype::CharacterDevice;
    s.nlink = 1;
    return s;
}

class SessionInputFile : public File {
public:
    explicit SessionInputFile(std::shared_ptr<SessionInput> input) : m_input(std::move(input)) {}
    Filetype type() const override { return Filetype::CharacterDevice; }
    std::string_view kind() const override { return "stdin"; }
    OrErrno<Filestat> stat() override { return terminalStat(); }
    OrErrno<uint64_t> read(std::span<const iovec> to, std::optional<uint64_t> offset) override {
        if (offset) return Errno::Spipe;
        uint64_t total = 0;
        for (const auto& part : to) {
            if (part.iov_len == 0) continue;
            bool atEnd = false;
            const size_t n = m_input->take({static_cast<uint8_t*>(part.iov_base), part.iov_len}, atEnd);
            total += n;
            if (n < part.iov_len) return total || atEnd ? OrErrno<uint64_t>(total) : Errno::Again;
        }
        return total;
    }
    OrErrno<uint64_t> write(std::span<const iovec>, std::optional<uint64_t>) override { return Errno::Badf; }
    Readiness readiness() const override { return {m_input->hostFd(), false}; }
    uint64_t available() override { return m_input->size(); }

private:
    std::shared_ptr<SessionInput> m_input;
};

class SessionOutputFile : public File {
public:
    SessionOutputFile(OutputSink sink, StdioStream stream) : m_sink(std::move(sink)), m_stream(stream) {}
    Filetype type() const override { return Filetype::CharacterDevice; }
    std::string_view kind() const override { return nameOf(m_stream); }
    OrErrno<Filestat> stat() override { return terminalStat(); }
    OrErrno<uint64_t> read(std::span<const iovec>, std::optional<uint64_t>) override { return Errno::Badf; }
    OrErrno<uint64_t> write(std::span<const iovec> from, std::optional<uint64_t> offset) override {
        if (offset) return Errno::Spipe;
        uint64_t total = 0;
        for (const auto& part : from) {
            m_sink({static_cast<const uint8_t*>(part.iov_base), part.iov_len});
            total += part.iov_len;
        }
        return total;
    }

private:
    OutputSink m_sink;
    StdioStream m_stream;
};

class NullFile : public File {
public:
    explicit NullFile(StdioStream stream) : m_stream(stream) {}
    Filetype type() const override { return Filetype::CharacterDevice; }
    bool isTerminal() const override { return false; }
    std::string_view kind() const override { return nameOf(m_stream); }
    OrErrno<Filestat> stat() override { return terminalStat(); }
    OrErrno<uint64_t> read(std::span<const iovec>, std::optional<uint64_t>) override { return uint64_t{0}; }
    OrErrno<uint64_t> write(std::span<const iovec> from, std::optional<uint64_t>) override {
        uint64_t total = 0;
        for (const auto& part : from)
            total += part.iov_len;
        return total;
    }
    OrErrno<uint64_t> seek(int64_t, Whence) override { return uint64_t{0}; }

private:
    StdioStream m_stream;
};

/// A terminal, pipe or device of the host. Its description is shared with others (a shell, a pipeline), so its flags are left
/// alone: whether a call would block is asked of poll(2) first, and a pipe gets no more at once than it takes without blocking.
class HostStream : public File {
public:
    HostStream(UniqueFd fd, mode_t mode, StdioStream stream)
        : m_fd(std::move(fd)),
          m_mode(mode),
          m_stream(stream),
          m_mayBlock(!S_ISCHR(mode) || isatty(m_fd.get())) {}
    Filetype type() const override { return fromMode(m_mode); }
    bool isTerminal() const override { return m_mayBlock; }
    std::string_view kind() const override { return nameOf(m_stream); }
    OrErrno<Filestat> stat() override {
        struct stat s {};
        if (fstat(m_fd.get(), &s) != 0) return lastErrno();
        return fromHost(s);
    }
    OrErrno<uint64_t> read(std::span<const iovec> to, std::optional<uint64_t> offset) override {
        if (offset && m_mayBlock) return Errno::Spipe;
        if (!isReady(POLLIN)) return Errno::Again;
        const ssize_t n = readv(m_fd.get(), to.data(), static_cast<int>(to.size()));
        if (n < 0) return errno == EINTR ? Errno::Again : lastErrno();
        return static_cast<uint64_t>(n);
    }
    OrErrno<uint64_t> write(std::span<const iovec> from, std::optional<uint64_t> offset) override {
        if (offset && m_mayBlock) return Errno::Spipe;
        uint64_t total = 0;
        for (const auto& part : from) {
            const auto* bytes = static_cast<const uint8_t*>(part.iov_base);
            for (size_t at = 0; at < part.iov_len;) {
                const size_t most = m_mayBlock ? kAtOnce : size_t{16} << 20;
                const auto n = writeSome(bytes + at, std::min(part.iov_len - at, most));
                if (!n) return total ? OrErrno<uint64_t>(total) : n.error();
                at += *n;
                total += *n;
            }
        }
        return total;
    }
    OrErrno<uint64_t> seek(int64_t offset, Whence whence) override {
        return m_mayBlock ? Errno::Spipe : hostSeek(m_fd.get(), offset, whence);
    }
    Readiness readiness() const override { return {m_fd.get(), true}; }
    uint64_t available() override {
        int n = 0;
        return ioctl(m_fd.get(), FIONREAD, &n) == 0 && n > 0 ? static_cast<uint64_t>(n) : 0;
    }

private:
    /// A pipe that polls as writable takes this much (PIPE_BUF).
    static constexpr size_t kAtOnce = 4096;

    bool isReady(short events) const {
        pollfd p{m_fd.get(), events, 0};
        return !m_mayBlock || poll(&p, 1, 0) > 0;
    }
    OrErrno<uint64_t> writeSome(const uint8_t* bytes, size_t length) const {
        if (!isReady(POLLOUT)) return Errno::Again;
        const ssize_t n = ::write(m_fd.get(), bytes, length);
        if (n < 0) return errno == EINTR ? Errno::Again : lastErrno();
        return static_cast<uint64_t>(n);
    }

    UniqueFd m_fd;
    mode_t m_mode;
    StdioStream m_stream;
    bool
        m_mayBlock;  // it is a terminal or pipe; devices like /dev/null have no end that one could wait for, or be at
};

engine::Result<std::unique_ptr<File>> fromDescriptor(UniqueFd fd, StdioStream stream, std::string path) {
    struct stat s {};
    // What our own process was started without, the guest does not have either: end of file, output thrown away.
    if (!fd || fstat(fd.get(), &s) != 0) return std::unique_ptr<File>(std::make_unique<NullFile>(stream));
    if (S_ISREG(s.st_mode))
        return std::unique_ptr<File>(
            std::make_unique<HostFile>(std::move(fd), std::move(path), false, nameOf(stream)));
    if (S_ISSOCK(s.st_mode))
        return std::unique_ptr<File>(std::make_unique<HostSocket>(std::move(fd), nameOf(stream)));
    return std::unique_ptr<File>(std::make_unique<HostStream>(std::move(fd), s.st_mode, stream));
}

engine::Result<std::unique_ptr<File>> openFileFor(const std::string& path, StdioStream stream) {
    const bool isInput = stream == StdioStream::Input;
    UniqueFd fd(::open(
        path.c_str(), (isInput ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
        0666));
    if (!fd) {
        const auto code = errno == ENOENT   ? engine::ErrorCode::NotFound
                          : errno == EACCES ? engine::ErrorCode::Denied
                                            : engine::ErrorCode::Io;
        return engine::Error{code, std::string("cannot open ") + path + " for " +
                                       std::string(nameOf(stream)) + ": " +
                                       std::string(errnoText(static_cast<uint16_t>(lastErrno())))};
    }
    struct stat status {};
    if (fstat(fd.get(), &status) == 0 && S_ISDIR(status.st_mode))
        return engine::Error{engine::ErrorCode::BadArgument,
                             path + " is a folder: " + std::string(nameOf(stream)) + " needs a file"};
    return fromDescriptor(std::move(fd), stream, path);
}

}  // namespace

engine::Result<std::unique_ptr<File>> openStdio(const StdioGrant& grant, StdioStream stream,
                                                std::shared_ptr<SessionInput> input, OutputSink sink) {
    switch (grant.kind) {
    case StdioKind::Inherit:
        return fromDescriptor(UniqueFd(fcntl(static_cast<int>(stream), F_DUPFD_CLOEXEC, 3)), stream, {});
    case StdioKind::File: return openFileFor(grant.path, stream);
    case StdioKind::Session:
        if (stream == StdioStream::Input)
            return std::unique_ptr<File>(std::make_unique<SessionInputFile>(std::move(input)));
        return std::unique_ptr<File>(std::make_unique<SessionOutputFile>(std::move(sink), stream));
    case StdioKind::Text:
        if (stream != StdioStream::Input) break;
        input = std::make_shared<SessionInput>();
        input->push({reinterpret_cast<const uint8_t*>(grant.text.data()), grant.text.size()});
        input->close();
        return std::unique_ptr<File>(std::make_unique<SessionInputFile>(std::move(input)));
    case StdioKind::Null: break;
    }
    return std::unique_ptr<File>(std::make_unique<NullFile>(stream));
}

}  // namespace wasi
