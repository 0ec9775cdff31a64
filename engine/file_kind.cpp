// What a file is that is not WebAssembly, from its first bytes.
#include "engine/file_kind.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace engine {

namespace {

using namespace std::string_view_literals;

struct Kind {
    std::string_view begin, message;
};
constexpr Kind kKinds[] = {
    {"\x7f\x45LF"sv, "this is a native program or object file (ELF); compile for wasm32-wasip1"sv},
    {"\x1f\x8b"sv, "this file is compressed (gzip); unpack it first"sv},
    {"\x28\xb5\x2f\xfd"sv, "this file is compressed (zstd); unpack it first"sv},
    {"PK\x03\x04"sv, "this is a ZIP archive; unpack it first"sv},
    {"!<arch>"sv, "this is a static library (ar); link it to a program first"sv},
    {"BC\xc0\xde"sv, "this is LLVM bitcode; link it to a program first"sv},
    {"MZ"sv, "this is a Windows program"sv},
};

Error notWasm(std::string message) {
    return Error{ErrorCode::NotWasm, "magic header not detected: " + std::move(message), {}};
}

bool startsWith(std::span<const uint8_t> bytes, std::string_view what) {
    return bytes.size() >= what.size() &&
           std::equal(what.begin(), what.end(), bytes.begin(),
                      [](char a, uint8_t b) { return static_cast<uint8_t>(a) == b; });
}

}  // namespace

Error describeOther(std::span<const uint8_t> bytes) {
    if (bytes.empty()) return Error{ErrorCode::NotWasm, "unexpected end: the file is empty", {}};
    for (const Kind& kind : kKinds)
        if (startsWith(bytes, kind.begin)) return notWasm(std::string(kind.message));
    constexpr auto kMagic = "\0asm"sv;
    if (startsWith(bytes, kMagic.substr(0, bytes.size())))
        return Error{ErrorCode::Malformed,
                     "unexpected end: the header has only " + std::to_string(bytes.size()) + " bytes",
                     {}};
    const auto first = std::find_if(bytes.begin(), bytes.end(), [](uint8_t c) {
        return c != ' ' && c != '\n' && c != '\t' && c != '\r';
    });
    if (first != bytes.end() &&
        (*first == '(' || (*first == ';' && first + 1 != bytes.end() && first[1] == ';')))
        return notWasm("text format: this is WebAssembly text; assemble it first, e.g. with wat2wasm");
    const bool isText = std::all_of(
        bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(std::min<size_t>(bytes.size(), 512)),
        [](uint8_t c) { return c >= 32 || c == '\n' || c == '\t' || c == '\r'; });
    return notWasm(isText ? "this is a text file" : "unknown kind of file");
}

}  // namespace engine
