// InstructionHelp: what an instruction means, in words, from the texts of resources/instructions (their README describes the form).
// Compiled in and read once, when first asked for.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/opcode.h"
#include "engine/trap.h"

namespace engine {

struct InstructionHelp {
    std::string text;      // sentences; the first one is a summary
    std::string stack;     // "[i32 i32] -> [i32]"
    std::string standard;  // the part of the standard that defines it: "Numeric instructions"
    struct TrapCase {
        TrapKind kind = TrapKind::None;
        std::string when;  // "if the second operand is 0"
    };
    std::vector<TrapCase> traps;

    std::string_view summary() const;
};
const InstructionHelp& helpOf(Op op);

using InstructionHelpTable = std::array<InstructionHelp, kOpCount>;
/// Reads texts of that form. Error: Malformed, with the line, if a row has not exactly one entry, an entry has no row, or a name in braces
/// or a trap is unknown.
Result<InstructionHelpTable> parseInstructionTexts(std::string_view texts);
/// All files of resources/instructions, one behind the other.
std::string_view instructionTexts();

/// The rows that somebody means by a text ("i32.add"; several for "select"), an id ("SelectTyped") or a code ("0x6a", "0xfd0e",
/// "0xfd 0x0e"). Error: NotFound, with the names that are near.
Result<std::vector<Op>> findInstructions(std::string_view name);

}  // namespace engine
