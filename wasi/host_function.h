// HostFunction: one row per host call. Import checks, decoding, log text, mock matching, completion, help and coverage derive from it.
#pragma once

#include <cstdint>
#include <optional>
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

/// A number in a parameter or a result: all of it, or a field of a record.
struct HostField {
    enum class Kind : uint8_t { Number, Signed, Enum, Flags };
    std::string path;  // "" = all of it; "size", "dir.pr_name_len"
    Kind kind = Kind::Number;
    uint32_t offset = 0, size = 0;            // bytes, in linear memory
    std::span<const std::string_view> names;  // of Enum by value, of Flags by bit
};

/// One parameter or result as the standard's witx names it: "fd", "path", "dirflags"; type "fd", "string", "lookupflags" …
/// Derived from its Abi<T>.
struct HostParameter {
    enum class Shape : uint8_t {
        Value,   // a number; of results also records
        Text,    // address and length
        Source,  // list of buffers that the host reads
        Target,  // list of buffers that the host fills
        Bytes,   // address of bytes; the next parameter says how many if it is a size
        Pointer  // address of something else
    };
    std::string_view name;
    std::string_view type;
    Shape shape = Shape::Value;
    uint8_t slot = 0;   // the first
    uint32_t size = 0;  // of a result, bytes in linear memory
    std::vector<HostField> fields;
};

/// "creat|trunc", "0x10", "-1", "directory": a value of that field, as the standard names it, whatever the case; nothing if there is
/// no such value.
std::optional<uint64_t> parseValue(const HostField& field, std::string_view text);
/// The other way round.
std::string valueText(const HostField& field, uint64_t value);
/// "noent", "ENOENT", "44".
std::optional<uint16_t> parseErrno(std::string_view text);

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

/// Appends "fd_write(1, [{\"hello\\n\", 6}]) = ESUCCESS nwritten=6": name, argumentText() and resultText() of show(), for a fraction of its
/// cost.
void appendCall(std::string& to, const SyscallRecord& record, size_t payloadBytes = 64);
struct ShowContext;
void appendCall(std::string& to, const ShowContext& context);

/// Arguments as one line, without parentheses.
std::string argumentText(const ShownCall& shown);
/// "ESUCCESS nwritten=6", "exit 0", "…" while it waits: the result as one text.
std::string resultText(const SyscallRecord& record, const ShownCall& shown);

/// "EBADF" and "bad file descriptor" for a preview1 errno; "E?123" for one that does not exist.
std::string_view errnoName(uint16_t value);
std::string_view errnoText(uint16_t value);

}  // namespace wasi
