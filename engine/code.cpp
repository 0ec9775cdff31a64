#include "engine/code.h"

#include <algorithm>

#include "engine/function_walker.h"
#include "engine/store_state.h"

namespace engine {

namespace {
constexpr uint64_t kKeptOperandTypeBytes = 1 << 20;
constexpr uint64_t kEntryBytes = 64;
}  // namespace

std::optional<uint32_t> Code::cellAt(uint32_t offset) const {
    const auto found = std::lower_bound(offsets.begin(), offsets.end(), offset);
    if (found == offsets.end() || *found != offset) return std::nullopt;
    return static_cast<uint32_t>(found - offsets.begin());
}

uint32_t Code::localSlot(uint32_t local) const { return slotsOf(std::span(locals).first(local)); }

uint64_t Code::bytes() const {
    return sizeof(Code) + cells.capacity() * sizeof(Insn) + offsets.capacity() * sizeof(uint32_t) +
           moves.capacity() * sizeof(Move) + branchTargets.capacity() * sizeof(BranchTarget) +
           farAccesses.capacity() * sizeof(FarAccess) + castBranches.capacity() * sizeof(CastBranch) +
           constants.capacity() * sizeof(Slot) + catches.bytes() +
           tier.heights.capacity() * sizeof(uint32_t) + m_operandTypeBytes;
}

const std::vector<ValType>& Code::operandTypes(uint32_t cell) const {
    if (const auto known = m_operandTypes.find(cell); known != m_operandTypes.end()) return known->second;
    std::vector<ValType> types;
    if (context->instance)
        types = operandTypesAt(*context->instance->module, function->index, offsets[cell]).valueOr({});
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
