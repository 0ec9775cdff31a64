// World: what lies behind the WASI functions, as parts that can be exchanged: clock, random, files, stdio. Real ones and virtual ones
// have the same face, and every version of WASI is a front end over them. Owned by WasiHost; session thread only, but for SessionInput.
//
// Nothing here blocks: what cannot go on now is Errno::Again, and Readiness says what to wait for. Waiting is the front end's, through
// Waiter, so that pause and quit always work.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "wasi/capabilities.h"
#include "wasi/types.h"

namespace wasi {

class Clock {
public:
    virtual ~Clock() = default;
    /// Errno::Inval for a clock that does not exist.
    virtual OrErrno<uint64_t> now(Clockid id) = 0;
    virtual OrErrno<uint64_t> resolution(Clockid id) = 0;
    /// Host time that passes while `guestNs` pass for the guest; 0 if the clock need not be waited for: then skip() is called.
    virtual uint64_t hostNs(uint64_t guestNs) const { return guestNs; }
    /// Lets `guestNs` pass at once.
    virtual void skip(uint64_t) {}
};
std::unique_ptr<Clock> makeClock(const ClockGrant& grant);

class Random {
public:
    virtual ~Random() = default;
    virtual Errno fill(std::span<uint8_t> bytes) = 0;
};
std::unique_ptr<Random> makeRandom(const RandomGrant& grant);

/// How to learn that a file is ready: poll(2) this descriptor for POLLIN or POLLOUT; -1 = it always is.
struct Readiness {
    int hostFd = -1;
    bool isSocketLike = false;  // hang-up is to be told
};

/// Times for set_times; absent = leave it.
struct NewTimes {
    struct Now {};
    std::optional<std::variant<Now, uint64_t>> accessed, modified;
};

class Directory;
class Socket;

/// Bytes [begin, end) of a file.
struct DataRange {
    uint64_t begin = 0, end = 0;
};

/// An open file, stream or directory. The defaults refuse, as what the thing cannot do.
class File {
public:
    virtual ~File() = default;
    virtual Filetype type() const = 0;
    /// Of a character device: C libraries take one for a terminal if it lacks the rights to seek and to tell.
    virtual bool isTerminal() const { return true; }
    /// "file", "directory", "stdin" …
    virtual std::string_view kind() const = 0;
    virtual std::string hostPath() const { return {}; }
    virtual Directory* asDirectory() { return nullptr; }
    virtual Socket* asSocket() { return nullptr; }

    virtual OrErrno<Filestat> stat() = 0;
    /// At the file's own position, or at `offset`. 0 bytes = end of file. Again if nothing is there yet.
    virtual OrErrno<uint64_t> read(std::span<const iovec> to, std::optional<uint64_t> offset) = 0;
    virtual OrErrno<uint64_t> write(std::span<const iovec> from, std::optional<uint64_t> offset) = 0;
    virtual OrErrno<uint64_t> seek(int64_t, Whence) { return Errno::Spipe; }
    virtual Errno setSize(uint64_t) { return Errno::Inval; }
    virtual Errno setTimes(const NewTimes&) { return Errno::Inval; }
    virtual Errno setFlags(Fdflags) { return Errno::Success; }
    virtual Errno sync(bool /*dataOnly*/) { return Errno::Success; }
    virtual Errno advise(uint64_t, uint64_t, Advice) { return Errno::Spipe; }
    virtual Errno allocate(uint64_t, uint64_t) { return Errno::Nodev; }
    /// The next bytes at or behind `offset` that are not a hole, as far as known; of nothing but holes the file's size or more.
    virtual DataRange nextData(uint64_t offset) { return {offset, ~uint64_t{0}}; }
    virtual Readiness readiness() const { return {}; }
    /// Bytes that can be read now, as far as known.
    virtual uint64_t available() { return 0; }
};

/// How to open a path.
struct OpenHow {
    bool read = false, write = false;
    bool resize =
        false;  // to be changed in size: opened for writing too, but where that is refused only for reading
    bool create = false, exclusive = false, truncate = false, directory = false;
    bool follow = false;  // the last component, if it is a symbolic link
    Fdflags flags = Fdflags::None;
};

struct DirectoryEntry {
    std::string name;
    Inode inode;
    Filetype type = Filetype::Unknown;
};

/// A directory as a capability: no path leads out of it. Paths are UTF-8 without NUL; what is refused explains itself in `why`, and so does
/// what opens with something that the user should know.
class Directory : public File {
public:
    Directory* asDirectory() override { return this; }
    virtual OrErrno<std::unique_ptr<File>> open(const std::string& path, const OpenHow& how,
                                                std::string* why) = 0;
    virtual OrErrno<Filestat> statAt(const std::string& path, bool follow) = 0;
    virtual Errno setTimesAt(const std::string& path, bool follow, const NewTimes& times) = 0;
    virtual Errno createDirectory(const std::string& path) = 0;
    virtual Errno removeDirectory(const std::string& path) = 0;
    virtual Errno unlink(const std::string& path) = 0;
    virtual Errno symlink(const std::string& target, const std::string& path) = 0;
    virtual OrErrno<std::string> readLink(const std::string& path) = 0;
    /// Cross-device if `to` is of another kind than this.
    virtual Errno link(const std::string& path, bool follow, Directory& to, const std::string& newPath) = 0;
    virtual Errno rename(const std::string& path, Directory& to, const std::string& newPath) = 0;
    /// False: no symbolic link is crossed on that path. Asked before linksOn(), which is slower.
    virtual bool mayCrossLinks(const std::string& /*path*/, bool /*follow*/) { return true; }
    /// All entries, "." and ".." first. `leftOut` counts those whose names WASI cannot express (not UTF-8).
    virtual OrErrno<std::vector<DirectoryEntry>> entries(uint64_t& leftOut) = 0;

    OrErrno<uint64_t> read(std::span<const iovec>, std::optional<uint64_t>) override { return Errno::Isdir; }
    OrErrno<uint64_t> write(std::span<const iovec>, std::optional<uint64_t>) override { return Errno::Isdir; }
    OrErrno<uint64_t> seek(int64_t, Whence) override { return Errno::Isdir; }
    Errno setSize(uint64_t) override { return Errno::Isdir; }
    Errno advise(uint64_t, uint64_t, Advice) override { return Errno::Isdir; }
    Errno allocate(uint64_t, uint64_t) override { return Errno::Isdir; }
};

/// A connection, or a socket that listens. To read and write it as a file is to receive and send.
class Socket : public File {
public:
    Socket* asSocket() override { return this; }
    /// The next caller, named by kind(). Again if there is none; Inval if this does not listen.
    virtual OrErrno<std::unique_ptr<Socket>> accept() = 0;
    struct Received {
        uint64_t bytes = 0;
        bool isTruncated = false;  // a datagram that was longer than its room
    };
    /// `peek`: what was received can be received again.
    virtual OrErrno<Received> receive(std::span<const iovec> to, bool peek) = 0;
    virtual Errno shutdown(bool receiving, bool sending) = 0;
    /// "tcp:127.0.0.1:8080": of who called, or where it listens.
    virtual std::string address() const = 0;
};
/// Listens there. Errors: BadArgument, Denied, Io with the address and what to do.
engine::Result<std::unique_ptr<Socket>> openListener(const Listener& listener);

/// Opens a preopen's directory of the host, or an overlay's lower one. Errors: NotFound, Denied, Io.
engine::Result<std::unique_ptr<Directory>> openPreopen(const Preopen& preopen);

/// Input of a session: bytes that are pushed in, and an end. Any thread.
class SessionInput;
/// Takes what a guest writes to Session stdout or stderr.
using OutputSink = std::function<void(std::span<const uint8_t>)>;

enum class StdioStream : uint8_t { Input, Output, Error };
/// One of the three standard streams as granted. Errors: NotFound, Denied, Io.
engine::Result<std::unique_ptr<File>> openStdio(const StdioGrant& grant, StdioStream stream,
                                                std::shared_ptr<SessionInput> input, OutputSink sink);

}  // namespace wasi
