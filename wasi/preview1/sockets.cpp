// Sockets of WASI 0.1: what can be done on one that was granted. There is none that the guest could make.

#include "wasi/preview1/buffers.h"
#include "wasi/preview1/preview1.h"
#include "wasi/preview1/rights.h"

namespace wasi {

OrErrno<Socket*> Preview1::socket(Fd fd, Rights needed) {
    const auto d = open(fd, needed);
    if (!d) return d.error();
    Socket* const found = (*d)->file->asSocket();
    return found ? OrErrno<Socket*>(found) : Errno::Notsock;
}

Answer Preview1::sock_accept(Fd fd, Fdflags flags, Fd& connection) {
    const auto listening = socket(fd, Rights::SockAccept);
    const Descriptor* const named = m_state.files.find(fd);
    const bool wasGranted = named && named->isRevoked;  // which is said already
    if (!listening && !wasGranted && m_state.capabilities.listeners.empty())
        return refuse(listening.error(), "listener", "no socket that listens is granted", {},
                      "--listen ADDRESS:PORT");
    if (!listening) return listening.error();
    if ((flags & ~Fdflags::Nonblock) != Fdflags::None) {
        m_call.detail = "of a connection only nonblock can be chosen";
        return Errno::Inval;
    }
    if (const Errno e = needRoom(); e != Errno::Success) return e;
    const Descriptor& listener = *m_state.files.find(fd);
    auto caller = (*listening)->accept();
    while (!caller && caller.error() == Errno::Again && !has(listener.flags, Fdflags::Nonblock)) {
        if (!waitFor(listener, POLLIN)) return Answer::interrupted();
        caller = (*listening)->accept();
    }
    if (!caller) return caller.error();

    Descriptor accepted;
    accepted.base = listener.inheriting;
    accepted.flags = flags;
    accepted.guestPath = (*caller)->address();
    accepted.openedBySequence = m_call.sequence;
    accepted.grant = listener.grant;
    if (m_call.logging()) {
        accepted.subject = m_state.log.intern(accepted.guestPath);
        m_call.detail = "from " + accepted.guestPath;
    }
    accepted.file = std::move(*caller);
    connection = m_state.files.insert(std::move(accepted));
    return Errno::Success;
}

Answer Preview1::sock_recv(Fd fd, List<Iovec> ri_data, Riflags ri_flags, Size& ro_datalen,
                           Roflags& ro_flags) {
    const auto from = socket(fd, Rights::FdRead);
    if (!from) return from.error();
    if (const Errno e = gather(ri_data); e != Errno::Success) return e;
    Descriptor& d = *m_state.files.find(fd);
    const bool peek = has(ri_flags, Riflags::RecvPeek);
    // What was looked at stays, so that waiting for more of it would not come to an end.
    const bool wantsAll =
        has(ri_flags, Riflags::RecvWaitall) && !peek && d.file->type() == Filetype::SocketStream;
    uint64_t& done = m_call.wait.progress;  // in the guest's memory already, if the call was interrupted
    Cursor cursor(m_buffers);
    cursor.advance(done);
    while (!cursor.done()) {
        uint64_t wanted = 0;
        const auto received = (*from)->receive(cursor.slice(wanted), peek);
        if (!received && received.error() == Errno::Again && !has(d.flags, Fdflags::Nonblock)) {
            if (!waitFor(d, POLLIN)) return Answer::interrupted();
            continue;
        }
        if (!received && done == 0) return received.error();
        if (!received) break;
        done += (*received).bytes;
        cursor.advance((*received).bytes);
        if ((*received).isTruncated) ro_flags = Roflags::RecvDataTruncated;
        if (!wantsAll || (*received).bytes == 0) break;
        if (!cursor.done() && m_call.yieldRequested()) return Answer::interrupted();
    }
    ro_datalen = static_cast<uint32_t>(done);
    if (!peek) {
        d.bytesRead += done;
        m_call.use.bytesRead += done;
    }
    if (m_call.logging()) wroteBuffers(done);
    return Errno::Success;
}

Answer Preview1::sock_send(Fd fd, List<Ciovec> si_data, Siflags si_flags, Size& so_datalen) {
    const auto to = socket(fd, Rights::FdWrite);
    if (!to) return to.error();
    if (si_flags != 0) return Errno::Inval;  // none are defined
    return writeFrom(fd, si_data, std::nullopt, so_datalen);
}

Errno Preview1::sock_shutdown(Fd fd, Sdflags how) {
    const auto which = socket(fd, Rights::SockShutdown);
    if (!which) return which.error();
    if (how == Sdflags::None) return Errno::Inval;
    return (*which)->shutdown(has(how, Sdflags::Rd), has(how, Sdflags::Wr));
}

}  // namespace wasi
