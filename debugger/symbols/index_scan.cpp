#include "debugger/symbols/index_scan.h"

#include "debugger/symbols/lists.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxDepth = 4096;

enum class Interest : uint8_t { None, Scope, Leaf, Function, Variable };

Interest interestIn(uint16_t tag) {
    switch (tag) {
    case DW_TAG_subprogram: return Interest::Function;
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
    case DW_TAG_interface_type: return Interest::Scope;
    case DW_TAG_typedef:
    case DW_TAG_base_type:
    case DW_TAG_unspecified_type: return Interest::Leaf;
    case DW_TAG_variable: return Interest::Variable;
    default: return Interest::None;
    }
}

class Scanner {
public:
    Scanner(const Unit& unit, ScanBudget& budget)
        : m_unit(unit), m_budget(budget), m_reader(unit.reader(unit.firstDie)) {}

    UnitScan run() {
        const uint32_t end = m_unit.end - m_unit.sectionBase;
        while (m_reader.ok() && m_reader.position() < end) {
            m_offset = m_unit.sectionBase + static_cast<uint32_t>(m_reader.position());
            const uint64_t code = m_reader.uleb();
            if (!code) {
                if (!m_levels.empty()) m_levels.pop_back();
                if (m_levels.empty()) break;
                continue;
            }
            const Abbreviation* abbreviation = m_unit.abbreviations->find(code);
            if (!abbreviation) return stop("an abbreviation is missing");
            const int32_t entry = take(*abbreviation);
            if (m_result.problem) break;
            if (abbreviation->hasChildren && !descend(*abbreviation, entry))
                return stop("DIEs are nested too deeply");
            if (m_levels.empty()) break;
        }
        if (!m_reader.ok()) return stop("a DIE is cut off");
        return std::move(m_result);
    }

private:
    struct Level {
        int32_t scope = -1;
        bool inFunction = false;
    };
    UnitScan stop(const char* problem) {
        m_result.problem = problem;
        return std::move(m_result);
    }
    Level level() const { return m_levels.empty() ? Level{} : m_levels.back(); }
    bool descend(const Abbreviation& abbreviation, int32_t entry) {
        if (m_levels.size() >= kMaxDepth) return false;
        Level next = level();
        const Interest interest = interestIn(abbreviation.tag);
        if (entry >= 0 && (interest == Interest::Scope || interest == Interest::Function)) next.scope = entry;
        if (interest == Interest::Function) next.inFunction = true;
        m_levels.push_back(next);
        return true;
    }

    /// Reads the DIE, or goes over it; the entry made of it, or -1.
    int32_t take(const Abbreviation& abbreviation) {
        const Interest interest = interestIn(abbreviation.tag);
        if (interest == Interest::None || (interest == Interest::Variable && level().inFunction)) {
            skip(abbreviation);
            return -1;
        }
        Entry entry;
        entry.offset = m_offset;
        entry.parent = level().scope;
        entry.tag = abbreviation.tag;
        if (level().inFunction) entry.flags |= Entry::InFunction;
        AttributeValue low, high, ranges;
        for (const AttributeSpec& spec : m_unit.abbreviations->specs(abbreviation)) {
            switch (spec.name) {
            case DW_AT_name: entry.name = read(spec).string; break;
            case DW_AT_linkage_name:
            case DW_AT_MIPS_linkage_name: entry.linkage = read(spec).string; break;
            case DW_AT_specification:
            case DW_AT_abstract_origin: {
                const AttributeValue value = read(spec);
                if (value.cls == ValueClass::Reference) entry.origin = static_cast<uint32_t>(value.value);
                break;
            }
            case DW_AT_declaration: entry.flags |= read(spec).value ? Entry::Declaration : 0; break;
            case DW_AT_location:
            case DW_AT_const_value:
                entry.flags |= Entry::HasLocation;
                read(spec);
                break;
            case DW_AT_signature:
                entry.flags |= Entry::HasSignature;
                read(spec);
                break;
            case DW_AT_inline: {
                const uint64_t how = read(spec).value;  // DW_INL_inlined, DW_INL_declared_inlined
                if (how == 1 || how == 3) entry.flags |= Entry::Inlined;
                break;
            }
            case DW_AT_artificial: entry.flags |= read(spec).value ? Entry::Artificial : 0; break;
            case DW_AT_low_pc: low = read(spec); break;
            case DW_AT_high_pc: high = read(spec); break;
            case DW_AT_ranges: ranges = read(spec); break;
            default: skipValue(m_reader, m_unit, spec.form);
            }
        }
        if (!m_reader.ok()) return -1;
        if (m_budget.entries.fetch_sub(1) <= 0) {
            m_result.problem = "the limit of declarations is reached";
            return -1;
        }
        const auto index = static_cast<uint32_t>(m_result.entries.size());
        if (interest == Interest::Function && (low || ranges)) {
            if (m_budget.ranges <= 0) ranges = {};
            for (const AddressRange& range : readRanges(m_unit, low, high, ranges)) {
                entry.flags |= Entry::HasCode;
                m_result.functions.push_back({range, {m_unit.index, index}});
                --m_budget.ranges;
            }
        }
        m_result.entries.push_back(entry);
        return static_cast<int32_t>(index);
    }

    AttributeValue read(const AttributeSpec& spec) {
        return readValue(m_reader, m_unit, spec.form, spec.implicitConst);
    }
    void skip(const Abbreviation& abbreviation) {
        if (abbreviation.fixedSize >= 0) return m_reader.skip(static_cast<uint64_t>(abbreviation.fixedSize));
        for (const AttributeSpec& spec : m_unit.abbreviations->specs(abbreviation))
            skipValue(m_reader, m_unit, spec.form);
    }

    const Unit& m_unit;
    ScanBudget& m_budget;
    ByteReader m_reader;
    uint32_t m_offset = 0;
    std::vector<Level> m_levels;
    UnitScan m_result;
};

}  // namespace

UnitScan scanUnit(const Unit& unit, ScanBudget& budget) { return Scanner(unit, budget).run(); }

}  // namespace debugger::dwarf
