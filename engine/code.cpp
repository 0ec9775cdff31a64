#include "engine/code.h"

#include <algorithm>
#include <numeric>

#include "engine/function_walker.h"
#include "engine/instruction_reader.h"
#include "engine/store_state.h"

namespace engine {

namespace {
constexpr uint64_t kKeptOperandTypeBytes = 1 << 20;
constexpr uint64_t kEntryBytes = 64;
}  // namespace

std::optional<uint32_t> Code::cellAt(uint32_t offset) const {
    const auto found = std::lower_bound(offsets().begin(), offsets().end(), offset);
    if (found == offsets().end() || *found != offset) return std::nullopt;
    return static_cast<uint32_t>(found - offsets().begin());
}

uint32_t Code::localSlot(uint32_t local) const { return slotsOf(std::span(locals).first(local)); }

void Code::findOffsets() const {
    m_offsets.resize(cells.size());
    if (!context->instance) {
        std::iota(m_offsets.begin(), m_offsets.end(), 0);
        return;
    }
    const Module& module = *context->instance->module;
    InstructionReader reader(module);
    reader.start(module.functions[function->index.value].code);
    Instruction instruction;
    for (uint32_t& offset : m_offsets) {
        CHECK(reader.next(instruction));
        offset = instruction.offset;
    }
}

uint64_t Code::bytes() const {
    return sizeof(Code) + cells.size_bytes() + m_offsets.capacity() * sizeof(uint32_t) +
           moves.capacity() * sizeof(Move) + branchTargets.capacity() * sizeof(BranchTarget) +
           farAccesses.capacity() * sizeof(FarAccess) + castBranches.capacity() * sizeof(CastBranch) +
           constants.capacity() * sizeof(Slot) + catches.bytes() + m_operandTypeBytes;
}

const std::vector<ValType>& Code::operandTypes(uint32_t cell) const {
    if (const auto known = m_operandTypes.find(cell); known != m_operandTypes.end()) return known->second;
    std::vector<ValType> types;
    if (context->instance)
        types = operandTypesAt(*context->instance->module, function->index, offsets()[cell]).valueOr({});
    const uint64_t bytes = types.capacity() * sizeof(ValType) + kEntryBytes;
    if (bytes > kKeptOperandTypeBytes) return context->store->spareOperandTypes = std::move(types);
    if (m_operandTypeBytes + bytes > kKeptOperandTypeBytes) {
        m_operandTypes.clear();
        m_operandTypeBytes = 0;
    }
    m_operandTypeBytes += bytes;
    return m_operandTypes.emplace(cell, std::move(types)).first->second;
}

}  // namespace engine
