// References as they stand in slots: one form each, whatever their static type, so that any.convert_extern and extern.convert_any do
// nothing. 0 is null; an i31 and an object of the GC heap are told by their high bits; what is left is a function address + 1 where the
// type is a funcref, and a host reference + 1 elsewhere (externref, or anyref that came from one).
#pragma once

#include <cstdint>

#include "engine/store.h"

namespace engine {

enum class ObjectKind : uint8_t { Struct, Array, Exception };

namespace reference {

inline constexpr uint32_t kKindShift = 60;
inline constexpr Slot kObject = Slot{1} << 62;  // bits 60 and 61: ObjectKind; bits 0 to 47: place in the heap
inline constexpr Slot kI31 = Slot{1} << 61;     // bits 0 to 30: the value
inline constexpr Slot kPlace = (Slot{1} << 48) - 1;

constexpr bool isObject(Slot reference) { return reference >> 62 == 1; }
constexpr bool isI31(Slot reference) { return reference >> 61 == 1; }
/// Of an externref or anyref: neither null, nor an i31, nor an object.
constexpr bool isHost(Slot reference) { return reference != 0 && reference >> 61 == 0; }

constexpr Slot i31(uint32_t value) { return kI31 | (value & 0x7fffffff); }
constexpr uint32_t i31Unsigned(Slot reference) { return static_cast<uint32_t>(reference) & 0x7fffffff; }
constexpr int32_t i31Signed(Slot reference) {
    return static_cast<int32_t>(static_cast<uint32_t>(reference) << 1) >> 1;
}

constexpr Slot object(ObjectKind kind, uint64_t place) {
    return kObject | static_cast<Slot>(kind) << kKindShift | place;
}
constexpr ObjectKind kind(Slot object) { return static_cast<ObjectKind>(object >> kKindShift & 3); }
constexpr uint64_t place(Slot object) { return object & kPlace; }

}  // namespace reference

}  // namespace engine
