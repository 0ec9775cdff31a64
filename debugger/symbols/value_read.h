// Reading objects: bytes at a place, scalars, members, elements, pointees. Everything is bounded, and what cannot be read is an Error that
// says why (the text behind "<unavailable: ").
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "debugger/symbols/value.h"
#include "debugger/symbols/value_number.h"
#include "debugger/symbols/value_types.h"
#include "engine/base/result.h"

namespace debugger {

/// Most bytes of one object that are ever copied.
inline constexpr uint64_t kMaxObjectBytes = 64 * 1024;

/// Bytes [offset, offset + into.size()) of the object at a place.
engine::Result<> readPlace(const ObjectPlace& place, uint64_t offset, std::span<uint8_t> into,
                           EvaluationContext& context);
engine::Result<> writePlace(const ObjectPlace& place, uint64_t offset, std::span<const uint8_t> bytes,
                            EvaluationContext& context);
/// The part of an object that begins `offset` bytes in it. `size` 0 = not known.
ObjectPlace partOf(const ObjectPlace& place, uint64_t offset, uint64_t size);

ObjectPlace unavailable(std::string why);
ObjectPlace memoryPlace(uint64_t address);
SourceValue temporary(TypeId type, std::vector<uint8_t> bytes);
/// A temporary of the built-in type that fits the number.
SourceValue temporary(const Number& number);
SourceValue temporaryPointer(TypeId pointee, uint64_t address, const Types& types);

/// The bytes of a Wasm value, 4, 8 or 16 of them.
std::vector<uint8_t> bytesOf(const engine::Value& value);
std::string_view kindName(ObjectPlace::Kind kind);  // "local", "global", "operand"

/// Number, bool, character, enum, pointer, bit field.
engine::Result<Number> readNumber(const SourceValue& value, EvaluationContext& context);
/// Where a pointer or reference points.
engine::Result<uint64_t> readPointer(const SourceValue& value, EvaluationContext& context);

SourceValue memberOf(const SourceValue& object, const Member& member, EvaluationContext& context);
/// By name: own members first, then those of anonymous members, bases and (of a Rust enum) the active case. Bounded.
std::optional<SourceValue> findMember(const SourceValue& object, std::string_view name,
                                      EvaluationContext& context);
/// All names that findMember() would find, for suggestions.
std::vector<std::string> memberNames(const SourceValue& object, EvaluationContext& context);
/// The first pointer in an object, however deep (smart pointers of libraries wrap it).
std::optional<SourceValue> findPointer(const SourceValue& object, EvaluationContext& context);

/// One element of an array; arrays of arrays give rows.
engine::Result<SourceValue> elementOf(const SourceValue& array, uint64_t index, EvaluationContext& context);
/// What a pointer or reference points to. Error: null, no type.
engine::Result<SourceValue> dereference(const SourceValue& pointer, EvaluationContext& context);
/// The object itself, if it is one: references are followed.
SourceValue throughReferences(const SourceValue& value, EvaluationContext& context);

/// The case of a Rust enum that is active, or nothing. Error: discriminant unreadable.
engine::Result<const VariantCase*> activeCase(const SourceValue& value, EvaluationContext& context);

/// "Shape" of "shapes::Shape<T>": without namespaces and arguments.
std::string shortName(std::string_view qualified);

/// A name as it is written in an expression: in quotes if it is more than letters; empty if even that does not help.
std::string writtenName(const std::string& name);
/// Expressions that yield parts of what `path` yields.
std::string memberPath(const std::string& path, const std::string& name);
std::string indexPath(const std::string& path, const std::string& index);
std::string dereferencePath(const std::string& path);

}  // namespace debugger
