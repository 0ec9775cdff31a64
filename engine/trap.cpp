#include "engine/trap.h"

#include <cinttypes>
#include <cstdio>

namespace engine {

std::string toText(TrapKind kind) {
    switch (kind) {
    case TrapKind::None: return "no trap";
    case TrapKind::Unreachable: return "unreachable";
    case TrapKind::IntegerDivideByZero: return "integer divide by zero";
    case TrapKind::IntegerOverflow: return "integer overflow";
    case TrapKind::InvalidConversionToInteger: return "invalid conversion to integer";
    case TrapKind::OutOfBoundsMemory: return "out of bounds memory access";
    case TrapKind::OutOfBoundsTable: return "out of bounds table access";
    case TrapKind::UninitializedElement: return "uninitialized element";
    case TrapKind::UndefinedElement: return "undefined element";
    case TrapKind::IndirectCallTypeMismatch: return "indirect call type mismatch";
    case TrapKind::NullReference: return "null reference";
    case TrapKind::NullStructure: return "null structure reference";
    case TrapKind::NullArray: return "null array reference";
    case TrapKind::NullI31: return "null i31 reference";
    case TrapKind::CastFailure: return "cast failure";
    case TrapKind::OutOfBoundsArray: return "out of bounds array access";
    case TrapKind::AllocationFailure: return "allocation failure";
    case TrapKind::NullFunction: return "null function reference";
    case TrapKind::NullException: return "null exception reference";
    case TrapKind::UncaughtException: return "uncaught exception";
    case TrapKind::StackExhausted: return "call stack exhausted";
    case TrapKind::UnalignedAtomic: return "unaligned atomic";
    case TrapKind::ExpectedSharedMemory: return "expected shared memory";
    case TrapKind::Host: return "host function refused";
    }
    return "unknown trap";
}

namespace {

template <class... Arguments>
std::string print(const char* format, Arguments... arguments) {
    char buffer[256];
    std::snprintf(buffer, sizeof(buffer), format, arguments...);
    return buffer;
}

std::string elements(uint64_t count) {
    return count == 1 ? std::string("1 element") : print("%" PRIu64 " elements", count);
}

}  // namespace

std::string Trap::text() const {
    const std::string what = toText(kind);
    if (!message.empty()) return kind == TrapKind::Host ? message : what + ": " + message;
    switch (kind) {
    case TrapKind::OutOfBoundsMemory:
        return what +
               print(": %" PRIu64 " byte%s at 0x%" PRIx64 ", memory %u has %" PRIu64 " bytes", size,
                     size == 1 ? "" : "s", address, index, limit) +
               (limit % 65536 == 0 ? print(" (%" PRIu64 " page%s)", limit >> 16, limit == 65536 ? "" : "s")
                                   : "");
    case TrapKind::OutOfBoundsTable:
        return what + ": " + elements(size) + print(" at %" PRIu64 ", table %u has ", address, index) +
               elements(limit);
    case TrapKind::UndefinedElement:
        return what + print(": index %" PRIu64 ", table %u has ", address, index) + elements(limit);
    case TrapKind::UninitializedElement:
    case TrapKind::IndirectCallTypeMismatch:
        return what + print(": element %" PRIu64 " of table %u", address, index);
    case TrapKind::OutOfBoundsArray:
        return what + ": " + elements(size) + print(" at %" PRIu64 ", the array has ", address) +
               elements(limit);
    case TrapKind::UnalignedAtomic: return what + print(": %" PRIu64 " bytes at 0x%" PRIx64, size, address);
    case TrapKind::StackExhausted:
        return what + (limit ? print(": %" PRIu64 " frames", limit) : std::string());
    default: return what;
    }
}

}  // namespace engine
