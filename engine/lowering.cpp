#include "engine/lowering.h"

#include <algorithm>
#include <bit>

#include "engine/casts.h"
#include "engine/function_walker_run.h"
#include "engine/fusion.h"
#include "engine/jit/jit.h"
#include "engine/lowering_labels.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

constexpr uint32_t kNone = Labels::kNone;

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

class Lowering {
public:
    /// `cells`: room for as many as the body has bytes.
    Lowering(StoreState& store, Code& code, const FunctionWalker::Impl& walker, Insn* cells)
        : m_code(code),
          m_heap(*store.heap),
          m_context(*code.context),
          m_module(*m_context.instance->module),
          m_walker(walker),
          m_labels(code, walker, cells),
          m_cells(cells),
          m_cell(cells - 1) {
        if (code.localSlots == code.locals.size()) return;
        uint32_t slot = 0;
        for (const ValType type : code.locals) {
            m_localSlots.push_back(slot);
            slot += type.slots();
        }
    }

    [[gnu::always_inline]] void before(Fast fast, const Instruction& i) {
        *++m_cell = Insn{number(i.op), number(i.op), 0, {0}};
        m_top = m_code.localSlots + m_walker.slots;
        if (m_walker.frames.back().unreachable) return unreachable(i);
        switch (fast) {
        case Fast::LocalGet: return local(i, InternalOp::LocalGetWide, true);
        case Fast::LocalSet: return local(i, InternalOp::LocalSetWide, false);
        case Fast::LocalTee: return local(i, InternalOp::LocalTeeWide, false);
        case Fast::GlobalGet: return global(i, InternalOp::GlobalGetWide, true);
        case Fast::Fixed: cell().a = m_top - kOperandSlots[number(i.op)]; return;
        case Fast::I32Const:
        case Fast::I64Const:
        case Fast::F32Const:
        case Fast::F64Const:
            cell().a = m_top;
            cell().imm = i.value;
            return;
        case Fast::MemArg:
            return memoryAccess(i, m_top - kOperandSlots[number(i.op)], kMemoryIndex[number(i.op)]);
        case Fast::Call: return call(i);
        case Fast::Br: return branch(i.index);
        case Fast::BrIf: return branchIf(i.index);
        case Fast::Drop: return;
        case Fast::End: return end(i);
        case Fast::Slow: break;
        }
        if (Labels::isStructure(i.op)) m_labels.open(i, here());
        if (i.op == Op::Loop) cell().op = number(InternalOp::TierLoop);
        lowerRest(i, cell());
        if (i.op == Op::Delegate) m_labels.close(i, here());
    }
    void after(const Instruction&) {}

    uint32_t count() const { return here() + 1; }

    /// After the walk, when the side tables have their final addresses.
    void finish() {
        for (const auto& [index, first] : m_brTables)
            m_code.cells[index].imm = reinterpret_cast<uint64_t>(&m_code.branchTargets[first]);
        for (const auto& [index, first] : m_constants)
            m_code.cells[index].imm = reinterpret_cast<uint64_t>(&m_code.constants[first]);
    }

private:
    Insn& cell() { return *m_cell; }
    uint32_t here() const { return static_cast<uint32_t>(m_cell - m_cells); }
    void plain(InternalOp op) { plain(number(op)); }
    void plain(uint16_t op) { cell().op = cell().plain = op; }

    void unreachable(const Instruction& i) {
        if (!Labels::isStructure(i.op)) return plain(InternalOp::Unreached);
        m_labels.open(i, here());
        if (i.op == Op::End) return end(i);
        if (i.op == Op::Delegate) m_labels.close(i, here());
    }
    void end(const Instruction& i) {
        if (m_labels.size() == 1) returnResults(m_code.localSlots + m_code.resultSlots);
        m_labels.close(i, here());
    }
    uint32_t addMove(const Move& move) {
        m_code.moves.push_back(move);
        return static_cast<uint32_t>(m_code.moves.size() - 1);
    }

    void branch(uint32_t depth) {
        if (depth + 1 == m_labels.size()) return returnResults(m_top);
        const Move move = m_labels.moveTo(depth, m_top);
        cell().b = static_cast<uint32_t>(m_labels.distanceTo(depth, here()));
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
        const Move move = m_labels.moveTo(depth, m_top - 1);
        cell().a = m_top - 1;
        cell().b = static_cast<uint32_t>(m_labels.distanceTo(depth, here()));
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
            m_code.branchTargets.push_back({0, m_labels.moveTo(depth, m_top - 1)});
            const int32_t distance = m_labels.distanceTo(depth, here(), target);
            m_code.branchTargets[target].distance = distance;
        }
        cell().a = m_top - 1;
        m_brTables.push_back({here(), first});
    }
    void branchOnNull(uint32_t depth, bool carriesReference) {
        const Move move = m_labels.moveTo(depth, carriesReference ? m_top : m_top - 1);
        cell().a = m_top - 1;
        cell().b = static_cast<uint32_t>(m_labels.distanceTo(depth, here()));
        cell().c = move.count ? addMove(move) : kNone;
    }
    void branchOnCast(const Instruction& i) {
        const Move move = m_labels.moveTo(i.index, m_top);
        cell().a = m_top - 1;
        cell().b = static_cast<uint32_t>(m_labels.distanceTo(i.index, here()));
        cell().c = static_cast<uint32_t>(m_code.castBranches.size());
        m_code.castBranches.push_back({castTarget(toCanonical(m_module, i.type2)), move});
    }
    void returnResults(uint32_t top) {
        const uint32_t count = m_code.resultSlots;
        const uint32_t source = top >= count ? top - count : 0;
        if (count == 0 || source == 0)
            plain(number(Op::Return));
        else if (count == 1)
            plain(InternalOp::Return1);
        else
            plain(InternalOp::ReturnN);
        cell().a = source;
        cell().b = count;
    }

    /// a = where the arguments begin.
    void call(const Instruction& i) {
        cell().a = m_top - m_context.functions[i.index]->paramSlots;
        cell().b = i.index;
    }
    void memoryAccess(const Instruction& i, uint32_t base, uint16_t index) {
        const MemoryType& type = m_module.memories[i.index].type;
        const bool hasLane = row(i.op).imm == Imm::MemArgLane;
        cell().a = base;
        if (index != kFarOnly && i.index == 0 && !(hasLane && type.limits.is64)) {
            cell().imm = i.value;
            if (hasLane) cell().c = i.lane;  // b = offset, which has 32 bits
            if (type.limits.is64) plain(static_cast<uint16_t>(kWideAccessFirst + index));
            return;
        }
        m_code.farAccesses.push_back({i.index, type.limits.is64, i.value});
        cell().b = static_cast<uint32_t>(m_code.farAccesses.size() - 1);
        cell().c = i.lane;
        if (index != kFarOnly) plain(static_cast<uint16_t>(kFarAccessFirst + index));
    }
    /// v128.const, i8x16.shuffle: imm = address of 16 bytes, once finish() knows it.
    void constant(uint64_t low, uint64_t high) {
        m_constants.push_back({here(), static_cast<uint32_t>(m_code.constants.size())});
        m_code.constants.push_back(low);
        m_code.constants.push_back(high);
    }
    void local(const Instruction& i, InternalOp wide, bool reads) {
        const uint32_t slots = m_localSlots.empty() ? 1 : m_code.locals[i.index].slots();
        cell().a = reads ? m_top : m_top - slots;
        cell().b = m_localSlots.empty() ? i.index : m_localSlots[i.index];
        if (slots == 2) plain(wide);
    }
    void global(const Instruction& i, InternalOp wide, bool reads) {
        const uint32_t slots = m_module.globals[i.index].type.type.slots();
        cell().a = reads ? m_top : m_top - slots;
        cell().imm = reinterpret_cast<uint64_t>(&m_context.globals[i.index]->low);
        if (slots == 2) plain(wide);
    }

    /// What before() does not do itself: a reachable instruction of any kind.
    void lowerRest(const Instruction& i, Insn& c) {
        switch (i.op) {
        case Op::If: c.a = m_top - 1; return;
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
            c.b = m_labels.tryRegion(i.index);
            m_code.catches.regions[c.b].isRethrown = true;
            return;
        case Op::ReturnCall: return call(i);
        case Op::CallIndirect:
        case Op::ReturnCallIndirect:
            c.a = m_top - 1;  // of the index, above the arguments
            c.b = m_module.canonicalTypes[i.index];
            c.c = i.index2;
            return;
        case Op::CallRef:
        case Op::ReturnCallRef:
            c.a = m_top - 1;
            c.b = slotsOf(m_module.types[i.index].func.params);
            return;
        case Op::Select:
        case Op::SelectTyped: {
            const ValType* const below = m_walker.top - 2;
            const uint32_t slots = below >= m_walker.floor ? below->slots() : 1;
            c.a = m_top - 1 - 2 * slots;
            if (slots == 2) plain(InternalOp::SelectWide);
            return;
        }
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
    const FunctionWalker::Impl& m_walker;
    Labels m_labels;
    Insn* const m_cells;
    Insn* m_cell;  // the present one
    uint32_t m_top = 0;
    std::vector<uint32_t> m_localSlots;                     // where each local begins; empty: in its own slot
    std::vector<std::pair<uint32_t, uint32_t>> m_brTables;  // cell, first entry
    std::vector<std::pair<uint32_t, uint32_t>> m_constants;  // cell, first slot
};

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
    FunctionWalker::Impl& w = walker.impl();
    Insn* const cells = store.codeRoom.reserve(module.functions[function.index.value].code.size());
    Lowering lowering(store, *code, w, cells);
    if (!w.begin(function.index) || !w.run(lowering)) return w.takeError();
    code->cells = {cells, lowering.count()};
    TRY(store.charge(*code));
    store.codeRoom.take(lowering.count());
    lowering.finish();
    code->maxSlots = std::max({walker.maxSlots(), code->localSlots + code->resultSlots, code->paramSlots});
    prepareCells(*code);
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
    Insn* const cells = store.codeRoom.reserve(2);
    cells[0] = Insn{call, call, 0, {reinterpret_cast<uint64_t>(&function)}};
    cells[1] = Insn{end, end, 0, {0}};
    store.codeRoom.take(2);
    code->cells = {cells, 2};
    return code;
}

}  // namespace engine
