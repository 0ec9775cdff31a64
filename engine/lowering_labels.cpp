#include "engine/lowering_labels.h"

namespace engine {

void Labels::open(const Instruction& i, uint32_t here) {
    switch (i.op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: {
        Label label{.cell = here, .isLoop = i.op == Op::Loop, .region = m_labels.back().region};
        if (i.op == Op::If) label.elseFixup = here;
        if (i.op == Op::Try || i.op == Op::TryTable) openTry(label, i, here);
        m_labels.push_back(label);
        return;
    }
    case Op::Catch:
    case Op::CatchAll: return legacyCatch(i, here);
    case Op::Else: {
        Label& label = m_labels.back();
        m_cells[label.elseFixup].b = here + 1 - label.elseFixup;
        label.elseFixup = kNone;
        return addFixup(label, here, kNone);
    }
    default: return;
    }
}

void Labels::openTry(Label& label, const Instruction& i, uint32_t here) {
    CatchTable& table = m_code.catches;
    label.region = label.tryRegion = table.addRegion(label.region, here);
    table.enter(here + 1, label.region);
    if (i.op != Op::TryTable || m_walker.frames.back().unreachable) return;
    for (const CatchClause& clause : i.catches)
        addClause(label.region, clause, here);
}

/// A clause of the try_table whose label is not open yet.
void Labels::addClause(uint32_t region, const CatchClause& clause, uint32_t here) {
    using Kind = CatchClause::Kind;
    const auto index = static_cast<uint32_t>(m_code.catches.clauses.size());
    Label& label = at(clause.label);
    const ControlFrame& frame = m_walker.frames[m_walker.frames.size() - 1 - clause.label];
    m_code.catches.addClause(region,
                             {.all = clause.kind == Kind::CatchAll || clause.kind == Kind::CatchAllRef,
                              .withRef = clause.kind == Kind::CatchRef || clause.kind == Kind::CatchAllRef,
                              .tag = clause.tag.value,
                              .target = label.cell,  // of a loop
                              .slot = m_code.localSlots + frame.slotHeight});
    if (label.isLoop) return;
    addFixup(label, here, kNone);
    m_fixups.back().clause = index;
}

/// The try block, or the catch block before this one, ends here: it goes on behind the `end`.
void Labels::legacyCatch(const Instruction& i, uint32_t here) {
    Label& label = m_labels.back();
    CatchTable& table = m_code.catches;
    addFixup(label, here, kNone);
    table.addClause(label.tryRegion, {.all = i.op == Op::CatchAll,
                                      .tag = i.index,
                                      .target = here + 1,
                                      .slot = m_code.localSlots + m_walker.frames.back().slotHeight});
    label.region = table.regions[label.tryRegion].outer;
    table.enter(here, label.region);
}

/// The innermost label, which was a try or try_table, ends: who is around it now, and where a delegate leads.
void Labels::closeRegion(const Label& label, const Instruction& i, uint32_t here) {
    if (label.tryRegion == CatchTable::kNone) return;
    CatchTable& table = m_code.catches;
    CatchTable::Region& region = table.regions[label.tryRegion];
    region.end = here;
    table.enter(here, region.outer);
    if (i.op == Op::Delegate) region.outer = at(i.index).region;
}

void Labels::close(const Instruction& i, uint32_t here) {
    const Label label = m_labels.back();
    m_labels.pop_back();
    closeRegion(label, i, here);
    const uint32_t target = m_labels.empty() ? here : here + 1;
    if (label.elseFixup != kNone) m_cells[label.elseFixup].b = target - label.elseFixup;
    for (uint32_t f = label.fixups; f != kNone; f = m_fixups[f].next) {
        const Fixup& fixup = m_fixups[f];
        if (fixup.clause != kNone)
            m_code.catches.clauses[fixup.clause].target = target;
        else if (fixup.target == kNone)
            m_cells[fixup.cell].b = target - fixup.cell;
        else
            m_code.branchTargets[fixup.target].distance = static_cast<int32_t>(target - fixup.cell);
    }
}

}  // namespace engine
