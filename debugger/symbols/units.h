// Unit: header and unit DIE of one DWARF unit, with what is needed to read the values of its attributes. Made by readUnits(); immutable
// after that. Abbreviations are parsed once per table and shared.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "debugger/symbols/constants.h"
#include "debugger/symbols/sections.h"

namespace debugger::dwarf {

struct AttributeSpec {
    uint16_t name = 0, form = 0;
    int64_t implicitConst = 0;
};
struct Abbreviation {
    uint16_t tag = 0;
    bool hasChildren = false;
    int32_t fixedSize = -1;  // of all attributes together, or -1
    uint32_t firstSpec = 0, specCount = 0;
};

/// One table of .debug_abbrev, for one address and offset size.
class AbbreviationTable {
public:
    AbbreviationTable(Bytes section, uint64_t offset, unsigned version, unsigned addressSize,
                      unsigned offsetSize);
    const Abbreviation* find(uint64_t code) const {
        if (code && code <= m_dense.size()) return &m_dense[code - 1];
        if (m_sparse.empty()) return nullptr;
        const auto it = m_sparse.find(code);
        return it == m_sparse.end() ? nullptr : &it->second;
    }
    std::span<const AttributeSpec> specs(const Abbreviation& a) const {
        return std::span(m_specs).subspan(a.firstSpec, a.specCount);
    }
    uint64_t bytes() const { return m_bytes; }
    bool usesForm(uint16_t form) const;

private:
    std::vector<Abbreviation> m_dense;  // codes 1, 2, 3 … as compilers number them
    std::unordered_map<uint64_t, Abbreviation> m_sparse;
    std::vector<AttributeSpec> m_specs;
    uint64_t m_bytes = 0;
};

enum class ValueClass : uint8_t {
    None,
    Address,
    AddressIndex,
    Unsigned,
    Signed,
    Flag,
    String,
    Block,
    Expression,
    SectionOffset,
    RangeListIndex,
    LocationListIndex,
    Reference,  // offset in the common DIE space
    Signature,
    Unreadable,
};

struct AttributeValue {
    ValueClass cls = ValueClass::None;
    uint64_t value = 0;       // number, address, index, offset
    const char* string = "";  // String; lives as long as the sections
    Bytes block;              // Block, Expression

    explicit operator bool() const { return cls != ValueClass::None; }
};

struct Unit {
    uint32_t index = 0;
    uint32_t offset = 0, end = 0;  // in the common DIE space
    uint32_t firstDie = 0;
    uint32_t sectionBase = 0;  // base of its InfoSection
    Bytes section;             // bytes of its InfoSection
    const DebugSections* all = nullptr;
    const SectionSet* sections = nullptr;
    uint32_t set = 0;
    uint16_t version = 0;
    uint8_t addressSize = 4, offsetSize = 4, type = DW_UT_compile;
    bool isTypes = false;  // in .debug_types
    bool isGood = false;   // header and unit DIE could be read
    uint64_t abbrevOffset = 0;
    std::shared_ptr<const AbbreviationTable> abbreviations;
    uint64_t signature = 0;  // of a type unit, or the id that joins skeleton and split unit
    uint32_t typeDie = 0;    // of a type unit

    const char* name = "";
    const char* compDir = "";
    const char* producer = "";
    const char* dwoName = "";
    uint16_t language = 0;
    uint64_t strOffsetsBase = 0, addrBase = 0, rnglistsBase = 0, loclistsBase = 0, rangesBase = 0;
    uint64_t abbrevBase = 0, lineBase = 0, locBase = 0;  // contribution of a package (.dwp)
    std::optional<uint64_t> lineOffset;
    uint64_t lowPc = 0;  // base address of lists
    std::optional<uint64_t> highPc;
    AttributeValue ranges;
    uint32_t partner = ~uint32_t{0};  // skeleton ↔ split unit

    bool isSplit() const { return set != 0; }
    bool isTypeUnit() const { return isTypes || type == DW_UT_type || type == DW_UT_split_type; }
    ByteReader reader(uint32_t dieOffset) const {
        return ByteReader(section.first(end - sectionBase), dieOffset - sectionBase);
    }
    std::optional<uint64_t> addressAt(uint64_t index) const;
    /// Resolves Address and AddressIndex.
    std::optional<uint64_t> address(const AttributeValue& value) const;
};

/// Reads one value; on an unknown form the reader fails.
AttributeValue readValue(ByteReader& reader, const Unit& unit, uint16_t form, int64_t implicitConst);
void skipValue(ByteReader& reader, const Unit& unit, uint16_t form);

/// One attribute of the DIE at `offset` (None if absent), or calls `visit(spec, value)` for all. Returns the tag, 0 if there is no DIE.
template <class Visit>
uint16_t readDie(const Unit& unit, uint32_t offset, Visit&& visit) {
    if (!unit.abbreviations || offset < unit.firstDie || offset >= unit.end) return 0;
    ByteReader reader = unit.reader(offset);
    const Abbreviation* abbreviation = unit.abbreviations->find(reader.uleb());
    if (!abbreviation) return 0;
    for (const AttributeSpec& spec : unit.abbreviations->specs(*abbreviation)) {
        const AttributeValue value = readValue(reader, unit, spec.form, spec.implicitConst);
        if (!reader.ok()) break;
        visit(spec, value);
    }
    return abbreviation->tag;
}

/// All units of all sections; the unit DIEs are read by two threads. Bad ones are listed with isGood false.
std::vector<Unit> readUnits(DebugSections& sections, const std::string& moduleFile);

/// "C11", "C++14", "Rust" …; "" for 0.
std::string languageName(uint16_t language);
bool isCLike(uint16_t language);

/// Runs work(i) for i in [0, count) on two threads; work must not throw.
void parallelFor(size_t count, const std::function<void(size_t)>& work);

}  // namespace debugger::dwarf
