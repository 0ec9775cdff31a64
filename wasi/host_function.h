// HostFunction: one row per host call. Import checks, decoding, log text, mock matching, completion, help and coverage derive from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/types.h"
#include "wasi/syscall_record.h"

namespace wasi {

/// Family, for colour and filter.
enum class Family : uint8_t { Files, Clocks, Random, Network, Process, Poll };
std::string_view toText(Family family);

/// One parameter or result as the standard's witx names it: "fd", "path", "dirflags"; type "fd", "string", "lookupflags" …
struct HostParameter {
    std::string_view name;
    std::string_view type;
};

struct HostFunction {
    std::string_view module;  // "wasi_snapshot_preview1"
    std::string_view name;    // "fd_write"
    Family family;
    std::string_view summary;  // one sentence of ours
    std::vector<HostParameter> parameters, results;
    engine::FuncType type;  // core signature, derived from the method's C++ signature
    bool returnsErrno = true;
};

/// All rows, of all versions of WASI; SyscallRecord::function indexes it.
std::span<const HostFunction> allHostFunctions();
/// Row index by "fd_write" or "wasi_snapshot_preview1.fd_write", or -1.
int findHostFunction(std::string_view name);

/// One decoded argument or result, for people: {"fd", "fd", "3 (/data/in.txt)"} …
struct ShownValue {
    std::string name, type, text;
    std::vector<ShownValue> children;  // fields, iovecs, subscriptions …
    uint32_t address = 0;              // of the bytes in linear memory it came from; 0 = none
    uint32_t size = 0;
};
/// A record in words.
struct ShownCall {
    std::string name;  // "fd_write"
    std::vector<ShownValue> arguments;
    std::vector<ShownValue> results;
    std::string errnoName;  // "ENOENT"; empty if it returns none
    std::string errnoText;  // "no such file or directory"
    /// fd_write(1, [{"hello\n", 6}]) = ESUCCESS nwritten=6
    std::string line() const;
};
/// Decodes a record through Abi<T>::show. `payloadBytes` = how many bytes of each buffer to quote.
ShownCall show(const SyscallRecord& record, size_t payloadBytes = 64);

/// "EBADF" and "bad file descriptor" for a preview1 errno; "E?123" for one that does not exist.
std::string_view errnoName(uint16_t value);
std::string_view errnoText(uint16_t value);

}  // namespace wasi
