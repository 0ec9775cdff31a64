#include "engine/evaluate.h"

#include <cstring>

#include "engine/numeric.h"

namespace engine {

namespace {

template <class T>
T from(Slot slot) {
    if constexpr (sizeof(T) == 4)
        return std::bit_cast<T>(static_cast<uint32_t>(slot));
    else
        return std::bit_cast<T>(slot);
}

template <class T>
Slot bits(T value) {
    if constexpr (sizeof(T) == 4)
        return std::bit_cast<uint32_t>(value);
    else
        return std::bit_cast<uint64_t>(value);
}

ValType resultType(Op op) {
    switch (row(op).signature.back()) {
    case 'i': return kI32;
    case 'I': return kI64;
    case 'f': return kF32;
    default: return kF64;
    }
}

template <class N>
Evaluated unary(Op op, Slot x) {
    const auto operand = from<typename N::Operand>(x);
    if constexpr (requires { N::trap(operand); }) {
        if (const TrapKind kind = N::trap(operand); kind != TrapKind::None) return {kind, {}};
    }
    return {TrapKind::None, {resultType(op), bits(N::apply(operand)), 0}};
}

template <class N>
Evaluated binary(Op op, Slot x, Slot y) {
    const auto first = from<typename N::Operand>(x), second = from<typename N::Operand>(y);
    if constexpr (requires { N::trap(first, second); }) {
        if (const TrapKind kind = N::trap(first, second); kind != TrapKind::None) return {kind, {}};
    }
    return {TrapKind::None, {resultType(op), bits(N::apply(first, second)), 0}};
}

template <class N>
Value load(Op op, std::span<const uint8_t> bytes) {
    typename N::Memory raw;
    std::memcpy(&raw, bytes.data(), sizeof raw);
    return {resultType(op), bits(N::apply(raw)), 0};
}

}  // namespace

std::optional<Evaluated> evaluate(Op op, std::span<const Value> operands) {
    const OpRow& r = row(op);
    if (!r.hasFixedSignature() || operands.size() != r.signature.find(':')) return {};
    switch (op) {
        // clang-format off
#define UNARY(id, ...) case Op::id: return unary<numeric::id>(op, operands[0].low);
#define TRAPPING_UNARY(id, ...) UNARY(id)
#define BINARY(id, ...) case Op::id: return binary<numeric::id>(op, operands[0].low, operands[1].low);
#define COMPARE(id, ...) BINARY(id)
#define TRAPPING_BINARY(id, ...) BINARY(id)
#include "engine/numeric.def"
    // clang-format on
    default: return {};
    }
}

std::optional<Value> evaluateLoad(Op op, std::span<const uint8_t> bytes) {
    if (bytes.size() < accessBytes(op)) return {};
    switch (op) {
        // clang-format off
#define LOAD(id, ...) case Op::id: return load<numeric::id>(op, bytes);
#include "engine/numeric.def"
    // clang-format on
    default: return {};
    }
}

}  // namespace engine
