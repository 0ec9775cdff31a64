// Explain: what an instruction means, in words: in general, and with the operands that are on the stack now. The words are those of
// resources/instructions; what stands here is what depends on the program's state.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "debugger/debuggee.h"
#include "debugger/places.h"
#include "debugger/protocol.h"

namespace debugger {

InstructionText instructionText(engine::Op op);
/// The same as lines for a terminal.
std::vector<std::string> textLines(const InstructionText& text);

nlohmann::ordered_json toJson(const InstructionText& text);

/// The instruction at an offset, in general. NotFound if none begins there.
engine::Result<Explanation> explainAt(Places& places, uint32_t offset);
/// The next instruction of a frame of a stopped program; `stack` is what GetOperandStack says of it.
engine::Result<Explanation> explainNext(Debuggee& debuggee, Places& places, const StackFrame& frame,
                                        const OperandStack& stack);
std::vector<std::string> textLines(const Explanation& explanation);

/// A call to the host that has not been made yet: the function's sentence in `notes`, and its arguments decoded.
void explainHostCall(Debuggee& debuggee, std::string_view function, std::span<const engine::Value> values,
                     Explanation& explanation);

}  // namespace debugger
