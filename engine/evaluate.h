// evaluate(): what a numeric instruction or a load would leave, without executing it; for people who look at the next instruction.
#pragma once

#include <optional>
#include <span>

#include "engine/opcode.h"
#include "engine/store.h"

namespace engine {

struct Evaluated {
    TrapKind trap = TrapKind::None;
    Value result;  // if it does not trap
};
/// Of an instruction of numeric.def, with its operands in the order in which they were pushed; nothing for any other.
std::optional<Evaluated> evaluate(Op op, std::span<const Value> operands);
/// What a plain load leaves that finds these bytes (accessBytes(op) of them); nothing for other instructions.
std::optional<Value> evaluateLoad(Op op, std::span<const uint8_t> bytes);

}  // namespace engine
