// Trap: a guest fault (standard, section 4). A value: the machine stops at the faulting instruction with its state intact.
#pragma once

#include <cstdint>
#include <string>

namespace engine {

enum class TrapKind : uint8_t {
    None,
    Unreachable,
    IntegerDivideByZero,
    IntegerOverflow,
    InvalidConversionToInteger,
    OutOfBoundsMemory,
    OutOfBoundsTable,
    UninitializedElement,
    UndefinedElement,
    IndirectCallTypeMismatch,
    NullReference,
    NullStructure,
    NullArray,
    NullI31,
    CastFailure,
    OutOfBoundsArray,
    AllocationFailure,
    NullFunction,
    NullException,
    UncaughtException,
    StackExhausted,
    UnalignedAtomic,
    ExpectedSharedMemory,
    Host /* a host function refused: see message */,
};

/// The text that the standard's test suite uses ("out of bounds memory access").
std::string toText(TrapKind kind);

struct Trap {
    TrapKind kind = TrapKind::None;
    // Operands that explain it; which of them hold depends on the kind.
    uint64_t address = 0;  // effective address of a memory access (before wrapping), element or array index
    uint64_t size = 0;     // bytes accessed, or elements
    uint64_t limit = 0;    // memory size in bytes, table or array size
    uint32_t index = 0;    // which memory or table
    std::string message;   // of a host function, or more exact than the operands; empty otherwise
    /// One sentence with the operands: "out of bounds memory access: 4 bytes at 0x1000c, memory 0 has 65536 bytes (1 page)".
    std::string text() const;
    bool operator==(const Trap&) const = default;
};

}  // namespace engine
