#include "debugger/symbols/units.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "debugger/symbols/split_index.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxUnits = 1 << 20;

/// Abbreviation tables by offset, shared by units. The budget stops tables that are read again from ever other offsets.
class AbbreviationCache {
public:
    std::shared_ptr<const AbbreviationTable> get(const Unit& unit) {
        const Bytes section = unit.sections->abbrev;
        const Key key{section.data(), unit.abbrevBase + unit.abbrevOffset,
                      unit.version << 16 | unit.addressSize << 8 | unit.offsetSize};
        {
            const std::lock_guard lock(m_mutex);
            if (const auto it = m_tables.find(key); it != m_tables.end()) return it->second;
            if (m_parsed > (uint64_t{64} << 20) + 4 * section.size()) return nullptr;
        }
        auto table = std::make_shared<const AbbreviationTable>(section, std::get<1>(key), unit.version,
                                                               unit.addressSize, unit.offsetSize);
        const std::lock_guard lock(m_mutex);
        m_parsed += table->bytes();
        return m_tables.emplace(key, std::move(table)).first->second;
    }

private:
    using Key = std::tuple<const uint8_t*, uint64_t, int>;
    std::mutex m_mutex;
    std::map<Key, std::shared_ptr<const AbbreviationTable>> m_tables;
    uint64_t m_parsed = 0;
};

/// Header at the reader's position (DWARF 5, section 7.5.1). The reader ends behind the unit, or fails if there is no next one.
Unit readHeader(ByteReader& reader, const InfoSection& info, std::string& problem) {
    Unit unit;
    const uint64_t begin = reader.position();
    uint64_t length = reader.u32();
    if (length == 0xffffffff) {
        length = reader.u64();
        unit.offsetSize = 8;
    } else if (length >= 0xfffffff0) {
        reader.fail();
    }
    if (length > reader.remaining()) {
        problem = "a unit is longer than its section";
        length = reader.remaining();
    }
    ByteReader header(info.bytes.first(reader.position() + length), reader.position());
    reader.skip(length);
    unit.offset = info.base + static_cast<uint32_t>(begin);
    unit.end = info.base + static_cast<uint32_t>(reader.position());
    unit.version = header.u16();
    if (unit.version < 2 || unit.version > 5) {
        if (header.ok()) problem = "DWARF version " + std::to_string(unit.version) + " is not known";
        return unit;
    }
    if (unit.version == 5) {
        unit.type = header.u8();
        unit.addressSize = header.u8();
        unit.abbrevOffset = header.unsignedOf(unit.offsetSize);
    } else {
        unit.abbrevOffset = header.unsignedOf(unit.offsetSize);
        unit.addressSize = header.u8();
    }
    const bool typeUnit = info.isTypes || unit.type == DW_UT_type || unit.type == DW_UT_split_type;
    if (typeUnit || unit.type == DW_UT_skeleton || unit.type == DW_UT_split_compile)
        unit.signature = header.u64();
    if (typeUnit) unit.typeDie = unit.offset + static_cast<uint32_t>(header.unsignedOf(unit.offsetSize));
    unit.firstDie = info.base + static_cast<uint32_t>(header.position());
    unit.isGood = header.ok() && (unit.addressSize == 4 || unit.addressSize == 8);
    if (header.ok() && !unit.isGood)
        problem = "address size " + std::to_string(unit.addressSize) + " is not known";
    return unit;
}

void takeAttribute(Unit& unit, uint16_t name, const AttributeValue& value) {
    switch (name) {
    case DW_AT_str_offsets_base: unit.strOffsetsBase = value.value; break;
    case DW_AT_addr_base:
    case DW_AT_GNU_addr_base: unit.addrBase = value.value; break;
    case DW_AT_rnglists_base: unit.rnglistsBase = value.value; break;
    case DW_AT_loclists_base: unit.loclistsBase = value.value; break;
    case DW_AT_GNU_ranges_base: unit.rangesBase = value.value; break;
    case DW_AT_name: unit.name = value.string; break;
    case DW_AT_comp_dir: unit.compDir = value.string; break;
    case DW_AT_producer: unit.producer = value.string; break;
    case DW_AT_dwo_name:
    case DW_AT_GNU_dwo_name: unit.dwoName = value.string; break;
    case DW_AT_GNU_dwo_id: unit.signature = value.value; break;
    case DW_AT_language: unit.language = static_cast<uint16_t>(value.value); break;
    case DW_AT_stmt_list: unit.lineOffset = value.value + unit.lineBase; break;
    case DW_AT_ranges: unit.ranges = value; break;
    default: break;
    }
}

/// The bases come first: the other attributes are read by them, in whatever order they stand.
void readUnitDie(Unit& unit) {
    readDie(unit, unit.firstDie, [&](const AttributeSpec& spec, const AttributeValue& value) {
        if (spec.name == DW_AT_str_offsets_base || spec.name == DW_AT_addr_base ||
            spec.name == DW_AT_GNU_addr_base) {
            takeAttribute(unit, spec.name, value);
        }
    });
    AttributeValue low, high;
    unit.isGood = readDie(unit, unit.firstDie, [&](const AttributeSpec& spec, const AttributeValue& value) {
                      if (spec.name == DW_AT_low_pc)
                          low = value;
                      else if (spec.name == DW_AT_high_pc)
                          high = value;
                      else
                          takeAttribute(unit, spec.name, value);
                  }) != 0;
    unit.lowPc = unit.address(low).value_or(0);
    if (const auto end = unit.address(high))
        unit.highPc = end;
    else if (high)
        unit.highPc = unit.lowPc + high.value;
}

/// Bases of units that do not name them: behind the header of the unit's only (or, in a package, own) contribution.
void setDefaults(Unit& unit) {
    if (unit.version < 5) return;
    const uint64_t header = unit.offsetSize == 8 ? 16 : 8;
    unit.strOffsetsBase += header;
    if (unit.isSplit()) {
        unit.rnglistsBase += header + 4;
        unit.loclistsBase += header + 4;
    } else {
        unit.addrBase = header;
    }
}

void openSplitFiles(DebugSections& sections, const std::vector<Unit>& units, const std::string& moduleFile) {
    if (sections.sets.size() > 1) return;  // there is a package
    std::string missing;
    uint32_t count = 0;
    for (const Unit& unit : units) {
        if (!*unit.dwoName || sections.sets.size() > 4096) continue;
        auto file = fileBeside(moduleFile, unit.dwoName);
        if (file && addSplitFile(sections, std::move(file))) continue;
        if (count++ == 0) missing = std::filesystem::path(unit.dwoName).filename().string().substr(0, 200);
    }
    if (!count) return;
    sections.problems.push_back("split debug info is not beside the module: " + missing +
                                (count > 1 ? " and " + std::to_string(count - 1) + " more" : "") +
                                "; variables and types of these units are missing (a .dwp file works too)");
}

/// Split units take addresses, lines and folder from their skeleton.
void joinSplitUnits(std::vector<Unit>& units) {
    std::unordered_map<uint64_t, uint32_t> skeletons;
    for (const Unit& unit : units) {
        if (!unit.isSplit() && (unit.type == DW_UT_skeleton || *unit.dwoName))
            skeletons.emplace(unit.signature, unit.index);
    }
    for (Unit& unit : units) {
        const auto it =
            unit.isSplit() && !unit.isTypeUnit() ? skeletons.find(unit.signature) : skeletons.end();
        if (it == skeletons.end()) continue;
        Unit& skeleton = units[it->second];
        unit.partner = skeleton.index;
        skeleton.partner = unit.index;
        unit.addrBase = skeleton.addrBase;
        unit.rangesBase = skeleton.rangesBase;
        unit.lowPc = skeleton.lowPc;
        unit.highPc = skeleton.highPc;
        unit.lineOffset = skeleton.lineOffset;
        if (!*unit.compDir) unit.compDir = skeleton.compDir;
    }
}

void readHeaders(DebugSections& sections, size_t firstInfo, std::vector<Unit>& units) {
    for (size_t i = firstInfo; i < sections.infos.size(); ++i) {
        const InfoSection& info = sections.infos[i];
        const SplitIndex index(
            info.isTypes ? sections.sets[info.set].tuIndex : sections.sets[info.set].cuIndex,
            info.isTypes ? Bytes() : sections.sets[info.set].tuIndex);
        std::string problem;
        ByteReader reader(info.bytes);
        while (reader.ok() && !reader.atEnd() && units.size() < kMaxUnits) {
            Unit unit = readHeader(reader, info, problem);
            if (!reader.ok()) break;
            unit.index = static_cast<uint32_t>(units.size());
            unit.sectionBase = info.base;
            unit.section = info.bytes;
            unit.set = info.set;
            unit.isTypes = info.isTypes;
            if (info.set) index.apply(unit);
            setDefaults(unit);
            units.push_back(std::move(unit));
        }
        if (problem.empty() && !reader.ok()) problem = "the last unit header is cut off";
        if (!problem.empty()) {
            sections.problems.push_back(std::string("debug info: ") +
                                        (info.isTypes ? ".debug_types: " : ".debug_info: ") + problem);
        }
    }
}

void readUnitDies(DebugSections& sections, AbbreviationCache& cache, std::vector<Unit>& units, size_t first) {
    for (size_t i = first; i < units.size(); ++i) {
        units[i].all = &sections;
        units[i].sections = &sections.sets[units[i].set];
    }
    parallelFor(units.size() - first, [&](size_t i) {
        Unit& unit = units[first + i];
        if (!unit.isGood) return;
        unit.abbreviations = cache.get(unit);
        if (unit.abbreviations)
            readUnitDie(unit);
        else
            unit.isGood = false;
    });
}

}  // namespace

std::vector<Unit> readUnits(DebugSections& sections, const std::string& moduleFile) {
    std::vector<Unit> units;
    AbbreviationCache cache;
    readHeaders(sections, 0, units);
    readUnitDies(sections, cache, units, 0);
    const size_t infos = sections.infos.size(), first = units.size();
    openSplitFiles(sections, units, moduleFile);
    readHeaders(sections, infos, units);
    for (Unit& unit : units)
        unit.sections = &sections.sets[unit.set];
    readUnitDies(sections, cache, units, first);
    joinSplitUnits(units);

    size_t bad = 0;
    for (const Unit& unit : units)
        bad += !unit.isGood;
    if (bad)
        sections.problems.push_back("debug info: " + std::to_string(bad) + " of " +
                                    std::to_string(units.size()) + " units are unreadable");
    return units;
}

std::string languageName(uint16_t language) {
    switch (language) {
    case 0: return "";
    case 0x01: return "C89";
    case 0x02: return "C";
    case 0x04: return "C++";
    case 0x0c: return "C99";
    case 0x10: return "Objective-C";
    case 0x11: return "Objective-C++";
    case 0x13: return "D";
    case 0x16: return "Go";
    case 0x19: return "C++03";
    case 0x1a: return "C++11";
    case 0x1c: return "Rust";
    case 0x1d: return "C11";
    case 0x1e: return "Swift";
    case 0x21: return "C++14";
    case 0x27: return "Zig";
    case 0x2a: return "C++17";
    case 0x2b: return "C++20";
    case 0x2c: return "C17";
    case 0x31:
    case 0x8001: return "Assembly";
    case 0x3a: return "C++23";
    case 0x3e: return "C23";
    default: return "language " + std::to_string(language);
    }
}

bool isCLike(uint16_t language) {
    switch (language) {
    case 0x01:
    case 0x02:
    case 0x0c:
    case 0x10:
    case 0x1d:
    case 0x2c:
    case 0x3e: return true;
    default: return false;
    }
}

void parallelFor(size_t count, const std::function<void(size_t)>& work) {
    std::atomic<size_t> next{0};
    const auto run = [&] {
        for (size_t i = next++; i < count; i = next++)
            work(i);
    };
    if (count < 2 || std::thread::hardware_concurrency() < 2) return run();
    std::thread other(run);
    run();
    other.join();
}

}  // namespace debugger::dwarf
