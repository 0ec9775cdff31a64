// Exceptions (standard, section 4.6.12; legacy exceptions proposal): what the present instruction throws, who catches it, and the way
// there. In two phases: nothing is unwound before a handler was found, so that an uncaught exception leaves all frames as they were.
#pragma once

#include <optional>

#include "engine/execution.h"

namespace engine {

/// An exception on its way. Its arguments lie on the operand stack of the throw, or in the heap object if there is one.
struct Thrown {
    TagAddr tag;
    const Slot* arguments = nullptr;
    Slot object = 0;
};

/// Where an exception is caught.
struct Catcher {
    Frame* frame = nullptr;
    uint32_t region = 0;
    const CatchTable::Clause* clause = nullptr;
};

/// What the instruction at frame->ip throws, or its host call has thrown; nothing if it does not throw.
std::optional<Thrown> thrownAt(const Execution& x);

/// First phase: looks at up to `steps` clauses, regions and frames more, and counts `steps` down. x.search says how far it has come, so
/// that a search that was left at one moment is gone on with. False: not at its end yet.
bool searchCatcher(Execution& x, const Thrown& thrown, uint64_t& steps);
/// What a search at its end has found.
std::optional<Catcher> catcherOf(const CatchSearch& search);

/// Forgets the exceptions of legacy catch blocks that have been left.
void forgetLeftBlocks(Execution& x);

/// Throws what thrownAt() says: the cell to go on with, in what is now the youngest frame; or null: the machine has stopped, at the
/// throw (uncaught, somebody wants to see it, no memory) or where it is caught (RunLimits::minDepth).
const Insn* raise(Execution* x);

/// "name(1, 2)": the name from the name section, an import or an export of the instance that defines the tag.
std::string tagName(const StoreState& store, TagAddr tag);
std::vector<Value> argumentsOf(const StoreState& store, const Thrown& thrown);
std::string exceptionText(const std::string& tag, std::span<const Value> arguments);

}  // namespace engine
