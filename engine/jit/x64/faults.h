// Faults of machine code: the signal handler that turns one into an exit (leave::kFault).
#pragma once

#include "engine/jit/code_arena.h"
#include "engine/jit/x64/stubs.h"

namespace engine::jit::x64 {

/// Installs the handlers, once per process; what is no fault of machine code goes to whoever had them before.
void installFaultHandlers();

/// While it lives, faults of this thread in the arena end in the context.
class FaultScope {
public:
    FaultScope(NativeContext& context, const CodeArena& arena, const Stubs& stubs);
    ~FaultScope();
    FaultScope(const FaultScope&) = delete;

    NativeContext& context;
    const CodeArena& arena;
    const Stubs& stubs;

private:
    FaultScope* m_outer;
};

}  // namespace engine::jit::x64
