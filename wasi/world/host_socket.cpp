#include "wasi/world/host_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>

#include "engine/base/printable.h"
#include "wasi/host_function.h"
#include "wasi/world/host_errno.h"

namespace wasi {

namespace {

constexpr int kBacklog = 128;

/// An address of any family, as the system calls take it.
union Address {
    sockaddr any;
    sockaddr_in four;
    sockaddr_in6 six;
    sockaddr_storage room;
};

int optionOf(int fd, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : 0;
}

std::string textOf(const Address& address) {
    char host[INET6_ADDRSTRLEN] = "";
    if (address.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address.four.sin_addr, host, sizeof host);
        return "tcp:" + std::string(host) + ":" + std::to_string(ntohs(address.four.sin_port));
    }
    if (address.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address.six.sin6_addr, host, sizeof host);
        return "tcp:[" + std::string(host) + "]:" + std::to_string(ntohs(address.six.sin6_port));
    }
    return "socket";
}

/// Size of the address; 0 if the text is none. Only what stands there literally: no names but localhost, no short or octal forms.
socklen_t parse(const Listener& listener, Address& address) {
    address = {};
    const std::string host = listener.address == "localhost" ? "127.0.0.1" : listener.address;
    if (inet_pton(AF_INET, host.c_str(), &address.four.sin_addr) == 1) {
        address.four.sin_family = AF_INET;
        address.four.sin_port = htons(listener.port);
        return sizeof address.four;
    }
    if (inet_pton(AF_INET6, host.c_str(), &address.six.sin6_addr) == 1) {
        address.six.sin6_family = AF_INET6;
        address.six.sin6_port = htons(listener.port);
        return sizeof address.six;
    }
    return 0;
}

}  // namespace

HostSocket::HostSocket(UniqueFd fd, std::string_view kind) : m_fd(std::move(fd)), m_kind(kind) {
    if (optionOf(m_fd.get(), SO_TYPE) == SOCK_DGRAM) m_type = Filetype::SocketDgram;
    m_listens = optionOf(m_fd.get(), SO_ACCEPTCONN) != 0;
}

OrErrno<Filestat> HostSocket::stat() {
    struct stat s {};
    if (fstat(m_fd.get(), &s) != 0) return lastErrno();
    Filestat stat = fromHost(s);
    stat.filetype = m_type;
    return stat;
}

OrErrno<uint64_t> HostSocket::read(std::span<const iovec> to, std::optional<uint64_t> offset) {
    if (offset) return Errno::Spipe;
    const auto received = receive(to, false);
    if (!received) return received.error();
    return (*received).bytes;
}

OrErrno<uint64_t> HostSocket::write(std::span<const iovec> from, std::optional<uint64_t> offset) {
    if (offset) return Errno::Spipe;
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(from.data());
    message.msg_iovlen = from.size();
    const ssize_t n = sendmsg(m_fd.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) return errno == EINTR ? Errno::Again : lastErrno();
    return static_cast<uint64_t>(n);
}

OrErrno<Socket::Received> HostSocket::receive(std::span<const iovec> to, bool peek) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(to.data());
    message.msg_iovlen = to.size();
    const ssize_t n = recvmsg(m_fd.get(), &message, MSG_DONTWAIT | (peek ? MSG_PEEK : 0));
    if (n < 0) return errno == EINTR ? Errno::Again : lastErrno();
    return Received{static_cast<uint64_t>(n), (message.msg_flags & MSG_TRUNC) != 0};
}

Errno HostSocket::setFlags(Fdflags flags) {
    // Whether a call waits is decided above; nothing else can be chosen.
    return (flags & ~Fdflags::Nonblock) == Fdflags::None ? Errno::Success : Errno::Inval;
}

uint64_t HostSocket::available() {
    int n = 0;
    return ioctl(m_fd.get(), FIONREAD, &n) == 0 && n > 0 ? static_cast<uint64_t>(n) : 0;
}

OrErrno<std::unique_ptr<Socket>> HostSocket::accept() {
    if (!m_listens) return Errno::Inval;
    // One that was inherited may block: who waits here could not be stopped.
    pollfd caller{m_fd.get(), POLLIN, 0};
    if (poll(&caller, 1, 0) <= 0) return Errno::Again;
    UniqueFd fd(accept4(m_fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) return errno == EINTR || errno == ECONNABORTED ? Errno::Again : lastErrno();
    return std::unique_ptr<Socket>(std::make_unique<HostSocket>(std::move(fd), "connection"));
}

Errno HostSocket::shutdown(bool receiving, bool sending) {
    const int how = receiving ? (sending ? SHUT_RDWR : SHUT_RD) : SHUT_WR;
    return ::shutdown(m_fd.get(), how) == 0 ? Errno::Success : lastErrno();
}

std::string HostSocket::address() const {
    Address address{};
    socklen_t size = sizeof address;
    const int result = m_listens ? getsockname(m_fd.get(), &address.any, &size)
                                 : getpeername(m_fd.get(), &address.any, &size);
    return result == 0 ? textOf(address) : "socket";
}

engine::Result<std::unique_ptr<Socket>> openListener(const Listener& listener) {
    using engine::Error, engine::ErrorCode;
    Address address{};
    const socklen_t size = parse(listener, address);
    if (size == 0)
        return Error{ErrorCode::BadArgument, "cannot listen on \"" + engine::printable(listener.address) +
                                                 "\": it is no address; write 127.0.0.1:8080, "
                                                 "[::1]:8080 or localhost:8080"};
    const auto refused = [&](int error) {
        const auto code = error == EACCES || error == EPERM ? ErrorCode::Denied : ErrorCode::Io;
        return Error{code, "cannot listen on " + textOf(address) + ": " +
                               std::string(errnoText(static_cast<uint16_t>(fromHost(error)))) +
                               (error == EADDRINUSE ? "; choose another port, or 0 for any" : "")};
    };
    UniqueFd fd(::socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return refused(errno);
    const int yes = 1;
    (void)setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    // What was granted is one family: [::] is not every IPv4 address too.
    if (address.any.sa_family == AF_INET6)
        (void)setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
    if (bind(fd.get(), &address.any, size) != 0 || listen(fd.get(), kBacklog) != 0) return refused(errno);
    return std::unique_ptr<Socket>(std::make_unique<HostSocket>(std::move(fd), "listener"));
}

}  // namespace wasi
