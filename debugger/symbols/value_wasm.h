// Values of WebAssembly references: objects of the garbage-collected heap seen as structures and arrays.
#pragma once

#include <functional>

#include "debugger/symbols/value.h"

namespace debugger {

/// Whether the value is a reference of WebAssembly, as $local0, $stack0, $global0 and parts of objects may be.
bool isWasmReference(const SourceValue& value);
/// A value of this type that stands nowhere in memory; with `isFunction` a reference is one to a function.
SourceValue wasmTemporary(const engine::Value& value, engine::PackedKind packed, bool isFunction);

engine::Result<WasmReferent> wasmReferent(const SourceValue& reference, EvaluationContext& context);
/// Field, element or argument by number.
engine::Result<SourceValue> wasmPart(const SourceValue& reference, uint64_t index,
                                     EvaluationContext& context);
/// Field by name.
std::optional<SourceValue> wasmMember(const SourceValue& reference, std::string_view name,
                                      EvaluationContext& context);
std::vector<SourceValue> wasmParts(const SourceValue& reference, uint64_t first, uint64_t count,
                                   EvaluationContext& context);
/// What an array of i8 or i16 says if all of it can be read: its text in quotes, at most `maxLength` characters. Else nothing.
std::optional<std::string> wasmText(const SourceValue& reference, size_t maxLength,
                                    EvaluationContext& context);

}  // namespace debugger
