// Index: what a module's DWARF declares by name: functions with their code, types, variables of namespaces and units. One pass over all DIEs
// by our own scanner, units in parallel; names are pointers into the sections and made strings only when somebody asks.
#pragma once

#include <string>
#include <vector>

#include "debugger/symbols/units.h"

namespace debugger::dwarf {

struct Entry {
    enum Flag : uint8_t {
        Declaration = 1,
        HasCode = 2,
        HasLocation = 4,
        InFunction = 8,
        HasSignature = 16,
        Artificial = 32,
        Inlined = 64
    };
    uint32_t offset = 0;  // of the DIE, in the common space
    int32_t parent = -1;  // entry of the same unit
    uint32_t origin = 0;  // DIE of DW_AT_specification or DW_AT_abstract_origin, or 0
    uint16_t tag = 0;
    uint8_t flags = 0;
    const char* name = "";
    const char* linkage = "";
};

struct EntryRef {
    uint32_t unit = 0, entry = 0;
    bool operator==(const EntryRef&) const = default;
};

/// One contiguous piece of code of a function; nearly always all of it.
struct FunctionCode {
    AddressRange range;
    EntryRef ref;
};

class Index {
public:
    Index(const DebugSections& sections, const std::vector<Unit>& units, const SymbolOptions& options);

    const std::vector<Unit>& units() const { return m_units; }
    const std::vector<FunctionCode>& functions() const { return m_functions; }  // by address, each piece once
    const FunctionCode* functionAt(uint32_t address) const;
    const Unit* unitOf(uint32_t dieOffset) const;
    /// Unit whose DW_AT_ranges or functions cover the address.
    const Unit* unitAt(uint32_t address) const;
    const Unit* typeUnit(uint64_t signature) const;

    const Entry& entry(EntryRef ref) const { return m_entries[ref.unit][ref.entry]; }
    const std::vector<Entry>& entriesOf(uint32_t unit) const { return m_entries[unit]; }
    std::optional<EntryRef> find(uint32_t dieOffset) const;
    /// The entry at the end of the chain of specification, abstract origin and signature; itself if there is none.
    EntryRef originOf(EntryRef ref) const;
    std::string name(EntryRef ref) const;
    std::string linkageName(EntryRef ref) const;
    std::string qualifiedName(EntryRef ref) const;
    /// Names of the DIE at an offset that need not be in the index (a block's parent …).
    std::string qualifiedName(uint32_t dieOffset) const;

    enum class Kind : uint8_t { Function, Type, Variable };
    /// By plain or qualified (functions also by linkage) name; only definitions.
    std::vector<EntryRef> lookUp(Kind kind, std::string_view name) const;

    std::vector<std::string> problems() const { return m_problems; }

private:
    struct Key {
        uint64_t hash = 0;
        EntryRef ref;
    };
    /// The DIE that an entry completes or repeats: specification, abstract origin, or the type unit of its signature.
    std::optional<EntryRef> next(EntryRef ref) const;
    void scanAll(const SymbolOptions& options);
    void collectFunctions(std::vector<std::vector<FunctionCode>>& pieces);
    const std::vector<Key>& keys(Kind kind) const;

    const DebugSections& m_sections;
    const std::vector<Unit>& m_units;
    std::vector<std::vector<Entry>> m_entries;  // by unit; by offset
    std::vector<FunctionCode> m_functions;
    std::vector<std::pair<AddressRange, uint32_t>> m_unitRanges;  // by address
    std::unordered_map<uint64_t, uint32_t> m_typeUnits;
    mutable std::vector<Key> m_keys[3];
    mutable bool m_hasKeys[3] = {};
    std::vector<std::string> m_problems;
};

/// A name for showing and comparing: cut after 32 KiB.
std::string nameOf(const char* name);

}  // namespace debugger::dwarf
