// Vector instructions but for memory: a handler per row of simd.def, and v128.const and i8x16.shuffle.
#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

#include "engine/handlers.h"
#include "engine/simd.h"

namespace engine {

namespace {

using simd::u8x16;

// Operands stand at slot a and behind it, two slots a vector; the result replaces them.

template <class Operation>
const Insn* unary(HANDLER_PARAMETERS) {
    Slot& slot = fp[ip->a];
    write(slot, Operation::apply(read<typename Operation::Operand>(slot)));
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* binary(HANDLER_PARAMETERS) {
    using Operand = typename Operation::Operand;
    Slot* slots = &fp[ip->a];
    write(slots[0], Operation::apply(read<Operand>(slots[0]), read<Operand>(slots[2])));
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* ternary(HANDLER_PARAMETERS) {
    using Operand = typename Operation::Operand;
    Slot* slots = &fp[ip->a];
    write(slots[0],
          Operation::apply(read<Operand>(slots[0]), read<Operand>(slots[2]), read<Operand>(slots[4])));
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* shift(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    write(slots[0], Operation::apply(read<typename Operation::Operand>(slots[0]), read<uint32_t>(slots[2])));
    return dispatch(ip + 1, HANDLER_REST);
}
/// b = lane.
template <class Operation>
const Insn* extractLane(HANDLER_PARAMETERS) {
    using Lane = typename Operation::Lane;
    Slot& slot = fp[ip->a];
    const auto lane = readMemory<Lane>(reinterpret_cast<const uint8_t*>(&slot) + ip->b * sizeof(Lane));
    write(slot, Operation::apply(lane));
    return dispatch(ip + 1, HANDLER_REST);
}
template <class Operation>
const Insn* replaceLane(HANDLER_PARAMETERS) {
    using Lane = typename Operation::Lane;
    Slot* slots = &fp[ip->a];
    writeMemory(reinterpret_cast<uint8_t*>(slots) + ip->b * sizeof(Lane), static_cast<Lane>(slots[2]));
    return dispatch(ip + 1, HANDLER_REST);
}
/// imm = address of the 16 bytes.
const Insn* constant(HANDLER_PARAMETERS) {
    write(fp[ip->a], readMemory<u8x16>(reinterpret_cast<const uint8_t*>(ip->imm)));
    return dispatch(ip + 1, HANDLER_REST);
}
const Insn* shuffle(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const auto lanes = readMemory<u8x16>(reinterpret_cast<const uint8_t*>(ip->imm));
    write(slots[0], simd::shuffle(read<u8x16>(slots[0]), read<u8x16>(slots[2]), lanes));
    return dispatch(ip + 1, HANDLER_REST);
}

#if defined(__x86_64__)
// With SSSE3 each is an instruction or two, which clears the lanes whose index has its highest bit set; it is in all but the oldest.

[[gnu::target("ssse3")]] const Insn* swizzleSsse3(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const __m128i indices = _mm_adds_epu8(read<__m128i>(slots[2]), _mm_set1_epi8(0x70));
    write(slots[0], _mm_shuffle_epi8(read<__m128i>(slots[0]), indices));
    return dispatch(ip + 1, HANDLER_REST);
}
[[gnu::target("ssse3")]] const Insn* shuffleSsse3(HANDLER_PARAMETERS) {
    Slot* slots = &fp[ip->a];
    const auto lanes = readMemory<__m128i>(reinterpret_cast<const uint8_t*>(ip->imm));
    const __m128i first =
        _mm_shuffle_epi8(read<__m128i>(slots[0]), _mm_adds_epu8(lanes, _mm_set1_epi8(0x70)));
    const __m128i second = _mm_shuffle_epi8(read<__m128i>(slots[2]), _mm_sub_epi8(lanes, _mm_set1_epi8(16)));
    write(slots[0], _mm_or_si128(first, second));
    return dispatch(ip + 1, HANDLER_REST);
}
void addSsse3Handlers(HandlerTable& table) {
    if (!__builtin_cpu_supports("ssse3")) return;
    table[number(Op::I8x16Shuffle)].run = shuffleSsse3;
    table[number(Op::I8x16Swizzle)].run = table[number(Op::I8x16RelaxedSwizzle)].run = swizzleSsse3;
}
#else
void addSsse3Handlers(HandlerTable&) {}
#endif

}  // namespace

void addVectorHandlers(HandlerTable& table) {
#define UNARY(id, ...) table[number(Op::id)].run = unary<simd::id>;
#define BINARY(id, ...) table[number(Op::id)].run = binary<simd::id>;
#define TERNARY(id, ...) table[number(Op::id)].run = ternary<simd::id>;
#define SHIFT(id, ...) table[number(Op::id)].run = shift<simd::id>;
#define EXTRACT_LANE(id, ...) table[number(Op::id)].run = extractLane<simd::id>;
#define REPLACE_LANE(id, ...) table[number(Op::id)].run = replaceLane<simd::id>;
#include "engine/simd.def"
    table[number(Op::V128Const)].run = constant;
    table[number(Op::I8x16Shuffle)].run = shuffle;
    addSsse3Handlers(table);
}

}  // namespace engine
