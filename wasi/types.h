// The types of WASI 0.1 (interfaces/wasi-p1, typenames.witx), as C++ values. Plain; the World and every front end speak them.
// How each stands in slots and in linear memory, and how it reads, is its Abi (abi.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace wasi {

/// A number with a meaning. Converts from and to its representation, but not to another Scalar.
template <class Tag, class Rep>
struct Scalar {
    using Representation = Rep;
    Rep value{};
    constexpr Scalar() = default;
    constexpr Scalar(Rep v) : value(v) {}
    constexpr operator Rep() const { return value; }
};
using Fd = Scalar<struct FdTag, uint32_t>;
using Size = Scalar<struct SizeTag, uint32_t>;
using Filesize = Scalar<struct FilesizeTag, uint64_t>;
using Filedelta = Scalar<struct FiledeltaTag, int64_t>;
using Timestamp = Scalar<struct TimestampTag, uint64_t>;
using Dircookie = Scalar<struct DircookieTag, uint64_t>;
using Dirnamlen = Scalar<struct DirnamlenTag, uint32_t>;
using Inode = Scalar<struct InodeTag, uint64_t>;
using Device = Scalar<struct DeviceTag, uint64_t>;
using Linkcount = Scalar<struct LinkcountTag, uint64_t>;
using Userdata = Scalar<struct UserdataTag, uint64_t>;
using Exitcode = Scalar<struct ExitcodeTag, uint32_t>;
using Siflags = Scalar<struct SiflagsTag, uint16_t>;

// Enumerations; the names that the standard gives their cases stand in abi.h.
enum class Errno : uint16_t {
    Success,
    TooBig,
    Acces,
    Addrinuse,
    Addrnotavail,
    Afnosupport,
    Again,
    Already,
    Badf,
    Badmsg,
    Busy,
    Canceled,
    Child,
    Connaborted,
    Connrefused,
    Connreset,
    Deadlk,
    Destaddrreq,
    Dom,
    Dquot,
    Exist,
    Fault,
    Fbig,
    Hostunreach,
    Idrm,
    Ilseq,
    Inprogress,
    Intr,
    Inval,
    Io,
    Isconn,
    Isdir,
    Loop,
    Mfile,
    Mlink,
    Msgsize,
    Multihop,
    Nametoolong,
    Netdown,
    Netreset,
    Netunreach,
    Nfile,
    Nobufs,
    Nodev,
    Noent,
    Noexec,
    Nolck,
    Nolink,
    Nomem,
    Nomsg,
    Noprotoopt,
    Nospc,
    Nosys,
    Notconn,
    Notdir,
    Notempty,
    Notrecoverable,
    Notsock,
    Notsup,
    Notty,
    Nxio,
    Overflow,
    Ownerdead,
    Perm,
    Pipe,
    Proto,
    Protonosupport,
    Prototype,
    Range,
    Rofs,
    Spipe,
    Srch,
    Stale,
    Timedout,
    Txtbsy,
    Xdev,
    Notcapable,
};
enum class Clockid : uint32_t { Realtime, Monotonic, ProcessCputime, ThreadCputime };
enum class Whence : uint8_t { Set, Cur, End };
enum class Filetype : uint8_t {
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    RegularFile,
    SocketDgram,
    SocketStream,
    SymbolicLink
};
enum class Advice : uint8_t { Normal, Sequential, Random, Willneed, Dontneed, Noreuse };
enum class Eventtype : uint8_t { Clock, FdRead, FdWrite };
enum class Preopentype : uint8_t { Dir };
enum class Signal : uint8_t {
    None,
    Hup,
    Int,
    Quit,
    Ill,
    Trap,
    Abrt,
    Bus,
    Fpe,
    Kill,
    Usr1,
    Segv,
    Usr2,
    Pipe,
    Alrm,
    Term,
    Chld,
    Cont,
    Stop,
    Tstp,
    Ttin,
    Ttou,
    Urg,
    Xcpu,
    Xfsz,
    Vtalrm,
    Prof,
    Winch,
    Poll,
    Pwr,
    Sys,
};

// Flags.
enum class Rights : uint64_t {
    None = 0,
    FdDatasync = 1ull << 0,
    FdRead = 1ull << 1,
    FdSeek = 1ull << 2,
    FdFdstatSetFlags = 1ull << 3,
    FdSync = 1ull << 4,
    FdTell = 1ull << 5,
    FdWrite = 1ull << 6,
    FdAdvise = 1ull << 7,
    FdAllocate = 1ull << 8,
    PathCreateDirectory = 1ull << 9,
    PathCreateFile = 1ull << 10,
    PathLinkSource = 1ull << 11,
    PathLinkTarget = 1ull << 12,
    PathOpen = 1ull << 13,
    FdReaddir = 1ull << 14,
    PathReadlink = 1ull << 15,
    PathRenameSource = 1ull << 16,
    PathRenameTarget = 1ull << 17,
    PathFilestatGet = 1ull << 18,
    PathFilestatSetSize = 1ull << 19,
    PathFilestatSetTimes = 1ull << 20,
    FdFilestatGet = 1ull << 21,
    FdFilestatSetSize = 1ull << 22,
    FdFilestatSetTimes = 1ull << 23,
    PathSymlink = 1ull << 24,
    PathRemoveDirectory = 1ull << 25,
    PathUnlinkFile = 1ull << 26,
    PollFdReadwrite = 1ull << 27,
    SockShutdown = 1ull << 28,
    SockAccept = 1ull << 29,
};
enum class Fdflags : uint16_t { None = 0, Append = 1, Dsync = 2, Nonblock = 4, Rsync = 8, Sync = 16 };
enum class Fstflags : uint16_t { None = 0, Atim = 1, AtimNow = 2, Mtim = 4, MtimNow = 8 };
enum class Lookupflags : uint32_t { None = 0, SymlinkFollow = 1 };
enum class Oflags : uint16_t { None = 0, Creat = 1, Directory = 2, Excl = 4, Trunc = 8 };
enum class Eventrwflags : uint16_t { None = 0, FdReadwriteHangup = 1 };
enum class Subclockflags : uint16_t { None = 0, SubscriptionClockAbstime = 1 };
enum class Riflags : uint16_t { None = 0, RecvPeek = 1, RecvWaitall = 2 };
enum class Roflags : uint16_t { None = 0, RecvDataTruncated = 1 };
enum class Sdflags : uint8_t { None = 0, Rd = 1, Wr = 2 };

template <class T>
concept FlagSet = std::is_enum_v<T> && requires {
    T::None;
} && !std::is_same_v<T, Signal>;
template <FlagSet T>
constexpr T operator|(T a, T b) {
    using U = std::underlying_type_t<T>;
    return static_cast<T>(static_cast<U>(a) | static_cast<U>(b));
}
template <FlagSet T>
constexpr T operator&(T a, T b) {
    using U = std::underlying_type_t<T>;
    return static_cast<T>(static_cast<U>(a) & static_cast<U>(b));
}
template <FlagSet T>
constexpr T operator~(T a) {
    using U = std::underlying_type_t<T>;
    return static_cast<T>(static_cast<U>(~static_cast<U>(a)));
}
/// Does `set` contain all of `wanted`? For nothing wanted: yes.
template <FlagSet T>
constexpr bool has(T set, T wanted) {
    return (set & wanted) == wanted;
}
/// … any of `wanted`?
template <FlagSet T>
constexpr bool hasAny(T set, T wanted) {
    return (set & wanted) != T::None;
}

// Records and unions, with the standard's field names.
struct Iovec {
    uint32_t buf = 0;
    Size buf_len;
};
struct Ciovec {
    uint32_t buf = 0;
    Size buf_len;
};
struct Dirent {
    Dircookie d_next;
    Inode d_ino;
    Dirnamlen d_namlen;
    Filetype d_type = Filetype::Unknown;
};
struct Fdstat {
    Filetype fs_filetype = Filetype::Unknown;
    Fdflags fs_flags = Fdflags::None;
    Rights fs_rights_base = Rights::None;
    Rights fs_rights_inheriting = Rights::None;
};
struct Filestat {
    Device dev;
    Inode ino;
    Filetype filetype = Filetype::Unknown;
    Linkcount nlink;
    Filesize size;
    Timestamp atim, mtim, ctim;
};
struct EventFdReadwrite {
    Filesize nbytes;
    Eventrwflags flags = Eventrwflags::None;
};
struct Event {
    Userdata userdata;
    Errno error = Errno::Success;
    Eventtype type = Eventtype::Clock;
    EventFdReadwrite fd_readwrite;
};
struct SubscriptionClock {
    Clockid id = Clockid::Realtime;
    Timestamp timeout, precision;
    Subclockflags flags = Subclockflags::None;
};
struct SubscriptionFdReadwrite {
    Fd file_descriptor;
};
struct SubscriptionU {
    using Tag = Eventtype;
    std::variant<SubscriptionClock, SubscriptionFdReadwrite, SubscriptionFdReadwrite> content;
};
struct Subscription {
    Userdata userdata;
    SubscriptionU u;
};
struct PrestatDir {
    Size pr_name_len;
};
struct Prestat {
    using Tag = Preopentype;
    std::variant<PrestatDir> content;
};

// Shapes of parameters.
/// A list in linear memory, by address and number of elements; read by GuestMemory::list().
template <class T>
struct List {
    uint32_t address = 0;
    uint32_t count = 0;
};
/// The address of one or more T in linear memory; another parameter says how many, or the standard does.
template <class T>
struct Pointer {
    using Pointee = T;
    uint32_t address = 0;
};

/// WASI 0.0 (`wasi_unstable`), where it differs.
namespace unstable {
enum class Whence : uint8_t { Cur, End, Set };
struct Filestat {
    Device dev;
    Inode ino;
    Filetype filetype = Filetype::Unknown;
    Scalar<struct LinkcountTag, uint32_t> nlink;
    Filesize size;
    Timestamp atim, mtim, ctim;
};
struct SubscriptionClock {
    Userdata identifier;
    Clockid id = Clockid::Realtime;
    Timestamp timeout, precision;
    Subclockflags flags = Subclockflags::None;
};
struct SubscriptionU {
    using Tag = Eventtype;
    std::variant<SubscriptionClock, SubscriptionFdReadwrite, SubscriptionFdReadwrite> content;
};
struct Subscription {
    Userdata userdata;
    SubscriptionU u;
};
}  // namespace unstable

/// A value, or the errno that says why there is none. Numbers come back in registers.
template <class T>
class [[nodiscard]] OrErrno {
    static constexpr bool kIsPlain = std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T>;

public:
    OrErrno(T value) : m_value(std::move(value)) {}
    OrErrno(Errno error) : m_error(error), m_has(false) {}
    explicit operator bool() const { return m_has; }
    T& operator*() { return get(*this); }
    const T& operator*() const { return get(*this); }
    T* operator->() { return &get(*this); }
    /// Success if there is a value.
    Errno error() const { return m_error; }

private:
    template <class Self>
    static auto& get(Self& self) {
        if constexpr (kIsPlain)
            return self.m_value;
        else
            return *self.m_value;
    }
    std::conditional_t<kIsPlain, T, std::optional<T>> m_value{};
    Errno m_error = Errno::Success;
    bool m_has = true;
};

}  // namespace wasi
