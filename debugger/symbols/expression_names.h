// What a name in an expression means: a variable (innermost scope first), a member of `this`, a global, a function, an enumerator.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "debugger/symbols/value.h"
#include "engine/base/result.h"

namespace debugger {

/// Error: NotFound, with the nearest name that exists.
engine::Result<SourceValue> lookUp(const std::string& name, EvaluationContext& context);
/// Whether a variable of that name is visible (which a type of the same name then is not).
bool isVariable(const std::string& name, EvaluationContext& context);
/// $local0, $stack1, $global2, $pc, $memory.
engine::Result<SourceValue> lookUpWasm(const std::string& name, EvaluationContext& context);
/// An enumerator of that enum by plain or qualified name.
const Enumerator* findEnumerator(const TypeInfo& type, std::string_view name);
/// "; did you mean `count`?", or nothing if none is near.
std::string suggestion(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace debugger
