#include "wasi/host_function.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "wasi/abi.h"
#include "wasi/host_row.h"
#include "wasi/preview1/functions.h"

namespace wasi {

namespace {

struct Table {
    std::vector<HostRow> rows;
    std::vector<HostFunction> functions;  // of the rows, side by side
    std::unordered_map<std::string, int> byName;

    Table() {
        rows = preview1Rows();
        for (auto& row : unstableRows())
            rows.push_back(std::move(row));
        for (const auto& row : rows) {
            const int index = static_cast<int>(functions.size());
            functions.push_back(row.function);
            byName.emplace(std::string(row.function.module) + "." + std::string(row.function.name), index);
            byName.emplace(row.function.name, index);  // the first of a name wins: WASI 0.1
        }
    }
};

const Table& table() {
    static const Table made;
    return made;
}

/// Meanings, in the order of the standard.
constexpr std::array<std::string_view, 77> kErrnoTexts{"success",
                                                       "argument list too long",
                                                       "permission denied",
                                                       "address in use",
                                                       "address not available",
                                                       "address family not supported",
                                                       "resource unavailable, try again",
                                                       "connection already in progress",
                                                       "bad file descriptor",
                                                       "bad message",
                                                       "device or resource busy",
                                                       "operation canceled",
                                                       "no child processes",
                                                       "connection aborted",
                                                       "connection refused",
                                                       "connection reset",
                                                       "resource deadlock would occur",
                                                       "destination address required",
                                                       "argument out of the function's domain",
                                                       "disk quota exceeded",
                                                       "file exists",
                                                       "bad address",
                                                       "file too large",
                                                       "host is unreachable",
                                                       "identifier removed",
                                                       "illegal byte sequence",
                                                       "operation in progress",
                                                       "interrupted",
                                                       "invalid argument",
                                                       "input/output error",
                                                       "socket is connected",
                                                       "is a directory",
                                                       "too many levels of symbolic links",
                                                       "too many open files",
                                                       "too many links",
                                                       "message too large",
                                                       "multihop attempted",
                                                       "file name too long",
                                                       "network is down",
                                                       "connection aborted by the network",
                                                       "network unreachable",
                                                       "too many open files in the system",
                                                       "no buffer space available",
                                                       "no such device",
                                                       "no such file or directory",
                                                       "executable file format error",
                                                       "no locks available",
                                                       "link has been severed",
                                                       "not enough memory",
                                                       "no message of the desired type",
                                                       "protocol not available",
                                                       "no space left on device",
                                                       "function not supported",
                                                       "the socket is not connected",
                                                       "not a directory",
                                                       "directory not empty",
                                                       "state not recoverable",
                                                       "not a socket",
                                                       "not supported",
                                                       "inappropriate I/O control operation",
                                                       "no such device or address",
                                                       "value too large for the data type",
                                                       "previous owner died",
                                                       "operation not permitted",
                                                       "broken pipe",
                                                       "protocol error",
                                                       "protocol not supported",
                                                       "protocol wrong type for socket",
                                                       "result too large",
                                                       "read-only file system",
                                                       "invalid seek",
                                                       "no such process",
                                                       "stale file handle",
                                                       "timed out",
                                                       "text file busy",
                                                       "cross-device link",
                                                       "capabilities insufficient"};

constexpr std::array<std::string_view, 77> kErrnoNames{
    "ESUCCESS",     "E2BIG",           "EACCES",       "EADDRINUSE",   "EADDRNOTAVAIL",
    "EAFNOSUPPORT", "EAGAIN",          "EALREADY",     "EBADF",        "EBADMSG",
    "EBUSY",        "ECANCELED",       "ECHILD",       "ECONNABORTED", "ECONNREFUSED",
    "ECONNRESET",   "EDEADLK",         "EDESTADDRREQ", "EDOM",         "EDQUOT",
    "EEXIST",       "EFAULT",          "EFBIG",        "EHOSTUNREACH", "EIDRM",
    "EILSEQ",       "EINPROGRESS",     "EINTR",        "EINVAL",       "EIO",
    "EISCONN",      "EISDIR",          "ELOOP",        "EMFILE",       "EMLINK",
    "EMSGSIZE",     "EMULTIHOP",       "ENAMETOOLONG", "ENETDOWN",     "ENETRESET",
    "ENETUNREACH",  "ENFILE",          "ENOBUFS",      "ENODEV",       "ENOENT",
    "ENOEXEC",      "ENOLCK",          "ENOLINK",      "ENOMEM",       "ENOMSG",
    "ENOPROTOOPT",  "ENOSPC",          "ENOSYS",       "ENOTCONN",     "ENOTDIR",
    "ENOTEMPTY",    "ENOTRECOVERABLE", "ENOTSOCK",     "ENOTSUP",      "ENOTTY",
    "ENXIO",        "EOVERFLOW",       "EOWNERDEAD",   "EPERM",        "EPIPE",
    "EPROTO",       "EPROTONOSUPPORT", "EPROTOTYPE",   "ERANGE",       "EROFS",
    "ESPIPE",       "ESRCH",           "ESTALE",       "ETIMEDOUT",    "ETXTBSY",
    "EXDEV",        "ENOTCAPABLE"};

}  // namespace

std::string_view toText(Family family) {
    switch (family) {
    case Family::Files: return "files";
    case Family::Clocks: return "clocks";
    case Family::Random: return "random";
    case Family::Network: return "network";
    case Family::Process: return "process";
    case Family::Poll: return "poll";
    }
    return "";
}

std::span<const HostFunction> allHostFunctions() { return table().functions; }

const HostRow& hostRow(uint16_t index) { return table().rows[index]; }

int findHostFunction(std::string_view name) {
    const auto found = table().byName.find(std::string(name));
    return found == table().byName.end() ? -1 : found->second;
}

std::string_view errnoName(uint16_t value) {
    if (value < kErrnoNames.size()) return kErrnoNames[value];
    // A view must outlive the call: there are not many values that no errno has.
    thread_local std::string unknown;
    unknown = "E?" + std::to_string(value);
    return unknown;
}

std::string_view errnoText(uint16_t value) {
    return value < kErrnoTexts.size() ? kErrnoTexts[value] : "no such errno";
}

ShownCall show(const SyscallRecord& record, size_t payloadBytes) {
    ShownCall call;
    if (record.outcome == Outcome::Dropped) {
        call.name = "(no longer kept)";
        return call;
    }
    if (record.function >= table().rows.size()) {
        call.name = "function " + std::to_string(record.function) + "?";
        return call;
    }
    const HostRow& row = hostRow(record.function);
    call.name = row.function.name;
    row.show({record, payloadBytes}, row.function, call);
    if (row.function.returnsErrno && record.outcome == Outcome::Returned) {
        call.errnoName = errnoName(record.errno_);
        call.errnoText = errnoText(record.errno_);
    }
    return call;
}

namespace {

/// How a call ended that did not return; empty if it did.
std::string endText(const SyscallRecord& record) {
    switch (record.outcome) {
    case Outcome::Pending: return "…";
    case Outcome::Trapped: return "trap";
    case Outcome::Exited: return "exit " + std::to_string(record.result);
    case Outcome::Interrupted: return "interrupted";
    case Outcome::Dropped:
    case Outcome::Returned: break;
    }
    return {};
}

}  // namespace

void appendCall(std::string& to, const SyscallRecord& record, size_t payloadBytes) {
    appendCall(to, {record, payloadBytes});
}

void appendCall(std::string& to, const ShowContext& context) {
    const SyscallRecord& record = context.record;
    if (record.outcome == Outcome::Dropped || record.function >= table().rows.size()) {
        const ShownCall shown = show(record, context.payloadBytes);
        to += shown.name + "(" + argumentText(shown) + ") = " + resultText(record, shown);
        return;
    }
    const HostRow& row = hostRow(record.function);
    thread_local std::string arguments, results;
    arguments.clear();
    results.clear();
    row.write(context, row.function, arguments, results);
    to += row.function.name;
    to += '(';
    to += arguments;
    to += ") = ";
    if (record.outcome != Outcome::Returned) {
        to += endText(record);
        return;
    }
    if (row.function.returnsErrno)
        to += errnoName(record.errno_);
    else if (!results.empty())
        results.erase(0, 1);
    to += results;
}

std::string ShownCall::line() const {
    std::string text = name + "(";
    for (size_t i = 0; i < arguments.size(); i++)
        text += (i ? ", " : "") + arguments[i].text;
    text += ")";
    if (!errnoName.empty()) text += " = " + errnoName;
    for (const auto& result : results)
        text += " " + result.name + "=" + result.text;
    return text;
}

std::string argumentText(const ShownCall& shown) {
    std::string text;
    for (const ShownValue& argument : shown.arguments)
        text += (text.empty() ? "" : ", ") + argument.text;
    return text;
}

std::string resultText(const SyscallRecord& record, const ShownCall& shown) {
    if (record.outcome != Outcome::Returned) return endText(record);
    std::string text = shown.errnoName;
    for (const ShownValue& result : shown.results) {
        text += (text.empty() ? "" : " ") + (result.name.empty() ? "" : result.name + "=") + result.text;
    }
    return text;
}

namespace {

std::optional<uint64_t> parseInteger(std::string_view text) {
    const bool isHex = text.starts_with("0x") || text.starts_with("0X");
    if (isHex) text.remove_prefix(2);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, isHex ? 16 : 10);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool equalsAnyCase(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

std::optional<uint64_t> indexOf(std::span<const std::string_view> names, std::string_view text) {
    for (size_t i = 0; i < names.size(); i++)
        if (equalsAnyCase(names[i], text)) return i;
    return std::nullopt;
}

std::optional<uint64_t> parseFlags(std::span<const std::string_view> names, std::string_view text) {
    if (equalsAnyCase(text, "all")) return (uint64_t{1} << names.size()) - 1;
    uint64_t bits = 0;
    while (true) {
        const size_t bar = text.find('|');
        const std::string_view name = text.substr(0, bar);
        if (const auto bit = indexOf(names, name))
            bits |= uint64_t{1} << *bit;
        else if (const auto number = parseInteger(name))
            bits |= *number;
        else
            return std::nullopt;
        if (bar == std::string_view::npos) return bits;
        text.remove_prefix(bar + 1);
    }
}

}  // namespace

std::optional<uint64_t> parseValue(const HostField& field, std::string_view text) {
    const uint64_t most = field.size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (8 * field.size)) - 1;
    std::optional<uint64_t> value;
    switch (field.kind) {
    case HostField::Kind::Number: value = parseInteger(text); break;
    case HostField::Kind::Signed: {
        const bool isNegative = text.starts_with('-');
        value = parseInteger(text.substr(isNegative ? 1 : 0));
        if (value && *value > most / 2 + (isNegative ? 1 : 0)) return std::nullopt;
        if (value && isNegative) return (0 - *value) & most;
        break;
    }
    case HostField::Kind::Enum:
        value = indexOf(field.names, text);
        if (!value && field.names.data() == Abi<Errno>::kNames.data()) value = parseErrno(text);
        if (!value) value = parseInteger(text);
        if (value && *value >= field.names.size()) return std::nullopt;
        break;
    case HostField::Kind::Flags: value = parseFlags(field.names, text); break;
    }
    return value && *value <= most ? value : std::nullopt;
}

std::string valueText(const HostField& field, uint64_t value) {
    switch (field.kind) {
    case HostField::Kind::Enum:
        if (value < field.names.size()) return std::string(field.names[value]);
        break;
    case HostField::Kind::Flags: return abi::flagText(field.names, value);
    case HostField::Kind::Signed: return std::to_string(static_cast<int64_t>(value));
    case HostField::Kind::Number: break;
    }
    return std::to_string(value);
}

std::optional<uint16_t> parseErrno(std::string_view text) {
    auto value = indexOf(Abi<Errno>::kNames, text);
    if (!value) value = indexOf(kErrnoNames, text);
    if (!value) value = parseInteger(text);
    if (!value || *value >= Abi<Errno>::kNames.size()) return std::nullopt;
    return static_cast<uint16_t>(*value);
}

}  // namespace wasi
