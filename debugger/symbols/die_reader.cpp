// Our own reader of DIE trees: no recursion, every value bounds-checked.
#include "debugger/symbols/die_table.h"

namespace debugger::dwarf {

engine::Result<std::shared_ptr<DieTable>> readDieTable(const Unit& unit) {
    constexpr size_t kMaxDepth = 4096;
    auto table = std::make_shared<DieTable>();
    const auto malformed = [&](const char* what, uint64_t offset) {
        return engine::Error{engine::ErrorCode::Malformed,
                             what,
                             {"", unit.isTypes ? ".debug_types" : ".debug_info", offset, {}}};
    };
    if (!unit.isGood) return malformed("the unit is unreadable", unit.offset - unit.sectionBase);
    ByteReader reader = unit.reader(unit.firstDie);
    std::vector<int32_t> open;
    while (reader.ok() && !reader.atEnd()) {
        const uint64_t offset = reader.position();
        const uint64_t code = reader.uleb();
        if (!code) {
            if (!open.empty()) open.pop_back();
            if (open.empty()) break;
            continue;
        }
        const Abbreviation* abbreviation = unit.abbreviations->find(code);
        if (!abbreviation) return malformed("an abbreviation is missing", offset);
        if (!table->addDie(unit.sectionBase + static_cast<uint32_t>(offset), abbreviation->tag,
                           open.empty() ? -1 : open.back())) {
            return malformed("the unit has too many DIEs", offset);
        }
        for (const AttributeSpec& spec : unit.abbreviations->specs(*abbreviation)) {
            const AttributeValue value = readValue(reader, unit, spec.form, spec.implicitConst);
            if (!reader.ok()) return malformed("a DIE is cut off", offset);
            if (!table->addAttribute(spec.name, value))
                return malformed("the unit has too many attributes", offset);
        }
        if (abbreviation->hasChildren) open.push_back(static_cast<int32_t>(table->dies().size()) - 1);
        if (open.size() > kMaxDepth) return malformed("DIEs are nested too deeply", offset);
        if (open.empty()) break;
    }
    table->finish();
    return table;
}

void repairUnreadable(DieTable& table, const Unit& unit) {
    for (uint32_t die = 0; die < table.dies().size(); ++die) {
        const auto attributes = table.attributes(die);
        bool isWhole = true;
        for (const DieAttribute& a : attributes)
            isWhole = isWhole && a.cls != ValueClass::Unreadable;
        if (isWhole) continue;
        uint32_t index = 0;
        readDie(unit, table.dies()[die].offset, [&](const AttributeSpec& spec, const AttributeValue& value) {
            if (index < attributes.size() && attributes[index].name == spec.name &&
                attributes[index].cls == ValueClass::Unreadable) {
                table.replace(die, index, value);
            }
            ++index;
        });
    }
    table.finish();
}

}  // namespace debugger::dwarf
