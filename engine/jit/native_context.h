// NativeContext: what machine code of one Execution reads and writes by a pinned register, and the stack of return addresses that it
// runs on. Owned by the Jit, one per Execution; holds nothing while no machine code runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <span>

#include "engine/store.h"

namespace engine {
struct Code;
struct Execution;
struct Insn;
}  // namespace engine

namespace engine::jit {

/// Why machine code came back, where it is not the number of an Exit.
namespace leave {
inline constexpr uint64_t kReturned = ~uint64_t{0};  // the outermost function has returned
inline constexpr uint64_t kCall =
    ~uint64_t{1};  // a call that the interpreter makes; exitAddress: where it would return to
inline constexpr uint64_t kFault = ~uint64_t{2};        // exitAddress: of the faulting instruction
inline constexpr uint64_t kInterpreted = ~uint64_t{3};  // the frames are the interpreter's already
}  // namespace leave

/// Where machine code must not reach without the interpreter's look.
struct WatchedBytes {
    static constexpr uint32_t kWidths = 13;  // from 1 byte to 4096
    uint64_t begin = 0;
    uint64_t spans[kWidths] =
        {};  // by log2 of its bytes: an access touches them if its last byte is less than that behind begin
    uint64_t pages = 0;  // WatchFilter::pages
};

struct NativeContext {
    int64_t ticksLeft = 0;
    Slot* stackLimit = nullptr;
    uint8_t* nativeLimit = nullptr;  // the stack pointer must not fall below it in a called function
    uint8_t* memory = nullptr;
    uint64_t memorySize = 0;
    uint64_t bulkSize =
        0;  // the same, but 0 while pages are protected: copies and fills are the interpreter's then
    WatchedBytes watchedReads, watchedWrites;
    uint8_t* nativeTop = nullptr;  // where the outermost function finds its return address
    void* hostStack = nullptr;
    void* pausedStack = nullptr;  // of machine code, while it has the interpreter execute a cell
    Execution* execution = nullptr;
    uint64_t* tickEnd = nullptr;  // of the execution
    uint64_t exit = 0;
    const uint8_t* exitAddress = nullptr;
    uint8_t* nativeStack = nullptr;  // at the exit: the return address of the youngest function
    uint64_t general[16] = {};
    alignas(16) uint64_t vector[16][2] = {};

    // Return addresses whose frames stand as records above the outermost one's, from the outermost on.
    static constexpr size_t kMaxRecorded = 64;
    const void* recorded[kMaxRecorded] = {};
    size_t recordedCount = 0;
    void* calling =
        nullptr;  // the native stack, while a cell is executed in frames: what it runs of its own goes below
    const void* const* direct =
        nullptr;  // while a host function runs on its short way: the return addresses, the youngest first
    uint32_t runs = 0;           // of machine code that wait for a host function, and the present one
    bool hasStopped = false;     // kInterpreted: by what a cell came to
    std::exception_ptr problem;  // kInterpreted: what a host function threw

    /// While direct is set.
    std::span<const void* const> directCalls() const {
        return {direct, reinterpret_cast<const void* const*>(nativeTop)};
    }

    uint8_t* region = nullptr;
    size_t regionSize = 0;
    size_t maxFrames = 0;
};

/// Executes one cell that leaves frames alone, for machine code, by the interpreter's handler. Everything is at home. False: it did not
/// complete; machine code must leave for the interpreter, which executes it (again).
bool executeCell(NativeContext* context, const Insn* ip, Slot* frame, Code* code);

/// Makes a host call by its short way, which the function has. False: nothing was done.
bool callHostDirectly(NativeContext* context, const FunctionInstance* function, Slot* slots);

/// The same of a cell that sees the frames: it may call the host, collect, throw. They stand as records meanwhile. False: machine code must
/// leave with kInterpreted, as the records are all that is left of it.
bool executeInFrames(NativeContext* context, const Insn* ip, Slot* frame, Code* code);

}  // namespace engine::jit
