#include "debugger/symbols/inline_tree.h"

#include "debugger/symbols/lists.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxDepth = 1024, kMaxCalls = 1 << 20;

InlineCall readCall(ByteReader& reader, const Unit& unit, const Abbreviation& abbreviation) {
    InlineCall call;
    AttributeValue low, high, ranges;
    for (const AttributeSpec& spec : unit.abbreviations->specs(abbreviation)) {
        const AttributeValue value = readValue(reader, unit, spec.form, spec.implicitConst);
        switch (spec.name) {
        case DW_AT_abstract_origin:
            call.origin = value.cls == ValueClass::Reference ? static_cast<uint32_t>(value.value) : 0;
            break;
        case DW_AT_call_file: call.callFile = value.value; break;
        case DW_AT_call_line: call.callLine = static_cast<uint32_t>(value.value); break;
        case DW_AT_call_column: call.callColumn = static_cast<uint32_t>(value.value); break;
        case DW_AT_low_pc: low = value; break;
        case DW_AT_high_pc: high = value; break;
        case DW_AT_ranges: ranges = value; break;
        default: break;
        }
    }
    call.ranges = readRanges(unit, low, high, ranges);
    return call;
}

}  // namespace

std::vector<const InlineCall*> InlineTree::chainAt(uint32_t address) const {
    std::vector<const InlineCall*> chain;
    int32_t current = -1;
    for (size_t i = 0; i < calls.size(); ++i) {
        if (calls[i].parent != current || !calls[i].contains(address)) continue;
        chain.push_back(&calls[i]);
        current = static_cast<int32_t>(i);
    }
    return chain;
}

InlineTree readInlineTree(const Unit& unit, uint32_t functionDie) {
    InlineTree tree;
    if (!unit.abbreviations || functionDie < unit.firstDie || functionDie >= unit.end) return tree;
    ByteReader reader = unit.reader(functionDie);
    std::vector<int32_t> parents;  // innermost call of each open DIE
    bool isFirst = true;
    while (reader.ok() && !reader.atEnd() && tree.calls.size() < kMaxCalls) {
        const uint32_t offset = unit.sectionBase + static_cast<uint32_t>(reader.position());
        const uint64_t code = reader.uleb();
        if (!code) {
            if (!parents.empty()) parents.pop_back();
            if (parents.empty()) break;
            continue;
        }
        const Abbreviation* abbreviation = unit.abbreviations->find(code);
        if (!abbreviation) break;
        int32_t current = parents.empty() ? -1 : parents.back();
        if (abbreviation->tag == DW_TAG_inlined_subroutine) {
            InlineCall call = readCall(reader, unit, *abbreviation);
            call.die = offset;
            call.parent = current;
            call.depth = current < 0 ? 1 : tree.calls[static_cast<size_t>(current)].depth + 1;
            current = static_cast<int32_t>(tree.calls.size());
            tree.calls.push_back(std::move(call));
        } else if (abbreviation->fixedSize >= 0) {
            reader.skip(static_cast<uint64_t>(abbreviation->fixedSize));
        } else {
            for (const AttributeSpec& spec : unit.abbreviations->specs(*abbreviation))
                skipValue(reader, unit, spec.form);
        }
        // Functions declared inside have calls of their own.
        if (abbreviation->hasChildren && !isFirst && abbreviation->tag == DW_TAG_subprogram) current = -2;
        if (abbreviation->hasChildren) parents.push_back(current);
        isFirst = false;
        if (parents.empty() || parents.size() > kMaxDepth) break;
    }
    return tree;
}

}  // namespace debugger::dwarf
