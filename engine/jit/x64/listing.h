// Machine code as text.
#pragma once

#include "engine/jit/backend.h"

namespace engine::jit::x64 {

std::vector<MachineLine> list(const CompiledFunction& function, const AddressNames& names);
/// Which locals have a register of their own: "local 0 in rsi, local 2 in xmm7".
std::string localRegisters(const CompiledFunction& function);

}  // namespace engine::jit::x64
