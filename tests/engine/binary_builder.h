// Small modules made by hand, byte by byte, for the tests of decoder, validator and disassembly.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/module.h"

namespace engine::test {

using Bytes = std::vector<uint8_t>;

inline Bytes& operator+=(Bytes& a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
inline Bytes operator+(Bytes a, const Bytes& b) { return std::move(a += b); }

inline Bytes leb(uint64_t value) {
    Bytes bytes;
    for (; value >= 0x80; value >>= 7)
        bytes.push_back(static_cast<uint8_t>(value | 0x80));
    bytes.push_back(static_cast<uint8_t>(value));
    return bytes;
}

inline Bytes sized(const Bytes& contents) { return leb(contents.size()) + contents; }
inline Bytes name(std::string_view text) { return sized(Bytes(text.begin(), text.end())); }
inline Bytes section(uint8_t id, const Bytes& contents) { return Bytes{id} + sized(contents); }

inline Bytes vec(std::initializer_list<Bytes> items) {
    Bytes bytes = leb(items.size());
    for (const Bytes& item : items)
        bytes += item;
    return bytes;
}

inline Bytes module(std::initializer_list<Bytes> sections) {
    Bytes bytes = {0, 'a', 's', 'm', 1, 0, 0, 0};
    for (const Bytes& s : sections)
        bytes += s;
    return bytes;
}

/// A module with one function of that type ("\x60 params results") and body (locals and code); other sections before and behind it in the
/// order of the file.
inline Bytes oneFunction(const Bytes& type, const Bytes& body, const Bytes& sectionsBetween = {}) {
    return module(
        {section(1, vec({type})), section(3, {1, 0}), sectionsBetween, section(10, vec({sized(body)}))});
}
inline const Bytes kVoid = {0x60, 0, 0};

inline Result<std::shared_ptr<Module>> decode(const Bytes& bytes) {
    return decodeModule(std::make_shared<const Bytes>(bytes), "test.wasm");
}

/// Decodes and validates; the error's text without the file name, or "ok".
inline std::string check(const Bytes& bytes) {
    const auto text = [](const Error& error) {
        const std::string full = error.text();
        constexpr std::string_view kFile = "test.wasm: ";
        return full.starts_with(kFile) ? full.substr(kFile.size()) : full;
    };
    const auto decoded = decode(bytes);
    if (!decoded) return text(decoded.error());
    const auto valid = validateModule(**decoded);
    return valid ? "ok" : text(valid.error());
}

}  // namespace engine::test
