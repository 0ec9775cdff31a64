// The instructions that leave a value.
#include <algorithm>
#include <bit>
#include <cstring>

#include "tests/fuzz/generator.h"

namespace fuzz {

void Generator::op(Op o) {
    const OpRow& row = engine::row(o);
    if (row.prefix) {
        byte(row.prefix);
        number(row.code);
    } else {
        byte(static_cast<uint8_t>(row.code));
    }
}

void Generator::i32(int32_t n) {
    op(Op::I32Const);
    signedLeb(m_code, n);
}

void Generator::constant(char type) {
    static constexpr uint64_t kInteresting[] = {0,
                                                1,
                                                2,
                                                31,
                                                32,
                                                63,
                                                64,
                                                127,
                                                128,
                                                255,
                                                256,
                                                0x7fff,
                                                0x8000,
                                                0xffff,
                                                0x7fffffff,
                                                0x80000000,
                                                0xffffffff,
                                                0x100000000,
                                                0x7fffffffffffffff,
                                                0x8000000000000000,
                                                ~uint64_t{0}};
    static constexpr double kNumbers[] = {0,
                                          -0.0,
                                          1,
                                          -1,
                                          0.5,
                                          1.5,
                                          -2.5,
                                          1e10,
                                          -1e10,
                                          1e300,
                                          -1e300,
                                          2147483648.0,
                                          4294967296.0,
                                          9.3e18,
                                          1e-310,
                                          3.4e38,
                                          1e-45,
                                          __builtin_inf(),
                                          -__builtin_inf()};
    const auto integer = [&] {
        const uint64_t n =
            m_random.oneIn(3) ? m_random.next() : kInteresting[m_random.below(std::size(kInteresting))];
        return m_random.oneIn(4) ? ~n + 1 : n;
    };
    const auto bytes = [&](const auto& value) {
        uint8_t raw[sizeof(value)];
        std::memcpy(raw, &value, sizeof(value));
        m_code.insert(m_code.end(), raw, raw + sizeof(value));
    };
    switch (type) {
    case 'i': return i32(static_cast<int32_t>(integer()));
    case 'I': op(Op::I64Const); return signedLeb(m_code, static_cast<int64_t>(integer()));
    case 'f':
        op(Op::F32Const);
        return bytes(static_cast<float>(kNumbers[m_random.below(std::size(kNumbers))]));
    case 'F': op(Op::F64Const); return bytes(kNumbers[m_random.below(std::size(kNumbers))]);
    default:
        op(Op::V128Const);
        bytes(integer());
        bytes(integer());
    }
}

void Generator::immediates(const OpRow& row) {
    const auto o = engine::findOp(row.prefix, row.code);
    switch (row.imm) {
    case Imm::MemArg:
    case Imm::MemArgLane: {
        const uint32_t access = engine::accessBytes(o);
        const auto natural = static_cast<uint32_t>(std::countr_zero(access));
        number(row.feature == Feature::Threads ? natural : m_random.below(natural + 1));
        number(m_random.oneIn(20) ? m_random.below(1 << 20) : m_random.below(8) * 8);
        if (row.imm == Imm::MemArgLane) byte(static_cast<uint8_t>(m_random.below(engine::laneCount(o))));
        break;
    }
    case Imm::Lane: byte(static_cast<uint8_t>(m_random.below(engine::laneCount(o)))); break;
    case Imm::Shuffle:
        for (int lane = 0; lane < 16; ++lane)
            byte(static_cast<uint8_t>(m_random.below(32)));
        break;
    case Imm::Memory:
    case Imm::Fence: byte(0); break;
    case Imm::Data: number(m_random.below(2)); break;
    case Imm::Elem: number(1); break;
    case Imm::DataMemory:
        number(m_random.below(2));
        byte(0);
        break;
    default: break;
    }
}

/// Brings the address on the stack into the memory, most of the time.
void Generator::address(const OpRow& row) {
    if (m_random.oneIn(24)) return;
    i32(row.feature == Feature::Threads ? 0x7ff8 : 0x7fff);
    op(Op::I32And);
}

void Generator::takeFuel() {
    op(Op::GlobalGet);
    number(kFuel);
    op(Op::I32Eqz);
    op(Op::If);
    byte(0x40);
    op(Op::Unreachable);
    op(Op::End);
    op(Op::GlobalGet);
    number(kFuel);
    i32(1);
    op(Op::I32Sub);
    op(Op::GlobalSet);
    number(kFuel);
}

/// A local of that type that nothing else uses.
uint32_t Generator::scratch(char type) {
    return static_cast<uint32_t>(m_function->locals.size()) - 5 +
           static_cast<uint32_t>(std::string_view("iIfFv").find(type));
}

/// Which NaN an operation gives is left open: those that may give one have it replaced by zero.
void Generator::noNan(const OpRow& row, char type) {
    const std::string_view shape = row.text.substr(0, 5), operation = row.text.substr(row.text.find('.') + 1);
    const bool isComparison = type == 'v' && operation.size() == 2;  // eq, ne, lt …: masks, no numbers
    const bool isVector = type == 'v' && (shape == "f32x4" || shape == "f64x2") && !isComparison;
    if (type != 'f' && type != 'F' && !isVector) return;
    const bool isDouble = type == 'F' || shape == "f64x2";
    const uint32_t local = scratch(type);
    op(Op::LocalTee);
    number(local);
    for (int i = 0; i < 2; ++i) {
        op(Op::LocalGet);
        number(local);
    }
    if (isVector) {
        op(isDouble ? Op::F64x2Eq : Op::F32x4Eq);
        op(Op::V128And);
        return;
    }
    op(isDouble ? Op::F64Eq : Op::F32Eq);
    op(Op::If);
    blockType(type);
    op(Op::LocalGet);
    number(local);
    op(Op::Else);
    op(isDouble ? Op::F64Const : Op::F32Const);
    m_code.insert(m_code.end(), isDouble ? 8 : 4, 0);
    op(Op::End);
    // The value that was tested still stands below.
    op(Op::LocalSet);
    number(local);
    op(Op::Drop);
    op(Op::LocalGet);
    number(local);
}

/// With its operands on the stack already.
void Generator::instruction(Op o) {
    const OpRow& row = engine::row(o);
    op(o);
    immediates(row);
    const char result = row.signature.back();
    if (result != ':') noNan(row, result);
}

std::optional<uint32_t> Generator::localOf(char type) {
    const uint32_t count = static_cast<uint32_t>(m_function->locals.size()) - 5;  // without the scratch ones
    for (uint32_t i = 0, at = count ? m_random.below(count) : 0; i < count; ++i, at = (at + 1) % count)
        if (m_function->locals[at] == type) return at;
    return std::nullopt;
}
std::optional<uint32_t> Generator::globalOf(char type) {
    const auto count = static_cast<uint32_t>(m_globals.size());
    for (uint32_t i = 0, at = m_random.below(count); i < count; ++i, at = (at + 1) % count)
        if (at != kFuel && m_globals[at] == type) return at;
    return std::nullopt;
}

void Generator::leaf(char type) {
    const uint32_t kind = m_random.below(4);
    if (const auto local = kind < 2 ? localOf(type) : std::nullopt) {
        op(Op::LocalGet);
        return number(*local);
    }
    if (const auto global = kind == 2 ? globalOf(type) : std::nullopt) {
        op(Op::GlobalGet);
        return number(*global);
    }
    constant(type);
}

void Generator::expressions(const std::string& list, uint32_t depth) {
    for (char type : list)
        expression(type, depth);
}

void Generator::expression(char type, uint32_t depth) {
    if (depth == 0 || m_budget == 0) return leaf(type);
    --m_budget;
    switch (m_random.below(12)) {
    case 0: return leaf(type);
    case 1: return control(type, depth - 1);
    case 2: return call(type, depth - 1);
    case 3:
        expression(type, depth - 1);
        if (const auto local = localOf(type)) {
            op(Op::LocalTee);
            number(*local);
        }
        return;
    case 4:
        expression(type, depth - 1);
        expression(type, depth - 1);
        expression('i', depth - 1);
        if (m_random.oneIn(2)) return op(Op::Select);
        op(Op::SelectTyped);
        number(1);
        return byte(binaryType(type));
    default: break;
    }
    const Op o = m_random.of(m_producers[static_cast<size_t>(type)]);
    const OpRow& row = engine::row(o);
    // Growing is rare, so that bounds are met; and so are truncations that trap for most numbers.
    const bool isTruncation = row.text.find(".trunc_f") != std::string_view::npos;
    if ((o == Op::MemoryGrow || isTruncation) && !m_random.oneIn(6)) return leaf(type);
    for (size_t i = 0; row.signature[i] != ':'; ++i) {
        if (row.signature[i] != 'm') {
            expression(row.signature[i], depth - 1);
            continue;
        }
        expression('i', depth - 1);
        if (o == Op::MemoryGrow) {
            i32(1);
            op(Op::I32And);
        } else {
            address(row);
        }
    }
    const bool isDivision =
        row.text.find(".div_") != std::string_view::npos || row.text.find(".rem_") != std::string_view::npos;
    if (isDivision && !m_random.oneIn(8)) {
        if (type == 'i')
            i32(1);
        else
            m_code.insert(m_code.end(), {0x42, 1});  // i64.const 1
        op(type == 'i' ? Op::I32Or : Op::I64Or);
    }
    const bool isConstant = row.imm == Imm::I32 || row.imm == Imm::I64 || row.imm == Imm::F32 ||
                            row.imm == Imm::F64 || row.imm == Imm::V128;
    if (isConstant) return constant(type);
    instruction(o);
}

/// A block, loop or if with a result.
void Generator::control(char type, uint32_t depth) {
    const std::string result = type == 0 ? "" : std::string(1, type);
    switch (m_random.below(4)) {
    case 0:
        op(Op::Block);
        blockType(type);
        m_labels.push_back({result});
        break;
    case 1:
        op(Op::Loop);
        blockType(type);
        takeFuel();
        m_labels.push_back({""});
        break;
    case 2:
        if (m_profile.legacyExceptions || m_profile.exceptions) return exceptionBlock(type, depth);
        [[fallthrough]];
    default:
        expression('i', depth);
        op(Op::If);
        blockType(type);
        m_labels.push_back({result});
        statements(2, depth);
        expressions(result, depth);
        op(Op::Else);
    }
    statements(3, depth);
    expressions(result, depth);
    m_labels.pop_back();
    op(Op::End);
}

/// A body that may throw tag 0 (with an i32), and what catches it.
void Generator::exceptionBlock(char type, uint32_t depth) {
    const std::string result = type == 0 ? "" : std::string(1, type);
    const bool legacy = m_profile.legacyExceptions;
    if (legacy) {
        op(Op::Try);
        blockType(type);
        m_labels.push_back({result});
    } else {
        // (block $end (block $caught (result i32) (try_table (catch 0 $caught) body (br $end)) …) drop, other value)
        op(Op::Block);
        blockType(type);
        m_labels.push_back({result});
        op(Op::Block);
        blockType('i');
        m_labels.push_back({"i"});
        op(Op::TryTable);
        blockType(type);
        number(1);
        byte(0x00);
        number(0);
        number(0);
        m_labels.push_back({result});
    }
    statements(3, depth);
    if (m_random.oneIn(2)) {
        expression('i', depth);
        op(Op::If);
        byte(0x40);
        expression('i', 0);
        op(Op::Throw);
        number(0);
        op(Op::End);
    }
    expressions(result, depth);
    if (legacy) {
        op(m_random.oneIn(2) ? Op::CatchAll : Op::Catch);
        if (engine::row(Op::Catch).code == m_code.back()) {
            number(0);
            op(Op::Drop);
        }
        if (m_random.oneIn(6)) {
            op(Op::Rethrow);
            number(0);
        }
        statements(2, depth);
        expressions(result, depth);
    } else {
        m_labels.pop_back();
        op(Op::End);
        op(Op::Br);
        number(1);
        m_labels.pop_back();
        op(Op::End);
        op(Op::Drop);
        expressions(result, depth);
    }
    m_labels.pop_back();
    op(Op::End);
}

/// A call of any function with that one result; else a leaf. Type 0: one without results.
void Generator::call(char type, uint32_t depth) {
    const std::string result = type == 0 ? "" : std::string(1, type);
    std::vector<uint32_t> candidates;
    for (uint32_t f = 0; f < m_functions.size(); ++f)
        if (m_types[m_functions[f].type].results == result) candidates.push_back(f);
    if (candidates.empty()) {
        if (type != 0) leaf(type);
        return;
    }
    const uint32_t f = m_random.of(candidates);
    expressions(m_types[m_functions[f].type].params, depth);
    if (m_profile.referenceTypes && m_random.oneIn(3)) {
        i32(m_random.oneIn(6) ? static_cast<int32_t>(m_random.below(kTableSize + 2))
                              : static_cast<int32_t>(f % kTableSize));
        op(Op::CallIndirect);
        number(m_functions[f].type);
        return byte(0);
    }
    op(Op::Call);
    number(f);
}

}  // namespace fuzz
