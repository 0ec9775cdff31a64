// Preview1: the 46 functions of wasi_snapshot_preview1 (interfaces/wasi-p1, wasi_snapshot_preview1.witx), over the World. A method's
// signature is the function's ABI (host_row.h), its name the standard's. One per host; session thread only.
#pragma once

#include <poll.h>

#include <functional>
#include <string>
#include <vector>

#include "wasi/host_state.h"

namespace wasi {

class Preview1 : public FrontEnd {
public:
    explicit Preview1(HostState& state) : FrontEnd(state.gate.context()), m_state(state) {}

    // process.cpp
    Errno args_get(Pointer<Pointer<uint8_t>> argv, Pointer<uint8_t> argv_buf);
    Errno args_sizes_get(Size& argc, Size& argv_buf_size);
    Errno environ_get(Pointer<Pointer<uint8_t>> environ, Pointer<uint8_t> environ_buf);
    Errno environ_sizes_get(Size& environc, Size& environ_buf_size);
    Errno clock_res_get(Clockid id, Timestamp& resolution);
    Errno clock_time_get(Clockid id, Timestamp precision, Timestamp& time);
    NoReturn proc_exit(Exitcode rval);
    Answer proc_raise(Signal sig);
    Errno sched_yield();
    Answer random_get(Pointer<uint8_t> buf, Size buf_len);

    // fd.cpp
    Errno fd_advise(Fd fd, Filesize offset, Filesize len, Advice advice);
    Errno fd_allocate(Fd fd, Filesize offset, Filesize len);
    Errno fd_close(Fd fd);
    Errno fd_datasync(Fd fd);
    Errno fd_fdstat_get(Fd fd, Fdstat& stat);
    Errno fd_fdstat_set_flags(Fd fd, Fdflags flags);
    Errno fd_fdstat_set_rights(Fd fd, Rights fs_rights_base, Rights fs_rights_inheriting);
    Errno fd_filestat_get(Fd fd, Filestat& stat);
    Errno fd_filestat_set_size(Fd fd, Filesize size);
    Errno fd_filestat_set_times(Fd fd, Timestamp atim, Timestamp mtim, Fstflags fst_flags);
    Errno fd_prestat_get(Fd fd, Prestat& prestat);
    Errno fd_prestat_dir_name(Fd fd, Pointer<uint8_t> path, Size path_len);
    Errno fd_renumber(Fd fd, Fd to);
    Errno fd_seek(Fd fd, Filedelta offset, Whence whence, Filesize& newoffset);
    Errno fd_sync(Fd fd);
    Errno fd_tell(Fd fd, Filesize& offset);

    // transfer.cpp
    FreshAnswer fd_pread(Fd fd, List<Iovec> iovs, Filesize offset, Size& nread);
    FreshAnswer fd_pwrite(Fd fd, List<Ciovec> iovs, Filesize offset, Size& nwritten);
    FreshAnswer fd_read(Fd fd, List<Iovec> iovs, Size& nread);
    FreshAnswer fd_write(Fd fd, List<Ciovec> iovs, Size& nwritten);
    Errno fd_readdir(Fd fd, Pointer<uint8_t> buf, Size buf_len, Dircookie cookie, Size& bufused);

    // path.cpp
    Errno path_create_directory(Fd fd, const std::string& path);
    Errno path_filestat_get(Fd fd, Lookupflags flags, const std::string& path, Filestat& stat);
    Errno path_filestat_set_times(Fd fd, Lookupflags flags, const std::string& path, Timestamp atim,
                                  Timestamp mtim, Fstflags fst_flags);
    Errno path_link(Fd old_fd, Lookupflags old_flags, const std::string& old_path, Fd new_fd,
                    const std::string& new_path);
    Errno path_open(Fd fd, Lookupflags dirflags, const std::string& path, Oflags oflags,
                    Rights fs_rights_base, Rights fs_rights_inheriting, Fdflags fdflags, Fd& opened_fd);
    Errno path_readlink(Fd fd, const std::string& path, Pointer<uint8_t> buf, Size buf_len, Size& bufused);
    Errno path_remove_directory(Fd fd, const std::string& path);
    Errno path_rename(Fd fd, const std::string& old_path, Fd new_fd, const std::string& new_path);
    Errno path_symlink(const std::string& old_path, Fd fd, const std::string& new_path);
    Errno path_unlink_file(Fd fd, const std::string& path);

    // poll.cpp
    Answer poll_oneoff(Pointer<Subscription> in, Pointer<Event> out, Size nsubscriptions, Size& nevents);

    // sockets.cpp
    Answer sock_accept(Fd fd, Fdflags flags, Fd& connection);
    Answer sock_recv(Fd fd, List<Iovec> ri_data, Riflags ri_flags, Size& ro_datalen, Roflags& ro_flags);
    Answer sock_send(Fd fd, List<Ciovec> si_data, Siflags si_flags, Size& so_datalen);
    Errno sock_shutdown(Fd fd, Sdflags how);

protected:
    template <class S>
    Errno readSubscriptions(Pointer<S> in, uint32_t out, Size count, std::vector<S>& all);
    Answer pollOneoff(std::vector<Subscription> subscriptions, uint32_t out, Size& nevents);
    static constexpr uint32_t kMaxSubscriptions = 65'536;

private:
    /// The descriptor, if it is open and has these rights. Rights that do not apply to such a file are not asked for: the operation
    /// itself then says what is wrong (ENOTDIR, ESPIPE …).
    OrErrno<Descriptor*> open(Fd fd, Rights needed);
    /// A path, and the directory that it starts from.
    struct Target {
        Descriptor* from = nullptr;
        Directory* directory = nullptr;
        std::string path;
        bool writes = false;               // the call changes something there
        bool follows = false;              // … or on what a link in the last place leads to
        Rights inheriting = Rights::None;  // what can be opened there may have of them
    };
    /// The descriptor is open, has these rights and is a directory. A path that starts at the root of what is not granted starts at the
    /// folder that was granted meanwhile and covers it.
    OrErrno<Target> target(Fd fd, Rights needed, const std::string& path);
    void findCover(Target& at) const;
    /// … and is a socket.
    OrErrno<Socket*> socket(Fd fd, Rights needed);
    /// Mfile, and says so, where the table has no room for another descriptor.
    Errno needRoom();
    Answer stopSelf(Signal signal);
    Errno lacks(const Descriptor& descriptor, Rights missing);
    /// The running call is about a second descriptor too.
    void nameSecond(const Descriptor& second);
    /// The running call is refused: notes why, and the single grant that would allow it, if there is one; passes the errno on. `subject`:
    /// what was wanted. `flag`: where it is not a grant but an option of the command line.
    Errno refuse(Errno error, std::string subject, std::string why, std::optional<Grant> grant = {},
                 std::string flag = {});
    /// A call on a path has ended so: notes that it was there, or why it was refused; passes the errno on.
    Errno explain(Errno error, const Target& at, std::string_view why = {});
    Errno explainInWords(Errno error, const Target& at, std::string_view why);
    Errno explainOutside(const Target& at, const std::string& full);
    void noteTouched(const Target& at, const std::string& full, bool isFolder);

    Errno putStrings(const std::vector<std::string>& strings, uint32_t table, uint32_t buffer);
    std::vector<std::string> environment() const;
    static OrErrno<NewTimes> newTimes(Timestamp atim, Timestamp mtim, Fstflags flags);

    /// False: interrupted.
    bool wait(std::span<pollfd> what, std::optional<uint64_t> timeoutNs, const std::string& text);
    bool waitFor(const Descriptor& descriptor, short events);

    /// Fills m_buffers.
    template <class Buffer>
    Errno gather(List<Buffer> list);
    Errno limitOutput();
    /// Journals that the first `bytes` bytes of m_buffers were filled.
    void wroteBuffers(uint64_t bytes);
    void keepListing(Descriptor& of, std::vector<DirectoryEntry> entries);
    using Step = std::function<OrErrno<uint64_t>(std::span<const iovec>, uint64_t done)>;
    Answer transfer(Descriptor& descriptor, bool isRead, const Step& step, Size& moved);
    Answer readInto(Fd fd, List<Iovec> iovs, std::optional<uint64_t> offset, Size& nread);
    Answer writeFrom(Fd fd, List<Ciovec> iovs, std::optional<uint64_t> offset, Size& nwritten);

    HostState& m_state;
    std::vector<iovec> m_buffers;  // of the call, kept for the next
    uint64_t m_bufferBytes = 0;
};

/// wasi_unstable: the same but for a few layouts.
class Unstable : public Preview1 {
public:
    using Preview1::Preview1;
    Errno fd_seek(Fd fd, Filedelta offset, unstable::Whence whence, Filesize& newoffset);
    Errno fd_filestat_get(Fd fd, unstable::Filestat& stat);
    Errno path_filestat_get(Fd fd, Lookupflags flags, const std::string& path, unstable::Filestat& stat);
    Answer poll_oneoff(Pointer<unstable::Subscription> in, Pointer<Event> out, Size nsubscriptions,
                       Size& nevents);
};

}  // namespace wasi
