// Abi<T>: everything there is to know about a WASI type, once: its name in the standard, its slots as a parameter, its layout in linear
// memory (size, alignment, load, store), and how a value reads (show). Functions, log, mocks and help derive from it.
//
//   parameter   kCore, kSlots, lift(memory, slots, value) -> Errno (EINVAL: no such value, EFAULT: out of bounds)
//   in memory   size(), align(), load(bytes, value) -> false if the bytes are no such value, store(bytes, value)
//   for people  kName, write(text, context, value), which appends it to a text, and show(context, value), which takes it apart; where it
//               is more than the lifted value, writeSlots(text, context, slots) and showSlots(context, slots) instead
#pragma once

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

#include "wasi/guest_memory.h"
#include "wasi/host_function.h"
#include "wasi/types.h"

namespace wasi {

static_assert(std::endian::native == std::endian::little, "linear memory is little-endian");

template <class T>
struct Abi;

/// What show() may look at: the record, and how many bytes of a buffer to quote.
struct ShowContext {
    const SyscallRecord& record;
    size_t payloadBytes = 64;
    bool namesRights =
        true;  // write() tells rights by name, which are names of calls; else it leaves those out
    /// The recorded access that holds [address, address + length), cut to what was kept; the latest for `writes`, the first for reads.
    struct Found {
        std::span<const uint8_t> bytes;
        uint64_t length = 0;  // true length of the access from that address on
    };
    std::optional<Found> bytesAt(uint32_t address, uint64_t length, bool writes) const;
    std::optional<Found> anyBytesAt(uint32_t address, uint64_t length) const;
};

/// `"text"` with C escapes, at most `limit` bytes of it, then "…" if more of `length` follow.
std::string quote(std::span<const uint8_t> bytes, uint64_t length, size_t limit);
void appendQuoted(std::string& to, std::span<const uint8_t> bytes, uint64_t length, size_t limit);
std::string hexAddress(uint32_t address);
std::string decimal(uint64_t value);

namespace abi {

constexpr size_t roundUp(size_t at, size_t align) { return (at + align - 1) / align * align; }

template <class Integer>
void appendNumber(std::string& to, Integer value) {
    char digits[20];
    to.append(digits, std::to_chars(digits, std::end(digits), value).ptr);
}

/// A value that is all text.
template <class T>
ShownValue showText(const ShowContext& context, const T& value) {
    ShownValue shown{{}, std::string(Abi<T>::kName), {}, {}};
    Abi<T>::write(shown.text, context, value);
    return shown;
}

/// Slots and bytes of a number of type Rep.
template <class T, class Rep>
struct Number {
    static constexpr engine::ValKind kCore = sizeof(Rep) == 8 ? engine::ValKind::I64 : engine::ValKind::I32;
    static constexpr size_t kSlots = 1;
    static constexpr size_t size() { return sizeof(Rep); }
    static constexpr size_t align() { return sizeof(Rep); }
    static bool load(const uint8_t* from, T& value) {
        Rep rep;
        std::memcpy(&rep, from, sizeof rep);
        value = static_cast<T>(rep);
        return true;
    }
    static void store(uint8_t* to, const T& value) {
        const Rep rep = static_cast<Rep>(value);
        std::memcpy(to, &rep, sizeof rep);
    }
};

template <class T>
struct ScalarAbi : Number<T, typename T::Representation> {
    static Errno lift(GuestMemory&, const engine::Slot* slots, T& value) {
        value = static_cast<typename T::Representation>(*slots);
        return Errno::Success;
    }
    static void write(std::string& to, const ShowContext&, const T& value) { appendNumber(to, value.value); }
    static ShownValue show(const ShowContext& context, const T& value) { return showText(context, value); }
};

/// Enumerations: kNames in order of their values.
template <class T>
struct EnumAbi : Number<T, std::underlying_type_t<T>> {
    static Errno lift(GuestMemory&, const engine::Slot* slots, T& value) {
        const auto raw = static_cast<uint32_t>(*slots);
        if (raw >= Abi<T>::kNames.size()) return Errno::Inval;
        value = static_cast<T>(raw);
        return Errno::Success;
    }
    static void write(std::string& to, const ShowContext&, const T& value) {
        writeRaw(to, static_cast<uint32_t>(value));
    }
    static void writeSlots(std::string& to, const ShowContext&, const engine::Slot* slots) {
        writeRaw(to, static_cast<uint32_t>(*slots));
    }
    static ShownValue show(const ShowContext& context, const T& value) { return showText(context, value); }
    static ShownValue showSlots(const ShowContext& context, const engine::Slot* slots) {
        ShownValue shown{{}, std::string(Abi<T>::kName), {}, {}};
        writeSlots(shown.text, context, slots);
        return shown;
    }

private:
    static void writeRaw(std::string& to, uint32_t raw) {
        if (raw < Abi<T>::kNames.size()) {
            to += Abi<T>::kNames[raw];
        } else {
            appendNumber(to, raw);
            to += '?';
        }
    }
};

std::string flagText(std::span<const std::string_view> names, uint64_t bits);
/// A few flags by name, many by their number, with each as a child.
void writeFlags(std::string& to, std::span<const std::string_view> names, uint64_t bits);
ShownValue showFlags(std::string_view type, std::span<const std::string_view> names, uint64_t bits);

/// Flags: kNames from bit 0 on. Unknown bits in a parameter are EINVAL, but for rights, where they are rights that no file has.
template <class T>
struct FlagsAbi : Number<T, std::underlying_type_t<T>> {
    static constexpr uint64_t kAll = (uint64_t{1} << Abi<T>::kNames.size()) - 1;
    static Errno lift(GuestMemory&, const engine::Slot* slots, T& value) {
        const uint64_t bits = raw(slots);
        if constexpr (!std::is_same_v<T, Rights>)
            if (bits & ~kAll) return Errno::Inval;
        value = static_cast<T>(bits & kAll);
        return Errno::Success;
    }
    static void write(std::string& to, const ShowContext& context, const T& value) {
        writeBits(to, context, static_cast<uint64_t>(value));
    }
    static void writeSlots(std::string& to, const ShowContext& context, const engine::Slot* slots) {
        writeBits(to, context, raw(slots));
    }
    static ShownValue show(const ShowContext&, const T& value) {
        return showFlags(Abi<T>::kName, Abi<T>::kNames, static_cast<uint64_t>(value));
    }
    static ShownValue showSlots(const ShowContext&, const engine::Slot* slots) {
        return showFlags(Abi<T>::kName, Abi<T>::kNames, raw(slots));
    }

private:
    static void writeBits(std::string& to, const ShowContext& context, uint64_t bits) {
        const size_t before = to.size();
        writeFlags(to, Abi<T>::kNames, bits);
        if constexpr (std::is_same_v<T, Rights>)
            if (!context.namesRights && to.find('_', before) != std::string::npos) to.resize(before);
    }
    static uint64_t raw(const engine::Slot* slots) {
        return sizeof(T) == 8 ? *slots : static_cast<uint32_t>(*slots);
    }
};

template <class T, class F>
struct Field {
    using Type = F;
    std::string_view name;
    F T::*member;
};
template <class T, class F>
constexpr Field<T, F> field(std::string_view name, F T::*member) {
    return {name, member};
}

template <class F>
using AbiOf = Abi<typename std::decay_t<F>::Type>;

/// Records: kFields, a tuple of field(name, member); laid out as in C.
template <class T>
struct RecordAbi {
    template <class Do>
    static constexpr void forEach(Do&& apply) {
        size_t at = 0;
        std::apply(
            [&](const auto&... fields) {
                ((at = roundUp(at, AbiOf<decltype(fields)>::align()), apply(fields, at),
                  at += AbiOf<decltype(fields)>::size()),
                 ...);
            },
            Abi<T>::kFields);
    }
    static constexpr size_t align() {
        size_t most = 1;
        forEach([&](const auto& f, size_t) { most = std::max(most, AbiOf<decltype(f)>::align()); });
        return most;
    }
    static constexpr size_t size() {
        size_t end = 0;
        forEach([&](const auto& f, size_t at) { end = at + AbiOf<decltype(f)>::size(); });
        return roundUp(end, align());
    }
    static bool load(const uint8_t* from, T& value) {
        bool ok = true;
        forEach([&](const auto& f, size_t at) {
            ok = AbiOf<decltype(f)>::load(from + at, value.*f.member) && ok;
        });
        return ok;
    }
    static void store(uint8_t* to, const T& value) {
        std::memset(to, 0, size());  // padding never leaks bytes of ours
        forEach([&](const auto& f, size_t at) { AbiOf<decltype(f)>::store(to + at, value.*f.member); });
    }
    static void write(std::string& to, const ShowContext& context, const T& value) {
        to += '{';
        bool isFirst = true;
        forEach([&](const auto& f, size_t) {
            if (!std::exchange(isFirst, false)) to += ", ";
            to += f.name;
            to += '=';
            AbiOf<decltype(f)>::write(to, context, value.*f.member);
        });
        to += '}';
    }
    static ShownValue show(const ShowContext& context, const T& value) {
        ShownValue shown = showText(context, value);
        forEach([&](const auto& f, size_t) {
            auto child = AbiOf<decltype(f)>::show(context, value.*f.member);
            child.name = f.name;
            shown.children.push_back(std::move(child));
        });
        return shown;
    }
};

/// Tagged unions: T::Tag, and T::content with one alternative per tag.
template <class T>
struct UnionAbi {
    using TagAbi = Abi<typename T::Tag>;
    using Content = decltype(T::content);
    static constexpr size_t kCases = std::variant_size_v<Content>;
    template <size_t... I>
    static constexpr size_t most(std::index_sequence<I...>, bool align) {
        return std::max({align ? Abi<std::variant_alternative_t<I, Content>>::align()
                               : Abi<std::variant_alternative_t<I, Content>>::size()...});
    }
    static constexpr size_t align() {
        return std::max(TagAbi::align(), most(std::make_index_sequence<kCases>{}, true));
    }
    static constexpr size_t contentAt() {
        return roundUp(TagAbi::size(), most(std::make_index_sequence<kCases>{}, true));
    }
    static constexpr size_t size() {
        return roundUp(contentAt() + most(std::make_index_sequence<kCases>{}, false), align());
    }
    static bool load(const uint8_t* from, T& value) {
        typename T::Tag tag{};
        TagAbi::load(from, tag);
        return loadCase(from + contentAt(), static_cast<size_t>(tag), value,
                        std::make_index_sequence<kCases>{});
    }
    static void store(uint8_t* to, const T& value) {
        std::memset(to, 0, size());
        TagAbi::store(to, static_cast<typename T::Tag>(value.content.index()));
        std::visit([&](const auto& c) { Abi<std::decay_t<decltype(c)>>::store(to + contentAt(), c); },
                   value.content);
    }
    static ShownValue show(const ShowContext& context, const T& value) {
        auto shown = std::visit(
            [&](const auto& c) { return Abi<std::decay_t<decltype(c)>>::show(context, c); }, value.content);
        shown.text.clear();
        write(shown.text, context, value);
        shown.type = Abi<T>::kName;
        return shown;
    }
    static void write(std::string& to, const ShowContext& context, const T& value) {
        TagAbi::write(to, context, static_cast<typename T::Tag>(value.content.index()));
        std::visit([&](const auto& c) { Abi<std::decay_t<decltype(c)>>::write(to, context, c); },
                   value.content);
    }

private:
    template <size_t... I>
    static bool loadCase(const uint8_t* from, size_t tag, T& value, std::index_sequence<I...>) {
        bool ok = false;
        (void)((tag == I && (ok = Abi<std::variant_alternative_t<I, Content>>::load(
                                 from, value.content.template emplace<I>()),
                             true)) ||
               ...);
        return ok;
    }
};

/// A buffer described by two fields, shown by what the call moved through it.
template <class T>
struct BufferAbi {
    static constexpr size_t size() { return 8; }
    static constexpr size_t align() { return 4; }
    static bool load(const uint8_t* from, T& value) {
        std::memcpy(&value.buf, from, 4);
        std::memcpy(&value.buf_len.value, from + 4, 4);
        return true;
    }
    static void store(uint8_t* to, const T& value) {
        std::memcpy(to, &value.buf, 4);
        std::memcpy(to + 4, &value.buf_len.value, 4);
    }
    static void write(std::string& to, const ShowContext& context, const T& value);
    static ShownValue show(const ShowContext& context, const T& value);
};

/// Elements that a call read from or wrote to `address`, as far as they were recorded.
template <class T>
void writeElements(std::string& to, const ShowContext& context, uint32_t address,
                   std::optional<uint32_t> count);
template <class T>
ShownValue showElements(const ShowContext& context, uint32_t address, std::optional<uint32_t> count);

}  // namespace abi

// --- Scalars ------------------------------------------------------------------------------------------------------------

#define WASI_SCALAR(T, name)                            \
    template <>                                         \
    struct Abi<T> : abi::ScalarAbi<T> {                 \
        static constexpr std::string_view kName = name; \
    }
WASI_SCALAR(Fd, "fd");
WASI_SCALAR(Size, "size");
WASI_SCALAR(Filesize, "filesize");
WASI_SCALAR(Filedelta, "filedelta");
WASI_SCALAR(Timestamp, "timestamp");
WASI_SCALAR(Dircookie, "dircookie");
WASI_SCALAR(Dirnamlen, "dirnamlen");
WASI_SCALAR(Inode, "inode");
WASI_SCALAR(Device, "device");
WASI_SCALAR(Linkcount, "linkcount");
WASI_SCALAR(Userdata, "userdata");
WASI_SCALAR(Exitcode, "exitcode");
WASI_SCALAR(Siflags, "siflags");
using UnstableLinkcount = decltype(unstable::Filestat::nlink);
WASI_SCALAR(UnstableLinkcount, "linkcount");
#undef WASI_SCALAR

// --- Enumerations and flags, with the standard's names in the standard's order ----------------------------------------------

template <size_t N>
using NameList = std::array<std::string_view, N>;

template <>
struct Abi<Errno> : abi::EnumAbi<Errno> {
    static constexpr std::string_view kName = "errno";
    static constexpr NameList<77> kNames{
        "success",     "2big",           "acces",       "addrinuse",   "addrnotavail",
        "afnosupport", "again",          "already",     "badf",        "badmsg",
        "busy",        "canceled",       "child",       "connaborted", "connrefused",
        "connreset",   "deadlk",         "destaddrreq", "dom",         "dquot",
        "exist",       "fault",          "fbig",        "hostunreach", "idrm",
        "ilseq",       "inprogress",     "intr",        "inval",       "io",
        "isconn",      "isdir",          "loop",        "mfile",       "mlink",
        "msgsize",     "multihop",       "nametoolong", "netdown",     "netreset",
        "netunreach",  "nfile",          "nobufs",      "nodev",       "noent",
        "noexec",      "nolck",          "nolink",      "nomem",       "nomsg",
        "noprotoopt",  "nospc",          "nosys",       "notconn",     "notdir",
        "notempty",    "notrecoverable", "notsock",     "notsup",      "notty",
        "nxio",        "overflow",       "ownerdead",   "perm",        "pipe",
        "proto",       "protonosupport", "prototype",   "range",       "rofs",
        "spipe",       "srch",           "stale",       "timedout",    "txtbsy",
        "xdev",        "notcapable"};
};
template <>
struct Abi<Clockid> : abi::EnumAbi<Clockid> {
    static constexpr std::string_view kName = "clockid";
    static constexpr NameList<4> kNames{"realtime", "monotonic", "process_cputime_id", "thread_cputime_id"};
};
template <>
struct Abi<Whence> : abi::EnumAbi<Whence> {
    static constexpr std::string_view kName = "whence";
    static constexpr NameList<3> kNames{"set", "cur", "end"};
};
template <>
struct Abi<unstable::Whence> : abi::EnumAbi<unstable::Whence> {
    static constexpr std::string_view kName = "whence";
    static constexpr NameList<3> kNames{"cur", "end", "set"};
};
template <>
struct Abi<Filetype> : abi::EnumAbi<Filetype> {
    static constexpr std::string_view kName = "filetype";
    static constexpr NameList<8> kNames{"unknown",      "block_device", "character_device", "directory",
                                        "regular_file", "socket_dgram", "socket_stream",    "symbolic_link"};
};
template <>
struct Abi<Advice> : abi::EnumAbi<Advice> {
    static constexpr std::string_view kName = "advice";
    static constexpr NameList<6> kNames{"normal", "sequential", "random", "willneed", "dontneed", "noreuse"};
};
template <>
struct Abi<Eventtype> : abi::EnumAbi<Eventtype> {
    static constexpr std::string_view kName = "eventtype";
    static constexpr NameList<3> kNames{"clock", "fd_read", "fd_write"};
};
template <>
struct Abi<Preopentype> : abi::EnumAbi<Preopentype> {
    static constexpr std::string_view kName = "preopentype";
    static constexpr NameList<1> kNames{"dir"};
};
template <>
struct Abi<Signal> : abi::EnumAbi<Signal> {
    static constexpr std::string_view kName = "signal";
    static constexpr NameList<31> kNames{"none", "hup",    "int",  "quit",  "ill",  "trap", "abrt", "bus",
                                         "fpe",  "kill",   "usr1", "segv",  "usr2", "pipe", "alrm", "term",
                                         "chld", "cont",   "stop", "tstp",  "ttin", "ttou", "urg",  "xcpu",
                                         "xfsz", "vtalrm", "prof", "winch", "poll", "pwr",  "sys"};
};
template <>
struct Abi<Rights> : abi::FlagsAbi<Rights> {
    static constexpr std::string_view kName = "rights";
    static constexpr NameList<30> kNames{"fd_datasync",
                                         "fd_read",
                                         "fd_seek",
                                         "fd_fdstat_set_flags",
                                         "fd_sync",
                                         "fd_tell",
                                         "fd_write",
                                         "fd_advise",
                                         "fd_allocate",
                                         "path_create_directory",
                                         "path_create_file",
                                         "path_link_source",
                                         "path_link_target",
                                         "path_open",
                                         "fd_readdir",
                                         "path_readlink",
                                         "path_rename_source",
                                         "path_rename_target",
                                         "path_filestat_get",
                                         "path_filestat_set_size",
                                         "path_filestat_set_times",
                                         "fd_filestat_get",
                                         "fd_filestat_set_size",
                                         "fd_filestat_set_times",
                                         "path_symlink",
                                         "path_remove_directory",
                                         "path_unlink_file",
                                         "poll_fd_readwrite",
                                         "sock_shutdown",
                                         "sock_accept"};
};
template <>
struct Abi<Fdflags> : abi::FlagsAbi<Fdflags> {
    static constexpr std::string_view kName = "fdflags";
    static constexpr NameList<5> kNames{"append", "dsync", "nonblock", "rsync", "sync"};
};
template <>
struct Abi<Fstflags> : abi::FlagsAbi<Fstflags> {
    static constexpr std::string_view kName = "fstflags";
    static constexpr NameList<4> kNames{"atim", "atim_now", "mtim", "mtim_now"};
};
template <>
struct Abi<Lookupflags> : abi::FlagsAbi<Lookupflags> {
    static constexpr std::string_view kName = "lookupflags";
    static constexpr NameList<1> kNames{"symlink_follow"};
};
template <>
struct Abi<Oflags> : abi::FlagsAbi<Oflags> {
    static constexpr std::string_view kName = "oflags";
    static constexpr NameList<4> kNames{"creat", "directory", "excl", "trunc"};
};
template <>
struct Abi<Eventrwflags> : abi::FlagsAbi<Eventrwflags> {
    static constexpr std::string_view kName = "eventrwflags";
    static constexpr NameList<1> kNames{"fd_readwrite_hangup"};
};
template <>
struct Abi<Subclockflags> : abi::FlagsAbi<Subclockflags> {
    static constexpr std::string_view kName = "subclockflags";
    static constexpr NameList<1> kNames{"subscription_clock_abstime"};
};
template <>
struct Abi<Riflags> : abi::FlagsAbi<Riflags> {
    static constexpr std::string_view kName = "riflags";
    static constexpr NameList<2> kNames{"recv_peek", "recv_waitall"};
};
template <>
struct Abi<Roflags> : abi::FlagsAbi<Roflags> {
    static constexpr std::string_view kName = "roflags";
    static constexpr NameList<1> kNames{"recv_data_truncated"};
};
template <>
struct Abi<Sdflags> : abi::FlagsAbi<Sdflags> {
    static constexpr std::string_view kName = "sdflags";
    static constexpr NameList<2> kNames{"rd", "wr"};
};

// --- Records and unions ---------------------------------------------------------------------------------------------------

template <>
struct Abi<Iovec> : abi::BufferAbi<Iovec> {
    static constexpr std::string_view kName = "iovec";
};
template <>
struct Abi<Ciovec> : abi::BufferAbi<Ciovec> {
    static constexpr std::string_view kName = "ciovec";
};

#define WASI_RECORD(T, name, ...)                         \
    template <>                                           \
    struct Abi<T> : abi::RecordAbi<T> {                   \
        static constexpr std::string_view kName = name;   \
        static constexpr std::tuple kFields{__VA_ARGS__}; \
    }
#define WASI_UNION(T, name)                             \
    template <>                                         \
    struct Abi<T> : abi::UnionAbi<T> {                  \
        static constexpr std::string_view kName = name; \
    }

WASI_RECORD(Dirent, "dirent", abi::field("d_next", &Dirent::d_next), abi::field("d_ino", &Dirent::d_ino),
            abi::field("d_namlen", &Dirent::d_namlen), abi::field("d_type", &Dirent::d_type));
WASI_RECORD(Fdstat, "fdstat", abi::field("fs_filetype", &Fdstat::fs_filetype),
            abi::field("fs_flags", &Fdstat::fs_flags), abi::field("fs_rights_base", &Fdstat::fs_rights_base),
            abi::field("fs_rights_inheriting", &Fdstat::fs_rights_inheriting));
WASI_RECORD(Filestat, "filestat", abi::field("dev", &Filestat::dev), abi::field("ino", &Filestat::ino),
            abi::field("filetype", &Filestat::filetype), abi::field("nlink", &Filestat::nlink),
            abi::field("size", &Filestat::size), abi::field("atim", &Filestat::atim),
            abi::field("mtim", &Filestat::mtim), abi::field("ctim", &Filestat::ctim));
WASI_RECORD(EventFdReadwrite, "event_fd_readwrite", abi::field("nbytes", &EventFdReadwrite::nbytes),
            abi::field("flags", &EventFdReadwrite::flags));
WASI_RECORD(Event, "event", abi::field("userdata", &Event::userdata), abi::field("error", &Event::error),
            abi::field("type", &Event::type), abi::field("fd_readwrite", &Event::fd_readwrite));
WASI_RECORD(SubscriptionClock, "subscription_clock", abi::field("id", &SubscriptionClock::id),
            abi::field("timeout", &SubscriptionClock::timeout),
            abi::field("precision", &SubscriptionClock::precision),
            abi::field("flags", &SubscriptionClock::flags));
WASI_RECORD(SubscriptionFdReadwrite, "subscription_fd_readwrite",
            abi::field("file_descriptor", &SubscriptionFdReadwrite::file_descriptor));
WASI_UNION(SubscriptionU, "subscription_u");
WASI_RECORD(Subscription, "subscription", abi::field("userdata", &Subscription::userdata),
            abi::field("u", &Subscription::u));
WASI_RECORD(PrestatDir, "prestat_dir", abi::field("pr_name_len", &PrestatDir::pr_name_len));
WASI_UNION(Prestat, "prestat");
WASI_RECORD(unstable::Filestat, "filestat", abi::field("dev", &unstable::Filestat::dev),
            abi::field("ino", &unstable::Filestat::ino),
            abi::field("filetype", &unstable::Filestat::filetype),
            abi::field("nlink", &unstable::Filestat::nlink), abi::field("size", &unstable::Filestat::size),
            abi::field("atim", &unstable::Filestat::atim), abi::field("mtim", &unstable::Filestat::mtim),
            abi::field("ctim", &unstable::Filestat::ctim));
WASI_RECORD(unstable::SubscriptionClock, "subscription_clock",
            abi::field("identifier", &unstable::SubscriptionClock::identifier),
            abi::field("id", &unstable::SubscriptionClock::id),
            abi::field("timeout", &unstable::SubscriptionClock::timeout),
            abi::field("precision", &unstable::SubscriptionClock::precision),
            abi::field("flags", &unstable::SubscriptionClock::flags));
WASI_UNION(unstable::SubscriptionU, "subscription_u");
WASI_RECORD(unstable::Subscription, "subscription", abi::field("userdata", &unstable::Subscription::userdata),
            abi::field("u", &unstable::Subscription::u));
#undef WASI_RECORD
#undef WASI_UNION

// --- Shapes of parameters -----------------------------------------------------------------------------------------------

/// Longest string that a guest may pass; what is longer is ENAMETOOLONG before a byte of it is copied.
inline constexpr uint32_t kMaxStringBytes = 64 << 10;
bool isUtf8(std::string_view text);

template <>
struct Abi<std::string> {
    static constexpr std::string_view kName = "string";
    static constexpr engine::ValKind kCore = engine::ValKind::I32;
    static constexpr size_t kSlots = 2;
    /// EFAULT, ENAMETOOLONG, EILSEQ (not UTF-8), EINVAL (a NUL inside).
    static Errno lift(GuestMemory& memory, const engine::Slot* slots, std::string& value);
    static void writeSlots(std::string& to, const ShowContext& context, const engine::Slot* slots);
    static ShownValue showSlots(const ShowContext& context, const engine::Slot* slots);
};

template <class T>
struct Abi<List<T>> {
    static constexpr std::string_view kName = std::is_same_v<T, Iovec> ? "iovec_array" : "ciovec_array";
    static constexpr engine::ValKind kCore = engine::ValKind::I32;
    static constexpr size_t kSlots = 2;
    static Errno lift(GuestMemory& memory, const engine::Slot* slots, List<T>& value) {
        value = {static_cast<uint32_t>(slots[0]), static_cast<uint32_t>(slots[1])};
        return memory.contains(value.address, uint64_t{value.count} * Abi<T>::size()) ? Errno::Success
                                                                                      : Errno::Fault;
    }
    static void writeSlots(std::string& to, const ShowContext& context, const engine::Slot* slots) {
        abi::writeElements<T>(to, context, static_cast<uint32_t>(slots[0]), static_cast<uint32_t>(slots[1]));
    }
    static ShownValue showSlots(const ShowContext& context, const engine::Slot* slots) {
        auto shown =
            abi::showElements<T>(context, static_cast<uint32_t>(slots[0]), static_cast<uint32_t>(slots[1]));
        shown.type = kName;
        return shown;
    }
};

/// What the bytes at an address are, for people: of `u8` text, of others a list of elements.
template <class T>
struct Abi<Pointer<T>> {
    static constexpr std::string_view kName = "pointer";
    static constexpr engine::ValKind kCore = engine::ValKind::I32;
    static constexpr size_t kSlots = 1;
    static constexpr size_t size() { return 4; }
    static constexpr size_t align() { return 4; }
    static Errno lift(GuestMemory&, const engine::Slot* slots, Pointer<T>& value) {
        value.address = static_cast<uint32_t>(*slots);
        return Errno::Success;
    }
    static bool load(const uint8_t* from, Pointer<T>& value) {
        return std::memcpy(&value.address, from, 4), true;
    }
    static void store(uint8_t* to, const Pointer<T>& value) { std::memcpy(to, &value.address, 4); }
    static void write(std::string& to, const ShowContext& context, const Pointer<T>& value) {
        if constexpr (!std::is_same_v<T, uint8_t>)
            abi::writeElements<T>(to, context, value.address, std::nullopt);
        else if (const auto found = context.anyBytesAt(value.address, 1))
            appendQuoted(to, found->bytes, found->length, context.payloadBytes);
        else
            to += hexAddress(value.address);
    }
    static void writeSlots(std::string& to, const ShowContext& context, const engine::Slot* slots) {
        write(to, context, {static_cast<uint32_t>(*slots)});
    }
    static ShownValue show(const ShowContext& context, const Pointer<T>& value) {
        if constexpr (std::is_same_v<T, uint8_t>) {
            ShownValue shown = abi::showText(context, value);
            if (const auto found = context.anyBytesAt(value.address, 1)) {
                shown.address = value.address;
                shown.size = static_cast<uint32_t>(found->length);
            }
            return shown;
        } else {
            return abi::showElements<T>(context, value.address, std::nullopt);
        }
    }
    static ShownValue showSlots(const ShowContext& context, const engine::Slot* slots) {
        return show(context, {static_cast<uint32_t>(*slots)});
    }
};

namespace abi {

template <class T>
void BufferAbi<T>::write(std::string& to, const ShowContext& context, const T& value) {
    to += '{';
    if (value.buf_len == 0)
        to += "\"\"";
    else
        Abi<Pointer<uint8_t>>::write(to, context, {value.buf});
    to += ", ";
    appendNumber(to, value.buf_len.value);
    to += '}';
}

template <class T>
ShownValue BufferAbi<T>::show(const ShowContext& context, const T& value) {
    auto bytes = Abi<Pointer<uint8_t>>::show(context, {value.buf});
    if (value.buf_len == 0) bytes.text = "\"\"";
    bytes.name = "buf";
    auto length = Abi<Size>::show(context, value.buf_len);
    length.name = "buf_len";
    ShownValue shown = showText(context, value);
    shown.address = value.buf;
    shown.size = value.buf_len;
    shown.children = {std::move(bytes), std::move(length)};
    return shown;
}

/// The elements of which there is something to see: at most kMostShown. Nothing: the call moved none.
template <class T>
struct Elements {
    static constexpr size_t kMostShown = 256;
    static constexpr size_t kSize = Abi<T>::size();
    Elements(const ShowContext& context, uint32_t address, std::optional<uint32_t> count)
        : found(context.anyBytesAt(address, count ? *count * uint64_t{kSize} : kSize)) {
        if (!found) return;
        all = count ? *count : found->length / kSize;
        seen = std::min<uint64_t>({all, kMostShown, found->bytes.size() / kSize});
    }
    /// False: its bytes are no T.
    bool load(size_t i, T& value) const { return Abi<T>::load(found->bytes.data() + i * kSize, value); }
    std::optional<ShowContext::Found> found;
    uint64_t all = 0, seen = 0;
};

template <class T>
void writeElements(std::string& to, const ShowContext& context, uint32_t address,
                   std::optional<uint32_t> count) {
    const Elements<T> elements(context, address, count);
    if (!elements.found) {
        to += count && *count == 0 ? "[]" : hexAddress(address);
        if (count && *count) to += "[" + decimal(*count) + "]";
        return;
    }
    to += '[';
    for (size_t i = 0; i < elements.seen; i++) {
        T value{};
        if (i) to += ", ";
        if (elements.load(i, value))
            Abi<T>::write(to, context, value);
        else
            to += '?';
    }
    if (elements.seen < elements.all) to += elements.seen ? ", …" : "…";
    to += ']';
}

template <class T>
ShownValue showElements(const ShowContext& context, uint32_t address, std::optional<uint32_t> count) {
    const size_t size = Abi<T>::size();
    ShownValue shown{{}, std::string(Abi<T>::kName), {}, {}, address, 0};
    writeElements<T>(shown.text, context, address, count);
    const Elements<T> elements(context, address, count);
    shown.size = static_cast<uint32_t>(elements.all * size);
    for (size_t i = 0; i < elements.seen; i++) {
        T value{};
        ShownValue element;
        if (elements.load(i, value))
            element = Abi<T>::show(context, value);
        else
            element.text = "?";
        element.address = address + static_cast<uint32_t>(i * size);
        element.size = static_cast<uint32_t>(size);
        shown.children.push_back(std::move(element));
    }
    return shown;
}

}  // namespace abi

namespace abi {

/// Appends the numbers that a T consists of; none for what is only an address.
template <class T>
void describe(std::vector<HostField>& fields, const std::string& path = {}, size_t offset = 0) {
    const auto below = [&](std::string_view name) {
        return path.empty() ? std::string(name) : path + "." + std::string(name);
    };
    if constexpr (requires { Abi<T>::kFields; }) {
        Abi<T>::forEach([&](const auto& f, size_t at) {
            describe<typename std::decay_t<decltype(f)>::Type>(fields, below(f.name), offset + at);
        });
    } else if constexpr (requires { typename T::Tag; }) {
        describe<typename T::Tag>(fields, below("tag"), offset);
        const auto content = [&]<size_t... I>(std::index_sequence<I...>) {
            (describe<std::variant_alternative_t<I, decltype(T::content)>>(
                 fields, below(Abi<typename T::Tag>::kNames[I]), offset + Abi<T>::contentAt()),
             ...);
        };
        content(std::make_index_sequence<std::variant_size_v<decltype(T::content)>>{});
    } else if constexpr (requires { Abi<T>::kNames; }) {
        using enum HostField::Kind;
        fields.push_back({path, FlagSet<T> ? Flags : Enum, static_cast<uint32_t>(offset),
                          static_cast<uint32_t>(sizeof(T)), Abi<T>::kNames});
    } else if constexpr (requires { typename T::Representation; }) {
        using enum HostField::Kind;
        fields.push_back({path,
                          std::is_signed_v<typename T::Representation> ? Signed : Number,
                          static_cast<uint32_t>(offset),
                          static_cast<uint32_t>(Abi<T>::size()),
                          {}});
    }
}

}  // namespace abi

}  // namespace wasi
