#include "engine/lowering.h"

#include <algorithm>
#include <bit>

#include "engine/casts.h"
#include "engine/fusion.h"
#include "engine/jit/jit.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

constexpr uint32_t kNone = ~0u;

constexpr uint16_t kFarOnly = 0xffff;
/// Position in kMemoryOps of each load and store; kFarOnly of the atomic ones, which have one form for all memories.
constexpr auto kMemoryIndex = [] {
    std::array<uint16_t, kOpCount> index{};
    index.fill(kFarOnly);
    for (uint16_t i = 0; i < kMemoryOpCount; ++i)
        index[number(kMemoryOps[i])] = i;
    return index;
}();

/// Slots that an instruction of fixed signature takes from the stack; kNotFixed of the others.
constexpr uint8_t kNotFixed = 0xff;
constexpr auto kOperandSlots = [] {
    constexpr std::string_view kSignatures[] = {
#define OP(id, text, prefix, code, imm, signature, feature) signature,
#include "engine/opcodes.def"
#undef OP
    };
    std::array<uint8_t, kOpCount> slots{};
    for (uint32_t op = 0; op < kOpCount; ++op) {
        if (!isFixedSignature(kSignatures[op])) slots[op] = kNotFixed;
        for (size_t i = 0; slots[op] != kNotFixed && kSignatures[op][i] != ':'; ++i)
            slots[op] += kSignatures[op][i] == 'v' ? 2 : 1;
    }
    return slots;
}();

class Lowering final : public InstructionSink {
public:
    Lowering(StoreState& store, FunctionInstance& function, Code& code)
        : m_code(code),
          m_heap(*store.heap),
          m_context(*store.contexts[function.instance->value]),
          m_module(*m_context.instance->module) {
        m_labels.push_back({});  // the function itself
    }

    void onInstruction(const Instruction& i, const FunctionWalker& w) override {
        m_code.offsets.push_back(i.offset);
        m_code.cells.push_back(Insn{number(i.op), number(i.op), 0, {0}});
        m_walker = &w;
        m_top = m_code.localSlots + w.operandSlots();
        if (m_code.tier.managed) m_code.tier.heights.push_back(w.operandSlots());
        structure(i);
        if (i.op == Op::End && m_labels.size() == 1)
            returnResults(m_code.localSlots + m_code.resultSlots);
        else if (w.reachable())
            lowerReachable(i, cell());
        else if (!isStructure(i.op))
            cell().plain = number(InternalOp::Unreached);
        if (i.op == Op::End || i.op == Op::Delegate) close(i);
        cell().op = cell().plain;
    }

    /// After the walk, when the side tables have their final addresses.
    void finish() {
        for (const auto& [index, first] : m_brTables)
            m_code.cells[index].imm = reinterpret_cast<uint64_t>(&m_code.branchTargets[first]);
        for (const auto& [index, first] : m_constants)
            m_code.cells[index].imm = reinterpret_cast<uint64_t>(&m_code.constants[first]);
    }

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

    Insn& cell() { return m_code.cells.back(); }
    uint32_t here() const { return static_cast<uint32_t>(m_code.cells.size() - 1); }
    static bool isStructure(Op op) {
        return op == Op::Block || op == Op::Loop || op == Op::If || op == Op::Else || op == Op::End ||
               op == Op::Try || op == Op::Catch || op == Op::CatchAll || op == Op::Delegate ||
               op == Op::TryTable;
    }

    /// Labels are kept in dead code too, because its ends are alive again.
    void structure(const Instruction& i) {
        switch (i.op) {
        case Op::Block:
        case Op::Loop:
        case Op::If:
        case Op::Try:
        case Op::TryTable: openLabel(i.op, i.catches); break;
        case Op::Catch:
        case Op::CatchAll: legacyCatch(i); break;
        case Op::Else: {
            Label& label = m_labels.back();
            m_code.cells[label.elseFixup].b = here() + 1 - label.elseFixup;
            label.elseFixup = kNone;
            addFixup(label, kNone);
            break;
        }
        default: break;
        }
    }

    void openLabel(Op op, std::span<const CatchClause> clauses) {
        CatchTable& table = m_code.catches;
        const uint32_t outer = m_labels.back().region;
        Label label{.cell = here(), .isLoop = op == Op::Loop, .region = outer};
        if (op == Op::If) label.elseFixup = here();
        if (op == Op::Try || op == Op::TryTable) {
            label.region = label.tryRegion = table.addRegion(outer, here());
            table.enter(here() + 1, label.region);
            if (op == Op::TryTable && m_walker->reachable())
                for (const CatchClause& clause : clauses)
                    addClause(label.region, clause);
        }
        m_labels.push_back(label);
    }

    /// A clause of the try_table whose label is not open yet.
    void addClause(uint32_t region, const CatchClause& clause) {
        using Kind = CatchClause::Kind;
        const auto index = static_cast<uint32_t>(m_code.catches.clauses.size());
        Label& label = m_labels[m_labels.size() - 1 - clause.label];
        m_code.catches.addClause(
            region, {.all = clause.kind == Kind::CatchAll || clause.kind == Kind::CatchAllRef,
                     .withRef = clause.kind == Kind::CatchRef || clause.kind == Kind::CatchAllRef,
                     .tag = clause.tag.value,
                     .target = label.cell,  // of a loop
                     .slot = m_walker->localSlots() + m_walker->label(clause.label).slotHeight});
        if (label.isLoop) return;
        addFixup(label, kNone);
        m_fixups.back().clause = index;
    }

    /// The try block, or the catch block before this one, ends here: it goes on behind the `end`.
    void legacyCatch(const Instruction& i) {
        Label& label = m_labels.back();
        CatchTable& table = m_code.catches;
        addFixup(label, kNone);
        table.addClause(label.tryRegion, {.all = i.op == Op::CatchAll,
                                          .tag = i.index,
                                          .target = here() + 1,
                                          .slot = m_walker->localSlots() + m_walker->label(0).slotHeight});
        label.region = table.regions[label.tryRegion].outer;
        table.enter(here(), label.region);
    }

    /// The innermost label, which was a try or try_table, ends: who is around it now, and where a delegate leads.
    void closeRegion(const Label& label, const Instruction& i) {
        if (label.tryRegion == CatchTable::kNone) return;
        CatchTable& table = m_code.catches;
        CatchTable::Region& region = table.regions[label.tryRegion];
        region.end = here();
        table.enter(here(), region.outer);
        if (i.op == Op::Delegate) region.outer = m_labels[m_labels.size() - 1 - i.index].region;
    }

    /// The present cell, or entry `target` of branchTargets, leads to the end of the label.
    void addFixup(Label& label, uint32_t target) {
        m_fixups.push_back({label.fixups, here(), target});
        label.fixups = static_cast<uint32_t>(m_fixups.size() - 1);
    }

    /// Resolves the branches to the innermost label: behind its `end`; those to the function's own label at its `end`, which returns.
    void close(const Instruction& i) {
        const Label label = m_labels.back();
        m_labels.pop_back();
        closeRegion(label, i);
        const uint32_t target = m_labels.empty() ? here() : here() + 1;
        if (label.elseFixup != kNone) m_code.cells[label.elseFixup].b = target - label.elseFixup;
        for (uint32_t f = label.fixups; f != kNone; f = m_fixups[f].next) {
            const Fixup& fixup = m_fixups[f];
            if (fixup.clause != kNone)
                m_code.catches.clauses[fixup.clause].target = target;
            else if (fixup.target == kNone)
                m_code.cells[fixup.cell].b = target - fixup.cell;
            else
                m_code.branchTargets[fixup.target].distance = static_cast<int32_t>(target - fixup.cell);
        }
    }

    /// What a branch to the label carries, with `top` slots in use once its condition is gone.
    Move moveTo(uint32_t depth, uint32_t top) const {
        const ControlFrame& frame = m_walker->label(depth);
        const uint32_t count = slotsOf(frame.branchTypes());
        const uint32_t target = m_walker->localSlots() + frame.slotHeight;
        const uint32_t source = top >= count ? top - count : 0;
        return source == target ? Move{0, 0, 0} : Move{source, target, count};
    }
    uint32_t addMove(const Move& move) {
        m_code.moves.push_back(move);
        return static_cast<uint32_t>(m_code.moves.size() - 1);
    }
    /// Distance to the label from the present cell, or a promise to fill it in.
    int32_t distanceTo(uint32_t depth, uint32_t target = kNone) {
        Label& label = m_labels[m_labels.size() - 1 - depth];
        if (label.isLoop) return static_cast<int32_t>(label.cell) - static_cast<int32_t>(here());
        addFixup(label, target);
        return 0;
    }

    void plain(InternalOp op) { cell().plain = number(op); }

    void branch(uint32_t depth) {
        if (depth + 1 == m_labels.size()) return returnResults(m_top);
        const Move move = moveTo(depth, m_top);
        cell().b = static_cast<uint32_t>(distanceTo(depth));
        if (move.count == 0) return;
        if (move.count == 1) {
            plain(InternalOp::BrMove1);
            cell().a = move.source;
            cell().c = move.target;
        } else {
            plain(InternalOp::BrMoveN);
            cell().a = addMove(move);
        }
    }
    void branchIf(uint32_t depth) {
        const Move move = moveTo(depth, m_top - 1);
        cell().a = m_top - 1;
        cell().b = static_cast<uint32_t>(distanceTo(depth));
        if (move.count == 0) return;
        if (move.count == 1) {
            plain(InternalOp::BrIfMove1);
            cell().c = move.target;
        } else {
            plain(InternalOp::BrIfMoveN);
            cell().c = addMove(move);
        }
    }
    void branchTable(std::span<const uint32_t> labels) {
        const auto first = static_cast<uint32_t>(m_code.branchTargets.size());
        m_code.branchTargets.push_back({0, {0, 0, static_cast<uint32_t>(labels.size() - 1)}});
        for (uint32_t depth : labels) {
            const auto target = static_cast<uint32_t>(m_code.branchTargets.size());
            m_code.branchTargets.push_back({0, moveTo(depth, m_top - 1)});
            const int32_t distance = distanceTo(depth, target);
            m_code.branchTargets[target].distance = distance;
        }
        cell().a = m_top - 1;
        m_brTables.push_back({here(), first});
    }
    void branchOnNull(uint32_t depth, bool carriesReference) {
        const Move move = moveTo(depth, carriesReference ? m_top : m_top - 1);
        cell().a = m_top - 1;
        cell().b = static_cast<uint32_t>(distanceTo(depth));
        cell().c = move.count ? addMove(move) : kNone;
    }
    void branchOnCast(const Instruction& i) {
        const Move move = moveTo(i.index, m_top);
        cell().a = m_top - 1;
        cell().b = static_cast<uint32_t>(distanceTo(i.index));
        cell().c = static_cast<uint32_t>(m_code.castBranches.size());
        m_code.castBranches.push_back({castTarget(toCanonical(m_module, i.type2)), move});
    }
    void returnResults(uint32_t top) {
        const uint32_t count = m_code.resultSlots;
        const uint32_t source = top >= count ? top - count : 0;
        if (count == 0 || source == 0)
            cell().plain = number(Op::Return);
        else if (count == 1)
            plain(InternalOp::Return1);
        else
            plain(InternalOp::ReturnN);
        cell().a = source;
        cell().b = count;
    }

    void call(const FuncType& type, uint32_t operandsAbove) {
        // Where the arguments begin, and where what names the function stands above them.
        const uint32_t arguments = slotsOf(type.params);
        cell().a = operandsAbove ? m_top - 1 : m_top - arguments;
    }
    void memoryAccess(const Instruction& i, uint32_t base, uint16_t index) {
        const MemoryType& type = m_module.memories[i.index].type;
        const bool hasLane = row(i.op).imm == Imm::MemArgLane;
        cell().a = base;
        if (index != kFarOnly && i.index == 0 && !(hasLane && type.limits.is64)) {
            cell().imm = i.value;
            if (hasLane) cell().c = i.lane;  // b = offset, which has 32 bits
            if (type.limits.is64) cell().plain = static_cast<uint16_t>(kWideAccessFirst + index);
            return;
        }
        m_code.farAccesses.push_back({i.index, type.limits.is64, i.value});
        cell().b = static_cast<uint32_t>(m_code.farAccesses.size() - 1);
        cell().c = i.lane;
        if (index != kFarOnly) cell().plain = static_cast<uint16_t>(kFarAccessFirst + index);
    }
    /// v128.const, i8x16.shuffle: imm = address of 16 bytes, once finish() knows it.
    void constant(uint64_t low, uint64_t high) {
        m_constants.push_back({here(), static_cast<uint32_t>(m_code.constants.size())});
        m_code.constants.push_back(low);
        m_code.constants.push_back(high);
    }
    void local(const Instruction& i, InternalOp wide, bool reads) {
        const uint32_t slots = m_walker->locals()[i.index].slots();
        cell().a = reads ? m_top : m_top - slots;
        cell().b = m_walker->localSlot(i.index);
        if (slots == 2) plain(wide);
    }
    void global(const Instruction& i, InternalOp wide, bool reads) {
        const uint32_t slots = m_module.globals[i.index].type.type.slots();
        cell().a = reads ? m_top : m_top - slots;
        cell().imm = reinterpret_cast<uint64_t>(&m_context.globals[i.index]->low);
        if (slots == 2) plain(wide);
    }

    void lowerReachable(const Instruction& i, Insn& c) {
        switch (i.op) {
        case Op::If: c.a = m_top - 1; return;
        case Op::End: return;
        case Op::Br: return branch(i.index);
        case Op::BrIf: return branchIf(i.index);
        case Op::BrTable: return branchTable(i.labels);
        case Op::BrOnNull: return branchOnNull(i.index, false);
        case Op::BrOnNonNull: return branchOnNull(i.index, true);
        case Op::BrOnCast:
        case Op::BrOnCastFail: return branchOnCast(i);
        case Op::Return: return returnResults(m_top);
        case Op::Throw: {
            const TypeIdx type = m_module.tags[i.index].type.type;
            c.a = m_top - slotsOf(m_module.types[type.value].func.params);
            c.b = i.index;
            return;
        }
        case Op::ThrowRef: c.a = m_top - 1; return;
        case Op::Rethrow:
            c.b = m_labels[m_labels.size() - 1 - i.index].tryRegion;
            m_code.catches.regions[c.b].isRethrown = true;
            return;
        case Op::Call:
        case Op::ReturnCall:
            call(m_module.typeOf(FuncIdx(i.index)), 0);
            c.b = i.index;
            return;
        case Op::CallIndirect:
        case Op::ReturnCallIndirect:
            call(m_module.types[i.index].func, 1);
            c.b = m_module.canonicalTypes[i.index];
            c.c = i.index2;
            return;
        case Op::CallRef:
        case Op::ReturnCallRef:
            call(m_module.types[i.index].func, 1);
            c.b = slotsOf(m_module.types[i.index].func.params);
            return;
        case Op::Select:
        case Op::SelectTyped: {
            const uint32_t slots = m_walker->operand(1).slots();
            c.a = m_top - 1 - 2 * slots;
            if (slots == 2) plain(InternalOp::SelectWide);
            return;
        }
        case Op::LocalGet: return local(i, InternalOp::LocalGetWide, true);
        case Op::LocalSet: return local(i, InternalOp::LocalSetWide, false);
        case Op::LocalTee: return local(i, InternalOp::LocalTeeWide, false);
        case Op::GlobalGet: return global(i, InternalOp::GlobalGetWide, true);
        case Op::GlobalSet: return global(i, InternalOp::GlobalSetWide, false);
        case Op::RefNull: c.a = m_top; return;
        case Op::RefFunc:
            c.a = m_top;
            c.imm = uint64_t{m_context.instance->functions[i.index].value} + 1;
            return;
        default:
            if (row(i.op).prefix == 0xfb) return lowerGc(m_heap, m_module, i, m_top, c);
            return lowerOrdinary(i, c);
        }
    }

    /// Instructions whose operands and results stand at one place: a = the lowest of them. Which it is follows from the row.
    void lowerOrdinary(const Instruction& i, Insn& c) {
        const OpRow& r = row(i.op);
        const uint32_t base = m_top - operandSlotsOf(i);
        if (r.imm == Imm::MemArg || r.imm == Imm::MemArgLane)
            return memoryAccess(i, base, kMemoryIndex[number(i.op)]);
        c.a = base;
        switch (r.imm) {
        case Imm::I32:
        case Imm::I64:
        case Imm::F32:
        case Imm::F64: c.imm = i.value; return;
        case Imm::V128: return constant(i.value, i.value2);
        case Imm::Shuffle: {
            const auto lanes = std::bit_cast<std::array<uint64_t, 2>>(i.lanes);
            return constant(lanes[0], lanes[1]);
        }
        case Imm::Lane: c.b = i.lane; return;
        case Imm::DataMemory:
        case Imm::ElemTable:  // b = memory or table, c = segment
            c.b = i.index2;
            c.c = i.index;
            return;
        default:
            c.b = i.index;
            c.c = i.index2;
            return;
        }
    }
    uint32_t operandSlotsOf(const Instruction& i) const {
        if (const uint8_t slots = kOperandSlots[number(i.op)]; slots != kNotFixed) return slots;
        switch (i.op) {
        case Op::TableGet:
        case Op::RefIsNull:
        case Op::RefAsNonNull: return 1;
        case Op::TableSet:
        case Op::TableGrow:
        case Op::RefEq: return 2;
        case Op::TableInit:
        case Op::TableCopy:
        case Op::TableFill:
        case Op::MemoryCopy: return 3;
        default: return 0;
        }
    }

    Code& m_code;
    GcHeap& m_heap;
    InstanceContext& m_context;
    const Module& m_module;
    const FunctionWalker* m_walker = nullptr;
    uint32_t m_top = 0;
    std::vector<Label> m_labels;
    std::vector<Fixup> m_fixups;
    std::vector<std::pair<uint32_t, uint32_t>> m_brTables;   // cell, first entry
    std::vector<std::pair<uint32_t, uint32_t>> m_constants;  // cell, first slot
};

}  // namespace

namespace {

/// Leaves a copy without room to spare in `vector`, and its room, empty, in `spare`.
template <class T>
void keepExactly(std::vector<T>& vector, std::vector<T>& spare) {
    spare.swap(vector);
    vector.assign(spare.begin(), spare.end());
    spare.clear();
}

}  // namespace

Result<std::unique_ptr<Code>> lower(StoreState& store, FunctionInstance& function) {
    auto code = std::make_unique<Code>();
    code->function = &function;
    code->context = store.contexts[function.instance->value].get();
    code->address = code->context->instance->functions[function.index.value];
    code->paramSlots = function.paramSlots;
    code->resultSlots = function.resultSlots;
    const Module& module = *code->context->instance->module;
    code->locals = TRY(localTypes(module, function.index));
    code->localSlots = slotsOf(code->locals);
    if (!code->context->walker) code->context->walker = std::make_shared<FunctionWalker>(module);
    FunctionWalker& walker = *code->context->walker;
    if (store.jit) store.jit->adopt(*code);
    code->cells.swap(store.spareCells);
    code->offsets.swap(store.spareOffsets);
    Lowering lowering(store, function, *code);
    if (Result<> walked = walker.walk(function.index, &lowering); !walked) return walked.error();
    lowering.finish();
    code->maxSlots = std::max({walker.maxSlots(), code->localSlots + code->resultSlots, code->paramSlots});
    keepExactly(code->cells, store.spareCells);
    keepExactly(code->offsets, store.spareOffsets);
    fuse(*code);
    return code;
}

std::unique_ptr<Code> lowerHostEntry(StoreState& store, FunctionInstance& function) {
    auto code = std::make_unique<Code>();
    code->function = &function;
    code->context = &store.noInstance;
    code->paramSlots = code->localSlots = function.paramSlots;
    code->resultSlots = function.resultSlots;
    code->maxSlots = std::max(function.paramSlots, function.resultSlots);
    code->locals = function.type->params;
    const uint16_t call = number(InternalOp::CallHost), end = number(Op::Return);
    code->cells = {Insn{call, call, 0, {reinterpret_cast<uint64_t>(&function)}}, Insn{end, end, 0, {0}}};
    code->offsets = {0, 1};
    return code;
}

}  // namespace engine
