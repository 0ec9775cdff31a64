// HostSocket: a socket of the host: one that listens for the guest, a connection, or one that was inherited as a standard stream. Asked
// with MSG_DONTWAIT, so that the flags of a description that others share are left alone.
#pragma once

#include "wasi/world.h"
#include "wasi/world/unique_fd.h"

namespace wasi {

class HostSocket : public Socket {
public:
    HostSocket(UniqueFd fd, std::string_view kind);
    Filetype type() const override { return m_type; }
    std::string_view kind() const override { return m_kind; }
    OrErrno<Filestat> stat() override;
    OrErrno<uint64_t> read(std::span<const iovec> to, std::optional<uint64_t> offset) override;
    OrErrno<uint64_t> write(std::span<const iovec> from, std::optional<uint64_t> offset) override;
    Errno setFlags(Fdflags flags) override;
    Errno sync(bool) override { return Errno::Inval; }
    Readiness readiness() const override { return {m_fd.get(), true}; }
    uint64_t available() override;
    OrErrno<std::unique_ptr<Socket>> accept() override;
    OrErrno<Received> receive(std::span<const iovec> to, bool peek) override;
    Errno shutdown(bool receiving, bool sending) override;
    std::string address() const override;

private:
    UniqueFd m_fd;
    std::string_view m_kind;
    Filetype m_type = Filetype::SocketStream;
    bool m_listens = false;
};

}  // namespace wasi
