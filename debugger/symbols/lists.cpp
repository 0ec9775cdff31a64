#include "debugger/symbols/lists.h"

#include "debugger/symbols/expression_ops.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxEntries = 65536;  // of one list

struct RawEntry {
    uint64_t low = 0, high = 0;
    Bytes expression;
    bool isDefault = false;  // everywhere that no other entry covers
};

/// wasm-ld writes -1 (or -2 in .debug_ranges and .debug_loc, where -1 means something else) for what it threw away.
bool isDead(const Unit& unit, uint64_t address) {
    const uint64_t all = unit.addressSize == 8 ? ~uint64_t{0} : 0xffffffff;
    return address >= all - 1;
}

/// .debug_ranges and .debug_loc.
std::vector<RawEntry> readPairs(const Unit& unit, Bytes section, uint64_t offset, bool withExpressions) {
    const uint64_t all = unit.addressSize == 8 ? ~uint64_t{0} : 0xffffffff;
    std::vector<RawEntry> entries;
    ByteReader reader(section, offset);
    uint64_t base = unit.lowPc;
    while (reader.ok() && entries.size() < kMaxEntries) {
        RawEntry entry;
        entry.low = reader.unsignedOf(unit.addressSize);
        entry.high = reader.unsignedOf(unit.addressSize);
        if (!reader.ok() || (!entry.low && !entry.high)) break;
        if (entry.low == all) {
            base = entry.high;
            continue;
        }
        if (withExpressions) entry.expression = reader.bytes(reader.u16());
        if (!reader.ok()) break;
        if (isDead(unit, entry.low) || isDead(unit, base)) continue;
        entry.low += base;
        entry.high += base;
        entries.push_back(entry);
    }
    return entries;
}

/// One entry of .debug_rnglists or .debug_loclists. The codes of both are the same but for default_location, which moves those behind it.
enum class Kind : uint8_t {
    End,
    BaseIndex,
    StartEndIndex,
    StartLengthIndex,
    OffsetPair,
    Default,
    Base,
    StartEnd,
    StartLength,
    Bad
};
Kind kindOf(uint8_t code, bool isLocation) {
    if (!isLocation && code >= DW_RLE_base_address) ++code;
    return code < static_cast<uint8_t>(Kind::Bad) ? static_cast<Kind>(code) : Kind::Bad;
}

/// GNU split DWARF 4: .debug_loc.dwo with DW_LLE codes of its own.
std::vector<RawEntry> readGnuSplitLocations(const Unit& unit, Bytes section, uint64_t offset) {
    std::vector<RawEntry> entries;
    ByteReader reader(section, offset);
    while (reader.ok() && entries.size() < kMaxEntries) {
        const uint8_t code = reader.u8();
        if (code != 2 && code != 3) break;  // start_end, start_length; the others are not written by anyone
        RawEntry entry;
        const auto low = unit.addressAt(reader.uleb());
        const auto high = code == 2 ? unit.addressAt(reader.uleb())
                                    : std::optional<uint64_t>(low.value_or(0) + reader.u32());
        entry.expression = reader.bytes(reader.u16());
        if (!reader.ok()) break;
        if (!low || !high || isDead(unit, *low)) continue;
        entry.low = *low;
        entry.high = *high;
        entries.push_back(entry);
    }
    return entries;
}

/// .debug_rnglists and .debug_loclists.
std::vector<RawEntry> readCoded(const Unit& unit, Bytes section, uint64_t offset, bool isLocation) {
    std::vector<RawEntry> entries;
    ByteReader reader(section, offset);
    uint64_t base = unit.lowPc;
    bool known = true;  // the present base could be found
    const auto index = [&] {
        const auto address = unit.addressAt(reader.uleb());
        return known = known && address, address.value_or(0);
    };
    while (reader.ok() && entries.size() < kMaxEntries) {
        RawEntry entry;
        const Kind kind = kindOf(reader.u8(), isLocation);
        if (kind == Kind::End || kind == Kind::Bad) break;
        const bool baseKnown = known;
        if (kind == Kind::BaseIndex || kind == Kind::Base) {
            known = true;
            base = kind == Kind::Base ? reader.unsignedOf(unit.addressSize) : index();
            continue;
        }
        if (kind != Kind::OffsetPair) known = true;
        switch (kind) {
        case Kind::StartEndIndex:
            entry.low = index();
            entry.high = index();
            break;
        case Kind::StartLengthIndex:
            entry.low = index();
            entry.high = entry.low + reader.uleb();
            break;
        case Kind::OffsetPair:
            entry.low = base + reader.uleb();
            entry.high = base + reader.uleb();
            break;
        case Kind::StartEnd:
            entry.low = reader.unsignedOf(unit.addressSize);
            entry.high = reader.unsignedOf(unit.addressSize);
            break;
        case Kind::StartLength:
            entry.low = reader.unsignedOf(unit.addressSize);
            entry.high = entry.low + reader.uleb();
            break;
        default: entry.isDefault = true; break;
        }
        if (isLocation) entry.expression = reader.bytes(reader.uleb());
        const bool dead = isDead(unit, entry.low) || (kind == Kind::OffsetPair && isDead(unit, base));
        if (reader.ok() && known && !dead) entries.push_back(entry);
        known = baseKnown;
    }
    return entries;
}

/// Offset of list number `index`: the table of offsets stands at `base` (DWARF 5, section 7.28).
std::optional<uint64_t> listOffset(const Unit& unit, Bytes section, uint64_t base, uint64_t index) {
    if (index > section.size()) return std::nullopt;
    ByteReader reader(section, base);
    reader.skip(index * unit.offsetSize);
    const uint64_t offset = reader.unsignedOf(unit.offsetSize);
    return reader.ok() ? std::optional(base + offset) : std::nullopt;
}

bool isOffset(const AttributeValue& value) {
    return value.cls == ValueClass::SectionOffset ||
           value.cls == ValueClass::Unsigned;  // data4 and data8 before DWARF 4
}

std::vector<RawEntry> rangeEntries(const Unit& unit, const AttributeValue& value) {
    if (value.cls == ValueClass::RangeListIndex) {
        const auto offset = listOffset(unit, unit.sections->rnglists, unit.rnglistsBase, value.value);
        return offset ? readCoded(unit, unit.sections->rnglists, *offset, false) : std::vector<RawEntry>();
    }
    if (!isOffset(value)) return {};
    if (unit.version >= 5) return readCoded(unit, unit.sections->rnglists, value.value, false);
    // The ranges of a split unit stay in the linked file.
    return readPairs(unit, unit.all->sets[0].ranges,
                     unit.isSplit() ? unit.rangesBase + value.value : value.value, false);
}

}  // namespace

std::vector<AddressRange> readRanges(const Unit& unit, const AttributeValue& low, const AttributeValue& high,
                                     const AttributeValue& ranges) {
    std::vector<AddressRange> result;
    AddressRange range;
    const auto add = [&](uint64_t begin, uint64_t end) {
        if (unit.all->toFile(begin, end, range)) result.push_back(range);
    };
    if (ranges) {
        for (const RawEntry& entry : rangeEntries(unit, ranges))
            add(entry.low, entry.high);
    } else if (const auto begin = unit.address(low)) {
        const auto end = unit.address(high);
        if (!isDead(unit, *begin)) add(*begin, end ? *end : high ? *begin + high.value : *begin + 1);
    }
    return result;
}

std::vector<LocationEntry> readLocation(const Unit& unit, const AttributeValue& value) {
    std::vector<RawEntry> entries;
    if (value.cls == ValueClass::Expression || value.cls == ValueClass::Block) {
        if (value.block.empty()) return {};
        return {LocationEntry{{0, ~uint32_t{0}}, resolveExpression(unit, value.block)}};
    }
    if (value.cls == ValueClass::LocationListIndex) {
        const auto offset = listOffset(unit, unit.sections->loclists, unit.loclistsBase, value.value);
        if (offset) entries = readCoded(unit, unit.sections->loclists, *offset, true);
    } else if (isOffset(value)) {
        if (unit.version >= 5)
            entries = readCoded(unit, unit.sections->loclists, value.value, true);
        else if (unit.isSplit())
            entries = readGnuSplitLocations(unit, unit.sections->loc, unit.locBase + value.value);
        else
            entries = readPairs(unit, unit.sections->loc, value.value, true);
    }
    std::vector<LocationEntry> result;
    for (const RawEntry& entry : entries) {
        LocationEntry location;
        if (!entry.isDefault && !unit.all->toFile(entry.low, entry.high, location.range)) continue;
        if (entry.expression.empty()) continue;  // says: optimised out here
        location.expression = resolveExpression(unit, entry.expression);
        result.push_back(std::move(location));
    }
    return result;
}

std::vector<uint8_t> resolveExpression(const Unit& unit, Bytes expression) {
    std::vector<uint8_t> result(expression.begin(), expression.end());
    std::vector<uint8_t> rewritten;
    ByteReader reader(expression);
    bool changed = false;
    while (reader.ok() && !reader.atEnd()) {
        const uint64_t begin = reader.position();
        const uint8_t op = reader.u8();
        if (op == kOpSkip || op == kOpBra) return result;  // jumps count bytes: left as it is
        if (op == kOpAddrx || op == kOpConstx || op == kOpGnuAddrIndex || op == kOpGnuConstIndex) {
            const auto address = unit.addressAt(reader.uleb());
            if (!address) return result;
            const bool wide = unit.addressSize == 8;
            const bool isAddress = op == kOpAddrx || op == kOpGnuAddrIndex;
            rewritten.push_back(isAddress ? kOpAddr : wide ? kOpConst8u : kOpConst4u);
            for (int i = 0; i < unit.addressSize; ++i)
                rewritten.push_back(static_cast<uint8_t>(*address >> (8 * i)));
            changed = true;
            continue;
        }
        if (!skipOperands(reader, op, unit)) return result;
        rewritten.insert(rewritten.end(), expression.begin() + static_cast<ptrdiff_t>(begin),
                         expression.begin() + static_cast<ptrdiff_t>(reader.position()));
    }
    return changed && reader.ok() ? rewritten : result;
}

}  // namespace debugger::dwarf
