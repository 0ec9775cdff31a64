// DebugSections: the .debug_* custom sections of a module, of its separate debug file and of its split units, gathered before anything is
// read. It keeps the files' bytes alive; everything else in this folder holds spans into them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "debugger/symbols/byte_reader.h"
#include "debugger/symbols/symbols.h"

namespace debugger::dwarf {

/// The sections of one file; the strings end with a NUL (what follows the last one is cut off).
struct SectionSet {
    Bytes info, types, abbrev, str, lineStr, strOffsets, addr, line, ranges, rnglists, loc, loclists, cuIndex,
        tuIndex;
};

/// One section of units. DIE offsets of all of them form one space: `base` + offset in the section.
struct InfoSection {
    Bytes bytes;
    uint32_t base = 0;
    uint32_t set = 0;
    bool isTypes = false;
};

struct DebugSections {
    std::vector<SectionSet> sets;  // [0] = the module or its debug file; the others .dwo and .dwp
    std::vector<InfoSection> infos;
    uint32_t codeBegin = 0, codeSize = 0;  // in the module's file; DWARF code addresses count from codeBegin
    std::vector<std::shared_ptr<const std::vector<uint8_t>>> owners;
    std::vector<std::string> problems;

    /// DWARF address → offset in the module's file. False for what the linker threw away and for anything outside the code.
    bool toFile(uint64_t address, uint32_t& offset) const {
        if (address == 0 || address > codeSize) return false;
        offset = codeBegin + static_cast<uint32_t>(address);
        return true;
    }
    /// [low, high) in the file's offsets; false if empty, dead or outside.
    bool toFile(uint64_t low, uint64_t high, AddressRange& range) const {
        return low < high && toFile(low, range.begin) && toFile(high, range.end);
    }
};

/// Gathers the sections; the last of each name wins. Never fails: what is missing or unreadable is in `problems`.
DebugSections gatherSections(const engine::Module& module, const SymbolOptions& options);

/// May gatherSections(), or what then reads the units, open files beside the module?
bool mayReadFiles(const engine::Module& module);

/// Adds the .dwo or .dwp file `bytes` as one more set; false if it has no .debug_info.dwo.
bool addSplitFile(DebugSections& sections, std::shared_ptr<const std::vector<uint8_t>> bytes);

/// A regular file of that (last) name in the module's folder, or null. Names with a scheme are not followed.
std::shared_ptr<const std::vector<uint8_t>> fileBeside(const std::string& moduleFile, std::string_view name);

}  // namespace debugger::dwarf
