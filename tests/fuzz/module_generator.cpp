#include "tests/fuzz/module_generator.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace fuzz {

namespace {

using engine::Feature;
using engine::Imm;
using engine::Op;
using engine::OpRow;
using Bytes = std::vector<uint8_t>;

/// SplitMix64: small, and the same everywhere.
class Random {
public:
    explicit Random(uint64_t seed) : m_state(seed) {}
    uint64_t next() {
        uint64_t z = (m_state += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    uint32_t below(uint32_t n) { return static_cast<uint32_t>(next() % n); }
    bool oneIn(uint32_t n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& list) {
        return list[below(static_cast<uint32_t>(list.size()))];
    }

private:
    uint64_t m_state;
};

void unsignedLeb(Bytes& to, uint64_t n) {
    for (; n >= 0x80; n >>= 7)
        to.push_back(static_cast<uint8_t>(n | 0x80));
    to.push_back(static_cast<uint8_t>(n));
}
void signedLeb(Bytes& to, int64_t n) {
    while (true) {
        const auto low = static_cast<uint8_t>(n & 0x7f);
        n >>= 7;
        if ((n == 0 && !(low & 0x40)) || (n == -1 && (low & 0x40))) return to.push_back(low);
        to.push_back(low | 0x80);
    }
}
void name(Bytes& to, std::string_view text) {
    unsignedLeb(to, text.size());
    to.insert(to.end(), text.begin(), text.end());
}
void section(Bytes& module, uint8_t id, const Bytes& contents) {
    module.push_back(id);
    unsignedLeb(module, contents.size());
    module.insert(module.end(), contents.begin(), contents.end());
}

/// A type as the signatures of opcodes.def write it.
uint8_t binaryType(char type) {
    switch (type) {
    case 'i': return 0x7f;
    case 'I': return 0x7e;
    case 'f': return 0x7d;
    case 'F': return 0x7c;
    default: return 0x7b;
    }
}

struct Signature {
    std::string params, results;
};

constexpr uint32_t kFuel = 0;  // index of its global
constexpr uint32_t kPages = 1, kMaxPages = 3;
constexpr uint32_t kTableSize = 8;

class Generator {
public:
    Generator(uint64_t seed, const Profile& profile) : m_random(seed), m_profile(profile) { chooseRows(); }
    Bytes run();

private:
    struct Label {
        std::string branchTypes;  // what a branch to it takes
    };
    struct Function {
        uint32_t type;
        std::string locals;  // parameters first
    };

    void chooseRows();
    bool offers(Feature feature) const;
    std::string types(uint32_t most);
    char anyType() { return m_numeric[m_random.below(static_cast<uint32_t>(m_numeric.size()))]; }

    // The function that is written now.
    void op(Op o);
    void byte(uint8_t b) { m_code.push_back(b); }
    void number(uint64_t n) { unsignedLeb(m_code, n); }
    void constant(char type);
    void i32(int32_t n);
    void immediates(const OpRow& row);
    void address(const OpRow& row);
    void takeFuel();
    void noNan(const OpRow& row, char type);
    void instruction(Op o);
    void leaf(char type);
    void expression(char type, uint32_t depth);
    void expressions(const std::string& types, uint32_t depth);
    void blockType(char type) { byte(type == 0 ? 0x40 : binaryType(type)); }
    void control(char type, uint32_t depth);
    void exceptionBlock(char type, uint32_t depth);
    void call(char type, uint32_t depth);
    void statement(uint32_t depth);
    void statements(uint32_t most, uint32_t depth);
    void branch(uint32_t depth);
    void tableStatement(uint32_t depth);
    uint32_t scratch(char type);
    std::optional<uint32_t> localOf(char type);
    std::optional<uint32_t> globalOf(char type);
    Bytes body(uint32_t index);

    Random m_random;
    Profile m_profile;
    std::string m_numeric;
    std::vector<Op> m_producers[128];  // by result type
    std::vector<Op> m_effects;         // rows without result
    std::vector<Signature> m_types;
    std::vector<Function> m_functions;
    std::string m_globals;  // types; the first is the fuel
    Bytes m_code;
    Function* m_function = nullptr;
    std::vector<Label> m_labels;
    uint32_t m_budget = 0;
};

bool Generator::offers(Feature feature) const {
    switch (feature) {
    case Feature::Mvp:
    case Feature::SignExtension:
    case Feature::SaturatingTruncation: return true;
    case Feature::BulkMemory: return m_profile.bulkMemory;
    case Feature::Simd: return m_profile.simd;
    case Feature::Threads: return m_profile.atomics;
    default: return false;
    }
}

void Generator::chooseRows() {
    m_numeric = m_profile.simd ? "iIfFv" : "iIfF";
    for (uint16_t i = 0; i < engine::kOpCount; ++i) {
        const auto o = static_cast<Op>(i);
        const OpRow& row = engine::row(o);
        if (!row.hasFixedSignature() || !offers(row.feature)) continue;
        // Nobody wakes a waiter here, and a guest may not grow without bound.
        if (o == Op::MemoryAtomicWait32 || o == Op::MemoryAtomicWait64) continue;
        const size_t colon = row.signature.find(':');
        const auto result = row.signature.substr(colon + 1);
        if (result.empty())
            m_effects.push_back(o);
        else if (result.size() == 1)
            m_producers[result[0] == 'm' ? 'i' : static_cast<size_t>(result[0])].push_back(o);
    }
}

std::string Generator::types(uint32_t most) {
    std::string list;
    for (uint32_t n = m_random.below(most + 1); n > 0; --n)
        list += anyType();
    return list;
}

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

void Generator::branch(uint32_t depth) {
    const uint32_t label = m_random.below(static_cast<uint32_t>(m_labels.size()));
    const std::string wanted = m_labels[m_labels.size() - 1 - label].branchTypes;
    expressions(wanted, depth);
    expression('i', depth);
    if (m_random.oneIn(4)) {
        // All targets of a br_table take the same.
        std::vector<uint32_t> targets;
        for (uint32_t l = 0; l < m_labels.size(); ++l)
            if (m_labels[m_labels.size() - 1 - l].branchTypes == wanted) targets.push_back(l);
        // Behind it the code is dead, so it stands in a block of its own: its depths are one more, and so are its operands inside.
        op(Op::If);
        byte(0x40);
        expressions(wanted, 0);
        expression('i', 0);
        op(Op::BrTable);
        const uint32_t count = m_random.below(4);
        number(count);
        for (uint32_t i = 0; i <= count; ++i)
            number(m_random.of(targets) + 1);
        op(Op::End);
    } else {
        op(Op::BrIf);
        number(label);
    }
    for (size_t i = 0; i < wanted.size(); ++i)
        op(Op::Drop);
}

void Generator::tableStatement(uint32_t depth) {
    const auto index = [&] {
        expression('i', depth);
        if (m_random.oneIn(12)) return;
        i32(kTableSize - 1);
        op(Op::I32And);
    };
    switch (m_random.below(6)) {
    case 0:
        index();
        if (m_random.oneIn(4)) {
            op(Op::RefNull);
            byte(0x70);
        } else {
            op(Op::RefFunc);
            number(m_random.below(static_cast<uint32_t>(m_functions.size())));
        }
        op(Op::TableSet);
        return byte(0);
    case 1:
        index();
        index();
        op(Op::TableGet);
        byte(0);
        op(Op::TableSet);
        return byte(0);
    case 2:
        index();
        op(Op::RefFunc);
        number(0);
        i32(static_cast<int32_t>(m_random.below(3)));
        op(Op::TableFill);
        return byte(0);
    case 3:
        index();
        index();
        i32(static_cast<int32_t>(m_random.below(4)));
        op(Op::TableCopy);
        byte(0);
        return byte(0);
    case 4:
        index();
        i32(0);
        i32(static_cast<int32_t>(m_random.below(3)));
        op(Op::TableInit);
        byte(1);
        return byte(0);
    default:
        index();
        op(Op::TableGet);
        byte(0);
        op(Op::RefIsNull);
        op(Op::Drop);
    }
}

void Generator::statement(uint32_t depth) {
    if (m_budget == 0) return op(Op::Nop);
    --m_budget;
    const char type = anyType();
    switch (m_random.below(12)) {
    case 0:
    case 1:
        if (const auto local = localOf(type)) {
            expression(type, depth);
            op(Op::LocalSet);
            number(*local);
        }
        return;
    case 2:
        if (const auto global = globalOf(type)) {
            expression(type, depth);
            op(Op::GlobalSet);
            number(*global);
        }
        return;
    case 3: return call(0, depth ? depth - 1 : 0);
    case 4:
        if (depth > 0) return control(0, depth - 1);
        return op(Op::Nop);
    case 5: return branch(depth ? depth - 1 : 0);
    case 6:
        if (m_profile.referenceTypes) return tableStatement(depth ? depth - 1 : 0);
        [[fallthrough]];
    case 7: expression(type, depth); return op(Op::Drop);
    default: break;
    }
    const Op o = m_random.of(m_effects);
    const OpRow& row = engine::row(o);
    if ((o == Op::DataDrop || o == Op::ElemDrop) && !m_random.oneIn(8)) return op(Op::Nop);
    const bool isBulk = o == Op::MemoryInit || o == Op::MemoryFill;
    for (size_t i = 0; row.signature[i] != ':'; ++i) {
        const bool isAddress = row.signature[i] == 'm' && i == 0;
        if (isBulk && !isAddress && i != 1) {
            i32(static_cast<int32_t>(m_random.below(m_random.oneIn(12) ? 70'000 : 12)));
        } else if (isBulk && i == 1 && o == Op::MemoryInit) {
            i32(static_cast<int32_t>(m_random.below(10)));
        } else {
            expression(row.signature[i] == 'm' ? 'i' : row.signature[i], depth);
            if (isAddress) address(row);
        }
    }
    instruction(o);
}

void Generator::statements(uint32_t most, uint32_t depth) {
    for (uint32_t n = m_random.below(most + 1); n > 0; --n)
        statement(depth);
}

Bytes Generator::body(uint32_t index) {
    m_function = &m_functions[index];
    m_code.clear();
    m_budget = 60 + m_random.below(200);
    const Signature& signature = m_types[m_function->type];
    const auto params = static_cast<uint32_t>(signature.params.size());
    m_function->locals = signature.params + types(5) + "iIfF" + (m_profile.simd ? 'v' : 'i');
    const std::string declared = m_function->locals.substr(params);
    number(declared.size());
    for (char type : declared) {
        number(1);
        byte(binaryType(type));
    }
    m_labels = {{signature.results}};
    takeFuel();
    for (uint32_t n = 1 + m_random.below(6); n > 0; --n)
        statement(3);
    expressions(signature.results, 4);
    if (m_profile.tailCalls && m_random.oneIn(3)) {
        std::vector<uint32_t> candidates;
        for (uint32_t f = 0; f < m_functions.size(); ++f)
            if (m_types[m_functions[f].type].results == signature.results) candidates.push_back(f);
        for (size_t i = 0; i < signature.results.size(); ++i)
            op(Op::Drop);
        const uint32_t f = m_random.of(candidates);
        expressions(m_types[m_functions[f].type].params, 2);
        op(Op::ReturnCall);
        number(f);
    }
    op(Op::End);
    return m_code;
}

Bytes Generator::run() {
    const uint32_t functions = 2 + m_random.below(5);
    for (uint32_t i = 0; i < 2 + functions / 2; ++i)
        m_types.push_back({types(3), types(m_random.oneIn(4) ? 3 : 1)});
    for (uint32_t i = 0; i < functions; ++i)
        m_functions.push_back({m_random.below(static_cast<uint32_t>(m_types.size())), {}});
    m_globals = "i" + types(4);

    Bytes module = {0, 'a', 's', 'm', 1, 0, 0, 0}, s;
    const bool hasTag = m_profile.legacyExceptions || m_profile.exceptions;
    unsignedLeb(s, m_types.size() + (hasTag ? 1 : 0));
    for (const Signature& type : m_types) {
        s.push_back(0x60);
        for (const std::string& list : {type.params, type.results}) {
            unsignedLeb(s, list.size());
            for (char t : list)
                s.push_back(binaryType(t));
        }
    }
    if (hasTag) s.insert(s.end(), {0x60, 1, 0x7f, 0});
    section(module, 1, s);

    s.clear();
    unsignedLeb(s, functions);
    for (const Function& f : m_functions)
        unsignedLeb(s, f.type);
    section(module, 3, s);
    section(module, 4, {1, 0x70, 0x01, kTableSize, kTableSize});
    section(module, 5, {1, 0x01, kPages, kMaxPages});
    if (hasTag) {
        s = {1, 0};
        unsignedLeb(s, m_types.size());
        section(module, 13, s);
    }

    m_code.clear();
    number(m_globals.size());
    for (char type : m_globals) {
        byte(binaryType(type));
        byte(1);
        constant(type);
        op(Op::End);
    }
    section(module, 6, m_code);

    s.clear();
    std::vector<std::pair<std::string, std::pair<uint8_t, uint32_t>>> exports = {{"memory", {2, 0}},
                                                                                 {"fuel", {3, kFuel}}};
    for (uint32_t i = 1; i < m_globals.size(); ++i)
        if (m_globals[i] != 'v') exports.push_back({"g" + std::to_string(i), {3, i}});
    for (uint32_t i = 0; i < functions; ++i) {
        const Signature& type = m_types[m_functions[i].type];
        if ((type.params + type.results).find('v') == std::string::npos)
            exports.push_back({"f" + std::to_string(i), {0, i}});
    }
    unsignedLeb(s, exports.size());
    for (const auto& [text, what] : exports) {
        name(s, text);
        s.push_back(what.first);
        unsignedLeb(s, what.second);
    }
    section(module, 7, s);

    // Element segments: all functions, put into the table, which is also what ref.func may name; and two for table.init.
    s = {2, 0, 0x41, 0, 0x0b};
    const uint32_t inTable = std::min(functions, kTableSize);
    unsignedLeb(s, inTable);
    for (uint32_t i = 0; i < inTable; ++i)
        unsignedLeb(s, i);
    s.insert(s.end(), {1, 0, 2, 0, 1});
    section(module, 9, s);
    section(module, 12, {2});

    Bytes code;
    unsignedLeb(code, functions);
    for (uint32_t i = 0; i < functions; ++i) {
        const Bytes b = body(i);
        unsignedLeb(code, b.size());
        code.insert(code.end(), b.begin(), b.end());
    }
    section(module, 10, code);
    section(module, 11, {2, 0, 0x41, 16, 0x0b, 5, 'h', 'e', 'l', 'l', 'o', 1, 7, 1, 2, 3, 4, 5, 0xff, 0x80});
    return module;
}

}  // namespace

std::vector<uint8_t> generateModule(uint64_t seed, const Profile& profile) {
    return Generator(seed, profile).run();
}

std::vector<uint8_t> mutateModule(std::vector<uint8_t> bytes, uint64_t seed) {
    Random random(seed);
    const auto place = [&] { return random.below(static_cast<uint32_t>(bytes.size())); };
    for (uint32_t n = 1 + random.below(3); n > 0 && bytes.size() > 9; --n) {
        switch (random.below(5)) {
        case 0: bytes[place()] = static_cast<uint8_t>(random.next()); break;
        case 1: bytes[place()] ^= static_cast<uint8_t>(1u << random.below(8)); break;
        case 2: bytes.erase(bytes.begin() + place()); break;
        case 3: bytes.insert(bytes.begin() + place(), static_cast<uint8_t>(random.next())); break;
        default: {
            const uint8_t other = bytes[place()];
            bytes[place()] = other;
        }
        }
    }
    return bytes;
}

}  // namespace fuzz
