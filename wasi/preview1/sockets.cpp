// Sockets of WASI 0.1: nothing can be a socket but an inherited stdio stream, and network grants do not exist yet.

#include "wasi/preview1/preview1.h"
#include "wasi/preview1/rights.h"

namespace wasi {

namespace {

Errno answer(const Descriptor& descriptor, std::string& detail) {
    const Filetype type = descriptor.file->type();
    if (type != Filetype::SocketStream && type != Filetype::SocketDgram) return Errno::Notsock;
    detail = "not implemented: sockets";
    return Errno::Nosys;
}

}  // namespace

Errno Preview1::sock_accept(Fd fd, Fdflags, Fd&) {
    const auto d = open(fd, Rights::SockAccept);
    return d ? answer(**d, m_call.detail) : d.error();
}

Errno Preview1::sock_recv(Fd fd, List<Iovec>, Riflags, Size&, Roflags&) {
    const auto d = open(fd, Rights::FdRead);
    return d ? answer(**d, m_call.detail) : d.error();
}

Errno Preview1::sock_send(Fd fd, List<Ciovec>, Siflags si_flags, Size&) {
    const auto d = open(fd, Rights::FdWrite);
    if (!d) return d.error();
    if (si_flags != 0) return Errno::Inval;  // none are defined
    return answer(**d, m_call.detail);
}

Errno Preview1::sock_shutdown(Fd fd, Sdflags) {
    const auto d = open(fd, Rights::SockShutdown);
    return d ? answer(**d, m_call.detail) : d.error();
}

}  // namespace wasi
