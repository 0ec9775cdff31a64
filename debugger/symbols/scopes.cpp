#include "debugger/symbols/scopes.h"

#include <algorithm>

#include "debugger/symbols/dwarf_symbols.h"
#include "debugger/symbols/lists.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxVariables = 20'000, kMaxGlobals = 100'000, kMaxBlocks = 256;

bool isVariable(const DieRef& die) {
    return die.tag() == DW_TAG_variable || die.tag() == DW_TAG_formal_parameter;
}

std::vector<AddressRange> rangesOf(const DieRef& die) {
    return readRanges(*die.unit, die.attribute(DW_AT_low_pc), die.attribute(DW_AT_high_pc),
                      die.attribute(DW_AT_ranges));
}

engine::Error notFound(const std::string& message) { return {engine::ErrorCode::NotFound, message, {}}; }

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

/// Other spellings of C's base types, as compilers write them.
std::vector<std::string> spellings(std::string_view name) {
    static const std::vector<std::vector<std::string>> kSame = {
        {"unsigned int", "unsigned"},
        {"short", "short int", "signed short"},
        {"unsigned short", "short unsigned int", "unsigned short int"},
        {"long", "long int", "signed long"},
        {"unsigned long", "long unsigned int", "unsigned long int"},
        {"long long", "long long int", "signed long long"},
        {"unsigned long long", "long long unsigned int", "unsigned long long int"},
        {"int", "signed int", "signed"},
        {"bool", "_Bool"},
    };
    for (const auto& group : kSame) {
        if (std::find(group.begin(), group.end(), name) != group.end()) return group;
    }
    return {std::string(name)};
}

}  // namespace

Scopes::Scopes(const DebugSections& sections, const Index& index, const LineTables& lines,
               const SymbolOptions& options, std::string moduleName)
    : m_index(index),
      m_lines(lines),
      m_dies(sections, index, options, std::move(moduleName)),
      m_types(m_dies) {}

SourcePlace Scopes::declaration(const DieRef& die) {
    SourcePlace place;
    const Unit* owner = die.unit;
    if (const auto file = m_dies.inherited(die, DW_AT_decl_file, &owner))
        place.file = m_lines.fileOf(*owner, file.value);
    place.line = static_cast<uint32_t>(m_dies.inherited(die, DW_AT_decl_line).value);
    place.column = static_cast<uint32_t>(m_dies.inherited(die, DW_AT_decl_column).value);
    return place;
}

uint64_t Scopes::sizeOf(TypeId type) { return m_types.info(type).byteSize; }

Variable Scopes::variable(const DieRef& die) {
    Variable variable;
    variable.name = nameOf(m_dies.inherited(die, DW_AT_name).string);
    variable.type = m_types.idOf(m_dies.targetOffset(m_dies.inherited(die, DW_AT_type)));
    variable.isParameter = die.tag() == DW_TAG_formal_parameter;
    variable.isArtificial = m_dies.inherited(die, DW_AT_artificial).value != 0;
    variable.declaration = declaration(die);
    variable.unit = die.unit->index;
    variable.locations = readLocation(*die.unit, die.attribute(DW_AT_location));
    if (const auto value = m_dies.inherited(die, DW_AT_const_value))
        variable.constant = constantBytes(value, sizeOf(variable.type));
    return variable;
}

/// The block's variables; of an inlined copy in the order of the abstract form, with those that only the abstract form has: the optimiser
/// removed them.
void Scopes::collect(const DieRef& block, Scope& scope) {
    std::unordered_map<uint32_t, Variable> byOrigin;
    std::vector<Variable> own;
    block.forEachChild([&](const DieRef& child) {
        if (!isVariable(child) || byOrigin.size() + own.size() >= kMaxVariables) return;
        const uint32_t origin = m_dies.targetOffset(child.attribute(DW_AT_abstract_origin));
        if (origin)
            byOrigin.emplace(origin, variable(child));
        else
            own.push_back(variable(child));
    });
    const auto add = [&](Variable&& made) {
        if (!made.name.empty())
            scope.variables.push_back(std::move(made));  // nobody can ask for a nameless parameter
    };
    if (const DieRef abstract = m_dies.target(block.attribute(DW_AT_abstract_origin))) {
        size_t count = 0;
        abstract.forEachChild([&](const DieRef& child) {
            if (!isVariable(child) || ++count > kMaxVariables) return;
            const auto it = byOrigin.find(child.die().offset);
            add(it == byOrigin.end() ? variable(child) : std::move(it->second));
            if (it != byOrigin.end()) byOrigin.erase(it);
        });
    }
    std::map<uint32_t, Variable> rest;
    for (auto& [origin, made] : byOrigin)
        rest.emplace(origin, std::move(made));
    for (auto& [origin, made] : rest)
        add(std::move(made));
    for (Variable& made : own)
        add(std::move(made));
}

engine::Result<std::vector<Scope>> Scopes::scopesIn(uint32_t die, uint32_t address, const std::string& name,
                                                    AddressRange range) {
    const Unit* unit = m_index.unitOf(die);
    if (!unit) return notFound("no debug info here");
    if (auto table = m_dies.tableOf(*unit); !table.ok()) return table.error();
    DieRef block = m_dies.at(die);
    if (!block) return notFound("no debug info here");
    std::vector<Scope> scopes;
    scopes.push_back({name, range, {}});
    collect(block, scopes.back());
    while (scopes.size() < kMaxBlocks) {
        DieRef inner;
        AddressRange innerRange;
        block.forEachChild([&](const DieRef& child) {
            if (inner || child.tag() != DW_TAG_lexical_block) return;
            for (const AddressRange& piece : rangesOf(child)) {
                if (piece.contains(address)) inner = child, innerRange = piece;
            }
        });
        if (!inner) break;
        block = inner;
        scopes.push_back({"", innerRange, {}});
        collect(block, scopes.back());
    }
    std::reverse(scopes.begin(), scopes.end());
    return scopes;
}

/// Made from the one DIE by our own reader: the units of all globals are not worth loading.
Variable Scopes::global(EntryRef ref) {
    const Unit& unit = m_index.units()[ref.unit];
    Variable variable;
    variable.name = m_index.qualifiedName(ref);
    variable.unit = ref.unit;
    AttributeValue type, constant;
    for (int hops = 0; hops < 8; ++hops) {
        const Unit& owner = m_index.units()[ref.unit];
        const Entry& entry = m_index.entry(ref);
        readDie(owner, entry.offset, [&](const AttributeSpec& spec, const AttributeValue& value) {
            switch (spec.name) {
            case DW_AT_type:
                if (!type) type = value;
                break;
            case DW_AT_const_value:
                if (!constant) constant = value;
                break;
            case DW_AT_location:
                if (hops == 0) variable.locations = readLocation(unit, value);
                break;
            case DW_AT_artificial: variable.isArtificial = value.value != 0; break;
            case DW_AT_decl_file:
                if (variable.declaration.file == kNoFile)
                    variable.declaration.file = m_lines.fileOf(owner, value.value);
                break;
            case DW_AT_decl_line:
                if (!variable.declaration.line)
                    variable.declaration.line = static_cast<uint32_t>(value.value);
                break;
            default: break;
            }
        });
        const auto next = entry.origin ? m_index.find(entry.origin) : std::nullopt;
        if (!next) break;
        ref = *next;
    }
    // Ids, not types: nothing is read until somebody looks.
    variable.type = m_types.idOf(m_dies.targetOffset(type));
    if (constant) variable.constant = constantBytes(constant, sizeOf(variable.type));
    return variable;
}

engine::Result<std::vector<Variable>> Scopes::globals(const Unit* near) {
    std::vector<Variable> result;
    const auto addUnit = [&](uint32_t unit) {
        const auto& entries = m_index.entriesOf(unit);
        for (uint32_t i = 0; i < entries.size() && result.size() < kMaxGlobals; ++i) {
            const Entry& entry = entries[i];
            if (entry.tag != DW_TAG_variable || !(entry.flags & Entry::HasLocation) ||
                (entry.flags & Entry::InFunction))
                continue;
            if (m_index.entry(m_index.originOf({unit, i})).flags & Entry::Artificial) continue;
            if (std::string_view(entry.name).ends_with("::{vtable}"))
                continue;  // Rust's do not say that they are artificial
            Variable variable = global({unit, i});
            if (!variable.name.empty()) result.push_back(std::move(variable));
        }
    };
    if (near) addUnit(near->index);
    for (uint32_t unit = 0; unit < m_index.units().size(); ++unit) {
        if (!near || unit != near->index) addUnit(unit);
    }
    return result;
}

engine::Result<Variable> Scopes::findGlobal(std::string_view name, const Unit* near) {
    const auto found = m_index.lookUp(Index::Kind::Variable, name);
    if (found.empty()) return notFound("no variable " + std::string(name.substr(0, 200)));
    for (const EntryRef ref : found) {
        if (near && ref.unit == near->index) return global(ref);
    }
    return global(found[0]);
}

engine::Result<TypeId> Scopes::returnType(uint32_t functionDie) {
    const Unit* unit = m_index.unitOf(functionDie);
    if (!unit) return notFound("no debug info here");
    if (auto table = m_dies.tableOf(*unit); !table.ok()) return table.error();
    const DieRef function = m_dies.at(functionDie);
    if (!function) return notFound("no debug info here");
    const auto type = m_dies.inherited(function, DW_AT_type);
    return type ? m_types.idOf(m_dies.targetOffset(type)) : kNoType;
}

std::vector<LocationEntry> Scopes::frameBase(uint32_t functionDie) const {
    std::vector<LocationEntry> result;
    const Unit* unit = m_index.unitOf(functionDie);
    if (!unit) return result;
    readDie(*unit, functionDie, [&](const AttributeSpec& spec, const AttributeValue& value) {
        if (spec.name == DW_AT_frame_base) result = readLocation(*unit, value);
    });
    return result;
}

std::optional<TypeId> Scopes::findNamed(std::string_view name, const Unit* near) {
    uint16_t wanted[2] = {0, 0};
    const auto keyword = [&](std::string_view word, uint16_t first, uint16_t second) {
        if (!name.starts_with(word)) return false;
        name = trimmed(name.substr(word.size()));
        wanted[0] = first;
        wanted[1] = second;
        return true;
    };
    keyword("struct ", DW_TAG_structure_type, DW_TAG_class_type) ||
        keyword("class ", DW_TAG_class_type, DW_TAG_structure_type) ||
        keyword("union ", DW_TAG_union_type, DW_TAG_union_type) ||
        keyword("enum ", DW_TAG_enumeration_type, DW_TAG_enumeration_type);
    std::optional<EntryRef> best;
    for (const std::string& spelling : spellings(name)) {
        for (const EntryRef ref : m_index.lookUp(Index::Kind::Type, spelling)) {
            const uint16_t tag = m_index.entry(ref).tag;
            if (wanted[0] && tag != wanted[0] && tag != wanted[1]) continue;
            if (!best || (near && ref.unit == near->index && best->unit != near->index)) best = ref;
        }
        if (best) return m_types.idOf(m_index.entry(*best).offset);
    }
    return std::nullopt;
}

/// A name, with "const" before it and any number of "*" and "[n]" behind.
engine::Result<TypeId> Scopes::findType(std::string_view name, const Unit* near) {
    std::string_view text = trimmed(name.substr(0, 4096));
    std::vector<uint64_t> suffixes;  // last first: an array's length, or ~0 for a pointer
    while (!text.empty() && suffixes.size() < 32) {
        if (text.back() == '*') {
            suffixes.push_back(~uint64_t{0});
            text = trimmed(text.substr(0, text.size() - 1));
        } else if (const size_t open = text.rfind('['); text.back() == ']' && open != text.npos && open > 0) {
            uint64_t length = 0;
            for (const char c : text.substr(open + 1, text.size() - open - 2)) {
                if (c < '0' || c > '9' || length > 1 << 30)
                    return notFound("no type " + std::string(name.substr(0, 200)));
                length = length * 10 + static_cast<uint64_t>(c - '0');
            }
            suffixes.push_back(length);
            text = trimmed(text.substr(0, open));
        } else if (text.ends_with(" const")) {
            text = trimmed(text.substr(0, text.size() - 6));
        } else {
            break;
        }
    }
    for (const std::string_view word : {"const ", "volatile "}) {
        if (text.starts_with(word)) text = trimmed(text.substr(word.size()));
    }
    const std::optional<TypeId> found = text == "void" ? std::optional(kNoType) : findNamed(text, near);
    if (!found) return notFound("no type " + std::string(name.substr(0, 200)));
    TypeId type = *found;
    for (auto it = suffixes.rbegin(); it != suffixes.rend(); ++it)
        type = *it == ~uint64_t{0} ? m_types.pointerTo(type) : m_types.arrayOf(type, *it);
    return type;
}

}  // namespace debugger::dwarf
