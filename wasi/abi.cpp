#include "wasi/abi.h"

#include <algorithm>
#include <bit>
#include <cstdio>

#include "engine/base/printable.h"

namespace wasi {

namespace {

std::optional<ShowContext::Found> within(const MemoryAccess& access, uint32_t address, uint64_t length) {
    if (address < access.address) return std::nullopt;
    const uint64_t skip = address - access.address;
    if (skip > access.length || length > access.length - skip) return std::nullopt;
    const std::span<const uint8_t> kept(access.bytes);
    return ShowContext::Found{kept.subspan(std::min<size_t>(skip, kept.size())), access.length - skip};
}

}  // namespace

std::optional<ShowContext::Found> ShowContext::bytesAt(uint32_t address, uint64_t length, bool writes) const {
    std::optional<Found> found;
    for (const auto& access : record.accesses) {
        if (access.isWrite != writes) continue;
        if (auto here = within(access, address, length)) {
            found = here;
            if (!writes) break;
        }
    }
    return found;
}

std::optional<ShowContext::Found> ShowContext::anyBytesAt(uint32_t address, uint64_t length) const {
    if (auto found = bytesAt(address, length, false)) return found;
    return bytesAt(address, length, true);
}

void appendQuoted(std::string& to, std::span<const uint8_t> bytes, uint64_t length, size_t limit) {
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), limit));
    to += '"';
    if (std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f' && c != '"' && c != '\\'; })) {
        to += text;
    } else {
        const bool utf8 = isUtf8(text);
        std::string escaped;
        for (const char c : text) {
            const auto byte = static_cast<uint8_t>(c);
            if (c == '"' || c == '\\') escaped += '\\';
            if (byte < 0x80 || utf8) {
                escaped += c;
            } else {
                char hex[5];
                std::snprintf(hex, sizeof hex, "\\x%02x", byte);
                escaped += hex;
            }
        }
        to += engine::printable(escaped);
    }
    to += text.size() < length ? "\"…" : "\"";
}

std::string quote(std::span<const uint8_t> bytes, uint64_t length, size_t limit) {
    std::string text;
    appendQuoted(text, bytes, length, limit);
    return text;
}

std::string hexAddress(uint32_t address) {
    char text[11];
    std::snprintf(text, sizeof text, "0x%x", address);
    return text;
}

std::string decimal(uint64_t value) { return std::to_string(value); }

bool isUtf8(std::string_view text) {
    const auto* p = reinterpret_cast<const uint8_t*>(text.data());
    const auto* const end = p + text.size();
    while (p < end) {
        if (*p < 0x80) {
            p++;
            continue;
        }
        const int more = *p >= 0xc2 && *p < 0xe0   ? 1
                         : *p >= 0xe0 && *p < 0xf0 ? 2
                         : *p >= 0xf0 && *p < 0xf5 ? 3
                                                   : 0;
        if (more == 0 || end - p <= more) return false;
        for (int i = 1; i <= more; i++)
            if ((p[i] & 0xc0) != 0x80) return false;
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] >= 0xa0) || (*p == 0xf0 && p[1] < 0x90) ||
            (*p == 0xf4 && p[1] >= 0x90))
            return false;  // overlong, surrogate, above U+10FFFF
        p += more + 1;
    }
    return true;
}

Errno Abi<std::string>::lift(GuestMemory& memory, const engine::Slot* slots, std::string& value) {
    const auto address = static_cast<uint32_t>(slots[0]);
    const auto length = static_cast<uint32_t>(slots[1]);
    if (!memory.contains(address, length)) return Errno::Fault;
    if (length > kMaxStringBytes) return Errno::Nametoolong;
    const auto* bytes = reinterpret_cast<const char*>(memory.read(address, length));
    value.assign(bytes, length);
    if (std::memchr(bytes, 0, length)) return Errno::Inval;
    return isUtf8(value) ? Errno::Success : Errno::Ilseq;
}

void Abi<std::string>::writeSlots(std::string& to, const ShowContext& context, const engine::Slot* slots) {
    const auto address = static_cast<uint32_t>(slots[0]);
    const auto length = static_cast<uint32_t>(slots[1]);
    // Paths are what a reader of the log looks for: shown whole, unless they are absurd.
    if (const auto found = context.bytesAt(address, length, false))
        appendQuoted(to, found->bytes, length, std::max<size_t>(context.payloadBytes, 1024));
    else
        to += hexAddress(address) + "[" + decimal(length) + "]";
}

ShownValue Abi<std::string>::showSlots(const ShowContext& context, const engine::Slot* slots) {
    ShownValue shown{
        {}, std::string(kName), {}, {}, static_cast<uint32_t>(slots[0]), static_cast<uint32_t>(slots[1])};
    writeSlots(shown.text, context, slots);
    return shown;
}

namespace abi {

namespace {
std::string hexText(uint64_t bits) {
    char hex[19];
    std::snprintf(hex, sizeof hex, "0x%llx", static_cast<unsigned long long>(bits));
    return hex;
}
}  // namespace

std::string flagText(std::span<const std::string_view> names, uint64_t bits) {
    std::string text;
    const auto add = [&](std::string_view name) {
        if (!text.empty()) text += '|';
        text += name;
    };
    for (size_t i = 0; i < names.size(); i++)
        if (bits >> i & 1) add(names[i]);
    const uint64_t unknown = bits & ~((uint64_t{1} << names.size()) - 1);
    if (unknown) add(hexText(unknown));
    return text.empty() ? "0" : text;
}

namespace {
constexpr int kFlagsInALine = 6;  // more are counted, and named one by one in the details

uint64_t knownFlags(std::span<const std::string_view> names, uint64_t bits) {
    return bits & ((uint64_t{1} << names.size()) - 1);
}
}  // namespace

void writeFlags(std::string& to, std::span<const std::string_view> names, uint64_t bits) {
    const auto count = static_cast<size_t>(std::popcount(knownFlags(names, bits)));
    if (bits == 0) {
        to += '0';
    } else if (count <= kFlagsInALine) {
        to += flagText(names, bits);
    } else {
        to += count == names.size() ? "all" : std::to_string(count) + " of " + std::to_string(names.size());
        to += " (" + hexText(bits) + ")";
    }
}

ShownValue showFlags(std::string_view type, std::span<const std::string_view> names, uint64_t bits) {
    ShownValue shown{{}, std::string(type), {}, {}};
    writeFlags(shown.text, names, bits);
    const uint64_t known = knownFlags(names, bits);
    if (std::popcount(known) <= kFlagsInALine) return shown;
    for (size_t i = 0; i < names.size(); i++)
        if (known >> i & 1) shown.children.push_back({std::string(names[i]), "bool", "true", {}});
    return shown;
}

}  // namespace abi

}  // namespace wasi
