// Operators of expressions on objects: C's on numbers and pointers, and what people expect of strings, vectors and smart pointers.
#pragma once

#include <string>

#include "debugger/symbols/value.h"
#include "debugger/symbols/value_number.h"
#include "debugger/symbols/value_types.h"
#include "engine/base/result.h"

namespace debugger {

/// The number that an operand stands for: arrays and smart pointers are addresses, Rust's newtypes are not looked through.
engine::Result<Number> numberOf(const SourceValue& value, EvaluationContext& context);
/// Not zero, not null, engaged.
engine::Result<bool> isTrue(const SourceValue& value, EvaluationContext& context);
SourceValue truth(bool value);

engine::Result<SourceValue> binaryOperation(BinaryOperation operation, const SourceValue& left,
                                            const SourceValue& right, EvaluationContext& context);
engine::Result<SourceValue> negated(const SourceValue& value, EvaluationContext& context);
engine::Result<SourceValue> complemented(const SourceValue& value, EvaluationContext& context);

/// *value, for smart pointers and optionals too.
engine::Result<SourceValue> pointee(const SourceValue& value, EvaluationContext& context);
engine::Result<SourceValue> addressOf(const SourceValue& value, EvaluationContext& context);
/// value.name, through pointers as Rust does it. Error: NotFound with a suggestion.
engine::Result<SourceValue> memberNamed(const SourceValue& value, const std::string& name,
                                        EvaluationContext& context);
/// value.[raw], value.[2].
engine::Result<SourceValue> childNamed(const SourceValue& value, const std::string& name,
                                       EvaluationContext& context);
/// value.len() and its like, of what printers know.
engine::Result<SourceValue> memberCall(const SourceValue& value, const std::string& name,
                                       EvaluationContext& context);
engine::Result<SourceValue> indexed(const SourceValue& value, const SourceValue& index,
                                    EvaluationContext& context);
/// `count` elements from the `first` one on.
engine::Result<SourceValue> sliced(const SourceValue& value, int64_t first, int64_t count,
                                   EvaluationContext& context);
/// value@count: an array that begins with the object.
engine::Result<SourceValue> repeated(const SourceValue& value, int64_t count, EvaluationContext& context);
engine::Result<SourceValue> castTo(TypeId type, bool isReference, const SourceValue& value,
                                   EvaluationContext& context);

}  // namespace debugger
