// Messages between us and the symbol child (debugger/symbol_child), over a stream socket. All numbers are in the machine's own order: both
// ends are the same build. We trust nothing that comes back: fixed headers, capped lengths, copied and then checked (DieTable::decode).
#pragma once

#include <cstdint>

namespace debugger::dwarf {

inline constexpr uint32_t kChildMagic = 0x57535944, kChildVersion = 1;
inline constexpr int kChildSocket = 3;  // descriptor of the child's end
inline constexpr uint32_t kMaxChildSections = 16;
inline constexpr uint64_t kMaxReply = 256 << 20;

/// First message, together with the descriptor of a sealed memory file that holds the sections.
struct ChildHello {
    uint32_t magic = kChildMagic, version = kChildVersion, sectionCount = 0, reserved = 0;
    uint64_t bytes = 0;
    struct Section {
        char name[24] = {};
        uint64_t offset = 0, size = 0;
    } sections[kMaxChildSections];
};

/// Asks for the DIE tree of one unit.
struct ChildRequest {
    uint32_t magic = kChildMagic, id = 0;
    uint64_t firstDie = 0, end = 0;  // in its section
    uint32_t isTypes = 0;
    uint32_t infoBase = 0, sectionBase = 0;  // of .debug_info and of this section in the common DIE space
    uint32_t reserved = 0;
};

/// Answer: an encoded DieTable, or a message if status is not 0.
struct ChildReply {
    uint32_t magic = kChildMagic, id = 0, status = 0, reserved = 0;
    uint64_t size = 0;
};

}  // namespace debugger::dwarf
