// Labels: the open blocks of the function that is being lowered, with the branches that wait for their ends and the catch regions around
// their code. Owned by the lowering of one function.
#pragma once

#include <vector>

#include "engine/code.h"
#include "engine/function_walker_impl.h"

namespace engine {

class Labels {
public:
    static constexpr uint32_t kNone = ~0u;

    /// `cells`: where the function's cells are being written.
    Labels(Code& code, const FunctionWalker::Impl& walker, Insn* cells)
        : m_code(code), m_walker(walker), m_cells(cells) {
        m_labels.push_back({});  // the function itself
    }

    uint32_t size() const { return static_cast<uint32_t>(m_labels.size()); }
    static bool isStructure(Op op) {
        return op == Op::Block || op == Op::Loop || op == Op::If || op == Op::Else || op == Op::End ||
               op == Op::Try || op == Op::Catch || op == Op::CatchAll || op == Op::Delegate ||
               op == Op::TryTable;
    }

    /// A structured instruction in cell `here`. Labels are kept in dead code too, because its ends are alive again.
    void open(const Instruction& i, uint32_t here);
    /// End and Delegate, when their cell is written. Resolves the branches to the innermost label: behind its `end`; those to the
    /// function's own label at its `end`, which returns.
    void close(const Instruction& i, uint32_t here);

    /// What a branch to the label carries, with `top` slots in use once its condition is gone.
    Move moveTo(uint32_t depth, uint32_t top) const {
        const ControlFrame& frame = m_walker.frames[m_walker.frames.size() - 1 - depth];
        const std::span<const ValType> types = frame.branchTypes();
        if (types.empty()) return {0, 0, 0};
        const uint32_t count = slotsOf(types);
        const uint32_t target = m_code.localSlots + frame.slotHeight;
        const uint32_t source = top >= count ? top - count : 0;
        return source == target ? Move{0, 0, 0} : Move{source, target, count};
    }
    /// Distance to the label from cell `here`, or a promise to fill it in: into the cell's b, or entry `target` of branchTargets.
    int32_t distanceTo(uint32_t depth, uint32_t here, uint32_t target = kNone) {
        Label& label = at(depth);
        if (label.isLoop) return static_cast<int32_t>(label.cell) - static_cast<int32_t>(here);
        addFixup(label, here, target);
        return 0;
    }
    /// The catch region of the try whose catch block the label is.
    uint32_t tryRegion(uint32_t depth) { return at(depth).tryRegion; }

private:
    struct Label {
        uint32_t cell = kNone;       // of its opening instruction
        uint32_t elseFixup = kNone;  // the `if` cell that still needs a target
        uint32_t fixups = kNone;     // branches to its end
        bool isLoop = false;
        uint32_t region = CatchTable::kNone;     // of the catch table, around code of this block now
        uint32_t tryRegion = CatchTable::kNone;  // of a try: its own, in its catch blocks too
    };
    struct Fixup {
        uint32_t next;
        uint32_t cell;
        uint32_t target;          // in branchTargets, or kNone: the cell's b
        uint32_t clause = kNone;  // of the catch table, instead
    };

    Label& at(uint32_t depth) { return m_labels[m_labels.size() - 1 - depth]; }
    void addFixup(Label& label, uint32_t cell, uint32_t target) {
        m_fixups.push_back({label.fixups, cell, target});
        label.fixups = static_cast<uint32_t>(m_fixups.size() - 1);
    }
    void openTry(Label& label, const Instruction& i, uint32_t here);
    void addClause(uint32_t region, const CatchClause& clause, uint32_t here);
    void legacyCatch(const Instruction& i, uint32_t here);
    void closeRegion(const Label& label, const Instruction& i, uint32_t here);

    Code& m_code;
    const FunctionWalker::Impl& m_walker;
    Insn* m_cells;
    std::vector<Label> m_labels;
    std::vector<Fixup> m_fixups;
};

}  // namespace engine
