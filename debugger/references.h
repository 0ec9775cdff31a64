// What WebAssembly references of a debuggee refer to, in words and parts, for whatever shows values. Reads the debuggee's heap.
#pragma once

#include "debugger/symbols/value.h"

namespace debugger {

class Debuggee;

WasmReferent referentOf(Debuggee& debuggee, engine::Slot reference, bool isFunction);
/// Field of a structure, element of an array, argument of an exception. Error: NotFound.
engine::Result<WasmPart> partOf(Debuggee& debuggee, engine::Slot object, uint64_t index);

}  // namespace debugger
