// The numbers of fused ops, computed from tables: which instructions take part, and in which forms. fusion.cpp finds groups by them,
// handlers_fused.cpp makes a handler for each. A group is: sources (none: the operand is at its home slot), operation, sink.
#pragma once

#include <tuple>
#include <utility>

#include "engine/internal_op.h"
#include "engine/numeric.h"

namespace engine::fused {

/// A list of operations of numeric.h with their Ops.
template <Op op, class Operation>
struct Entry {
    static constexpr Op kOp = op;
    using Type = Operation;
};
template <class... Entries>
struct List {
    static constexpr uint32_t kSize = sizeof...(Entries);
    template <uint32_t i>
    using At = typename std::tuple_element_t<i, std::tuple<Entries...>>::Type;
    static constexpr std::array<Op, kSize> kOps{Entries::kOp...};
};
/// List without the last entry, which only follows the last comma of the rows.
template <class Sequence, class... Entries>
struct DropLast;
template <size_t... i, class... Entries>
struct DropLast<std::index_sequence<i...>, Entries...> {
    using Type = List<std::tuple_element_t<i, std::tuple<Entries...>>...>;
};
template <class... Entries>
using Rows = typename DropLast<std::make_index_sequence<sizeof...(Entries) - 1>, Entries...>::Type;
using LastRow = Entry<Op::Count, void>;

using Compares = Rows<
#define COMPARE(id, ...) Entry<Op::id, numeric::id>,
#include "engine/numeric.def"
    LastRow>;
using Binaries = Rows<
#define COMPARE(id, ...) Entry<Op::id, numeric::id>,
#define BINARY(id, ...) Entry<Op::id, numeric::id>,
#define TRAPPING_BINARY(id, ...) Entry<Op::id, numeric::id>,
#include "engine/numeric.def"
    LastRow>;
using Unaries = Rows<
#define UNARY(id, ...) Entry<Op::id, numeric::id>,
#define TRAPPING_UNARY(id, ...) Entry<Op::id, numeric::id>,
#include "engine/numeric.def"
    LastRow>;
using Loads = Rows<
#define LOAD(id, ...) Entry<Op::id, numeric::id>,
#include "engine/numeric.def"
    LastRow>;
using Stores = Rows<
#define STORE(id, ...) Entry<Op::id, numeric::id>,
#include "engine/numeric.def"
    LastRow>;

#define ROW(id) Entry<Op::id, numeric::id>
/// Pairs: the first operation's result is an operand of the second.
using PairFirst32 =
    List<ROW(I32Add), ROW(I32Sub), ROW(I32Mul), ROW(I32And), ROW(I32Shl), ROW(I32ShrU), ROW(I32Xor)>;
using PairSecond32 = List<ROW(I32Add), ROW(I32Sub), ROW(I32And), ROW(I32Or), ROW(I32Xor), ROW(I32Shl)>;
using PairFirst64 = List<ROW(F64Add), ROW(F64Sub), ROW(F64Mul)>;
using PairSecond64 = List<ROW(F64Add), ROW(F64Sub), ROW(F64Mul)>;
#undef ROW

// Where operands come from, in the order of their cells.
enum class Sources : uint8_t { StackStack, StackLocal, StackConstant, LocalLocal, LocalConstant, Count };
constexpr uint32_t kSources = static_cast<uint32_t>(Sources::Count);
/// Where one operand comes from: Stack = its home slot.
enum class Source : uint8_t { Stack, Local, Count };
// Addresses of loads: an operand, or a sum made just before.
enum class Address : uint8_t {
    Stack,
    Local,
    StackPlusConstant,
    LocalPlusConstant,
    StackPlusLocal,
    LocalPlusLocal,
    StackPlusStack,
    Count
};
constexpr uint32_t kAddresses = static_cast<uint32_t>(Address::Count);
// Where the result goes.
enum class Sink : uint8_t { Stack, Set, Tee, Count };
constexpr uint32_t kSinks = static_cast<uint32_t>(Sink::Count);
// What a condition decides: br_if, br_if to a loop (counts the tick and goes behind the loop instruction), if.
enum class Decision : uint8_t { BrIf, BrIfLoop, If, Count };
constexpr uint32_t kDecisions = static_cast<uint32_t>(Decision::Count);
// The second operand of a pair's second operation, or its first if the pair's result is the right one.
enum class Second : uint8_t { WithLocal, WithConstant, StackWithIt, Count };
constexpr uint32_t kSeconds = static_cast<uint32_t>(Second::Count);
// What is tested against zero, before br_if or if.
enum class Test : uint8_t { I32, I32Eqz, I64Eqz, Count };
constexpr uint32_t kTests = static_cast<uint32_t>(Test::Count);
// Groups of one form only.
enum class Single : uint8_t { Skip, BrLoop, GetSet, ConstantSet, GetGet, GetConstant, SetGet, TeeGet, Count };

constexpr uint16_t kBinaryFirst = kFusedFirst;
constexpr uint16_t kCompareFirst = kBinaryFirst + Binaries::kSize * kSources * kSinks;
constexpr uint16_t kUnaryFirst = kCompareFirst + Compares::kSize * kSources * kDecisions;
constexpr uint16_t kLoadFirst = kUnaryFirst + Unaries::kSize * 2 * kSinks;
constexpr uint16_t kStoreFirst = kLoadFirst + Loads::kSize * kAddresses * kSinks;
constexpr uint16_t kPair32First = kStoreFirst + Stores::kSize * kSources;
constexpr uint16_t kPair64First =
    kPair32First + PairFirst32::kSize * PairSecond32::kSize * kSources * kSeconds * kSinks;
constexpr uint16_t kTestFirst =
    kPair64First + PairFirst64::kSize * PairSecond64::kSize * kSources * kSeconds * kSinks;
constexpr uint16_t kSingleFirst = kTestFirst + kTests * 2 * kDecisions;
constexpr uint16_t kEnd = kSingleFirst + static_cast<uint16_t>(Single::Count);

constexpr uint16_t number(Single single) {
    return static_cast<uint16_t>(kSingleFirst + static_cast<uint16_t>(single));
}

/// Cells of two sources; of an address without its load.
constexpr uint32_t cellsOf(Sources s) {
    return s == Sources::StackStack ? 0 : s == Sources::LocalLocal || s == Sources::LocalConstant ? 2 : 1;
}
constexpr uint32_t cellsOf(Sink s) { return s == Sink::Stack ? 0 : 1; }
constexpr uint32_t cellsOf(Address address) {
    switch (address) {
    case Address::Stack: return 0;
    case Address::Local:
    case Address::StackPlusStack: return 1;
    case Address::StackPlusConstant:
    case Address::StackPlusLocal: return 2;
    default: return 3;
    }
}

}  // namespace engine::fused
