#include "wasi/mock_reply.h"

#include <algorithm>
#include <set>

#include "wasi/abi.h"
#include "wasi/buffer_parameters.h"
#include "wasi/mock_table.h"

namespace wasi {

namespace {

using Shape = HostParameter::Shape;
constexpr size_t kMaxEntries = 10'000, kMaxNameBytes = 255;

uint64_t cookieOf(const MockRule& rule, size_t entry) {
    return rule.entries[entry].cookie ? rule.entries[entry].cookie : entry + 1;
}

const HostParameter* find(const HostFunction& function, Shape shape) {
    for (const HostParameter& p : function.parameters)
        if (p.shape == shape) return &p;
    return nullptr;
}

/// The result that counts what was moved; null if there is none.
const HostParameter* countOf(const HostFunction& function) {
    for (const HostParameter& r : function.results)
        if (r.type == "size") return &r;
    return nullptr;
}

bool movesBytes(const HostFunction& function) {
    return find(function, Shape::Source) || find(function, Shape::Target) || find(function, Shape::Bytes);
}
/// What it fills holds lengths itself: entries of a directory.
bool fillsStructures(const HostFunction& function) { return function.name == "fd_readdir"; }
uint64_t cookieArgument(const HostFunction& function, const CallContext& call) {
    for (const HostParameter& p : function.parameters)
        if (p.type == "dircookie") return call.slots[p.slot];
    return 0;
}

std::string refusesReply(const HostFunction& function) {
    const std::string name(function.name);
    if (!function.returnsErrno) return name + " does not return; it can trap, stop, wait or pass";
    for (const HostParameter& p : function.parameters)
        if (p.shape == Shape::Pointer || (p.shape == Shape::Bytes && !lengthOf(function, p)))
            return name + " fills " + std::string(p.name) +
                   ", whose length only the host knows; let it fail, wait or pass";
    if (countOf(function) && !movesBytes(function))
        return name + " tells how long the answer to another call will be; only the host can";
    return {};
}

const HostField* findField(const HostFunction& function, const std::string& name, const HostParameter** of) {
    for (const HostParameter& r : function.results)
        for (const HostField& field : r.fields)
            if (std::string(r.name) + (field.path.empty() ? "" : "." + field.path) == name)
                return *of = &r, &field;
    return nullptr;
}

std::string resultNames(const HostFunction& function) {
    std::string names;
    for (const HostParameter& r : function.results)
        for (const HostField& field : r.fields)
            names += (names.empty() ? "" : ", ") + std::string(r.name) + (field.path.empty() ? "" : ".") +
                     field.path;
    return names.empty() ? "it has no results" : "its results are " + names;
}

std::string refusesValues(const MockRule& rule, const HostFunction& function) {
    for (const auto& [name, text] : rule.values) {
        const HostParameter* result = nullptr;
        const HostField* field = findField(function, name, &result);
        if (!field)
            return "reply." + name + ": " + std::string(function.name) + " has no such result; " +
                   resultNames(function);
        if (result == countOf(function) && !find(function, Shape::Source))
            return "reply." + name + ": it counts the bytes that the reply gives; give bytes";
        if (!parseValue(*field, text))
            return "reply." + name + ": \"" + text + "\" is no " + std::string(result->type) +
                   (field->path.empty() ? "" : " " + field->path);
    }
    return {};
}

std::string refusesBytes(const MockRule& rule, const HostFunction& function) {
    if (rule.bytes.empty()) return {};
    if (fillsStructures(function))
        return "reply.bytes: they would be directory entries with lengths of their own; give entries";
    if (find(function, Shape::Target) || find(function, Shape::Bytes)) return {};
    return "reply.bytes: " + std::string(function.name) + " reads none";
}

std::string refusesEntries(const MockRule& rule, const HostFunction& function) {
    if (rule.entries.empty()) return {};
    if (!fillsStructures(function))
        return "reply.entries: " + std::string(function.name) + " lists no directory";
    if (rule.entries.size() > kMaxEntries) return "reply.entries: there are more than 10000";
    std::set<uint64_t> cookies;
    for (size_t i = 0; i < rule.entries.size(); i++) {
        const MockDirent& entry = rule.entries[i];
        const std::string at = "reply.entries[" + std::to_string(i) + "]: ";
        if (entry.name.empty() || entry.name.size() > kMaxNameBytes) return at + "a name has 1 to 255 bytes";
        if (entry.name.find('/') != std::string::npos || entry.name.find('\0') != std::string::npos)
            return at + "a name holds no \"/\" (but a directory's may end in one) and no NUL";
        if (!isUtf8(entry.name)) return at + "its name is not UTF-8";
        // Else a guest that goes on from a cookie would list the same entries again and again.
        if (!cookies.insert(cookieOf(rule, i)).second)
            return at + "cookie " + std::to_string(cookieOf(rule, i)) + " is another entry's as well";
    }
    return {};
}

/// Runs through the buffers of a list; false if it or one of them is out of bounds.
template <class Visit>
bool eachBuffer(const HostParameter& list, CallContext& call, const Visit& visit) {
    const auto address = static_cast<uint32_t>(call.slots[list.slot]);
    const auto count = static_cast<uint32_t>(call.slots[list.slot + 1]);
    if (count > kMaxBuffers) return false;
    const uint8_t* bytes = call.memory.peek(address, count * uint64_t{Abi<Iovec>::size()});
    if (!bytes) return false;
    for (uint32_t i = 0; i < count; i++) {
        Iovec buffer;
        Abi<Iovec>::load(bytes + i * Abi<Iovec>::size(), buffer);
        if (!call.memory.contains(buffer.buf, buffer.buf_len)) return false;
        visit(MemoryRange{buffer.buf, buffer.buf_len});
    }
    return true;
}

bool areWritable(const std::vector<MemoryRange>& ranges, CallContext& call) {
    return std::all_of(ranges.begin(), ranges.end(),
                       [&](const MemoryRange& r) { return call.memory.contains(r.address, r.length); });
}

/// Where nothing counts what was read, it is all: the bytes are repeated.
uint64_t fill(const std::vector<MemoryRange>& targets, const std::string& bytes, bool isCounted,
              CallContext& call) {
    uint64_t done = 0;
    for (const MemoryRange& target : targets) {
        const auto length = static_cast<uint32_t>(
            isCounted ? std::min<uint64_t>(target.length, bytes.size() - done) : target.length);
        uint8_t* const room = call.memory.writable(target.address, length);
        for (uint32_t i = 0; i < length; i++)
            room[i] = bytes.empty() ? 0 : static_cast<uint8_t>(bytes[(done + i) % bytes.size()]);
        if (length) call.memory.wrote(target.address, length);
        done += length;
    }
    return done;
}

/// As fd_readdir fills its buffer: what follows the entry of that cookie, and of the last one that fits as much as fits.
uint64_t list(const MockRule& rule, MemoryRange target, uint64_t cookie, CallContext& call) {
    size_t i = 0;
    while (cookie != 0 && i < rule.entries.size())
        if (cookieOf(rule, i++) == cookie) break;
    uint8_t* const room = call.memory.writable(target.address, target.length);
    uint32_t used = 0;
    for (; i < rule.entries.size() && used < target.length; i++) {
        const MockDirent& entry = rule.entries[i];
        std::string bytes(Abi<Dirent>::size(), '\0');
        Abi<Dirent>::store(
            reinterpret_cast<uint8_t*>(bytes.data()),
            {cookieOf(rule, i), entry.inode, static_cast<uint32_t>(entry.name.size()), entry.type});
        bytes += entry.name;
        const auto part = static_cast<uint32_t>(std::min<size_t>(bytes.size(), target.length - used));
        std::memcpy(room + used, bytes.data(), part);
        used += part;
    }
    if (used) call.memory.wrote(target.address, used);
    return used;
}

uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

}  // namespace

std::string refusal(const MockRule& rule, const HostFunction& function) {
    const std::string name(function.name);
    switch (rule.action) {
    case MockAction::Errno: return function.returnsErrno ? "" : "errno: " + name + " does not return";
    case MockAction::Reply: {
        std::string why = refusesReply(function);
        if (!why.empty()) return "reply: " + why;
        why = refusesValues(rule, function);
        if (why.empty()) why = refusesBytes(rule, function);
        return why.empty() ? refusesEntries(rule, function) : why;
    }
    case MockAction::Short:
        if (find(function, Shape::Source) || find(function, Shape::Target)) return {};
        return "short: " + name + " neither reads nor writes through buffers";
    case MockAction::Corrupt: {
        const HostParameter* bytes = find(function, Shape::Bytes);
        if (fillsStructures(function))
            return "corrupt: what " + name + " fills has lengths in it, which would lie";
        if (find(function, Shape::Target) || (bytes && lengthOf(function, *bytes))) return {};
        return "corrupt: " + name + " reads no bytes";
    }
    default: return {};
    }
}

void note(const HostFunction& function, CallContext& call) {
    if (!call.logging()) return;
    for (const HostParameter& p : function.parameters) {
        const auto address = static_cast<uint32_t>(call.slots[p.slot]);
        if (p.shape == Shape::Text)
            (void)call.memory.read(address, static_cast<uint32_t>(call.slots[p.slot + 1]));
        if (p.shape != Shape::Source && p.shape != Shape::Target) continue;
        const auto count = static_cast<uint32_t>(call.slots[p.slot + 1]);
        if (count > kMaxBuffers || !call.memory.read(address, count * uint64_t{Abi<Iovec>::size()})) continue;
        (void)eachBuffer(p, call, [&](const MemoryRange& range) {
            if (p.shape == Shape::Source) (void)call.memory.read(range.address, range.length);
        });
    }
}

std::vector<MemoryRange> targetsOf(const HostFunction& function, CallContext& call) {
    std::vector<MemoryRange> ranges;
    if (const HostParameter* list = find(function, Shape::Target)) {
        if (!eachBuffer(*list, call, [&](const MemoryRange& range) { ranges.push_back(range); }))
            ranges.clear();
    } else if (const HostParameter* bytes = find(function, Shape::Bytes)) {
        if (const HostParameter* length = lengthOf(function, *bytes))
            ranges.push_back({static_cast<uint32_t>(call.slots[bytes->slot]),
                              static_cast<uint32_t>(call.slots[length->slot])});
    }
    return ranges;
}

Errno reply(const MockRule& rule, const HostFunction& function, CallContext& call) {
    for (const HostParameter& r : function.results)
        if (!call.memory.contains(static_cast<uint32_t>(call.slots[r.slot]), r.size)) return Errno::Fault;
    const HostParameter* const source = find(function, Shape::Source);
    uint64_t given = 0;
    if (source && !eachBuffer(*source, call, [&](const MemoryRange& range) { given += range.length; }))
        return Errno::Fault;
    if (given > UINT32_MAX) return Errno::Inval;
    const HostParameter* const target = find(function, Shape::Target);
    if (target && !eachBuffer(*target, call, [](const MemoryRange&) {})) return Errno::Fault;
    const auto targets = targetsOf(function, call);
    if (!areWritable(targets, call)) return Errno::Fault;

    const HostParameter* const count = countOf(function);
    uint64_t moved = given;
    if (fillsStructures(function))
        moved = list(rule, targets.at(0), cookieArgument(function, call), call);
    else if (!targets.empty())
        moved = fill(targets, rule.bytes, count != nullptr, call);
    for (const HostParameter& r : function.results) {
        std::vector<uint8_t> encoded(r.size, 0);
        const auto put = [&](const HostField& field, uint64_t value) {
            std::memcpy(encoded.data() + field.offset, &value, field.size);
        };
        if (&r == count) put(r.fields[0], moved);
        for (const auto& [name, text] : rule.values) {
            const HostParameter* of = nullptr;
            const HostField* field = findField(function, name, &of);
            if (!field || of != &r) continue;
            uint64_t value = parseValue(*field, text).value_or(0);
            if (&r == count) value = std::min(value, moved);
            put(*field, value);
        }
        (void)call.memory.write(static_cast<uint32_t>(call.slots[r.slot]), encoded.data(), encoded.size());
    }
    return Errno::Success;
}

void corrupt(const MockRule& rule, uint64_t number, const HostFunction& function,
             const std::vector<MemoryRange>& targets, CallContext& call) {
    uint64_t left = 0;
    for (const MemoryRange& target : targets)
        left += target.length;
    if (const HostParameter* count = countOf(function)) {
        uint32_t moved = 0;
        std::memcpy(&moved, call.memory.writable(static_cast<uint32_t>(call.slots[count->slot]), 4), 4);
        left = std::min<uint64_t>(left, moved);
    }
    for (uint64_t i = 0; left > 0 && i < std::min<uint64_t>(rule.count, 8 * left); i++) {
        uint64_t bit = mix(mix(rule.seed ^ mix(number)) + i) % (8 * left);
        for (const MemoryRange& target : targets) {
            if (bit >= 8 * uint64_t{target.length}) {
                bit -= 8 * uint64_t{target.length};
                continue;
            }
            const auto address = static_cast<uint32_t>(target.address + bit / 8);
            if (uint8_t* byte = call.memory.writable(address, 1)) {
                *byte = static_cast<uint8_t>(*byte ^ (1u << (bit % 8)));
                call.memory.changed(address);
            }
            break;
        }
    }
}

double mockChance(uint64_t seed, uint64_t number) {
    return static_cast<double>(mix(mix(seed) + number) >> 11) * 0x1p-53;
}

}  // namespace wasi
