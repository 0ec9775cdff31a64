// Backend: makes machine code for one kind of processor. Everything else of the JIT is the same for all of them. Owned by the Jit.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/jit/code_arena.h"
#include "engine/jit/compiled_function.h"
#include "engine/jit/native_context.h"
#include "engine/machine_code.h"

namespace engine::jit {

class Jit;

/// What lies at an address outside of a function: "function 7"; empty: unknown.
using AddressNames = std::function<std::string(const uint8_t*)>;

class Backend {
public:
    virtual ~Backend() = default;
    /// Machine code that others jump to, made once per arena. False: no room.
    virtual bool makeStubs(CodeArena& arena) = 0;
    /// Null: there is no room (Jit::noRoom() is told), or the function is more than this back end can do.
    virtual std::unique_ptr<CompiledFunction> compile(Code& code, Jit& jit) = 0;
    /// Runs machine code at `target` with the frame register at `frame`, until it comes back; context.exit says why.
    virtual void enter(NativeContext& context, Slot* frame, const uint8_t* target) = 0;
    /// Where a called function begins that has no machine code: makes the interpreter do the call.
    virtual const uint8_t* interpretedCall() const = 0;
    /// The code of a function, and which of its locals have registers, as text.
    virtual MachineCode list(const CompiledFunction& function, const AddressNames& names) const = 0;
};

/// The back end of this machine, or null if there is none.
std::unique_ptr<Backend> createBackend();

}  // namespace engine::jit
