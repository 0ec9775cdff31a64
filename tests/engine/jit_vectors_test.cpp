// Vectors in the registers of machine code, against the interpreter: random loops over all instructions of theirs.
#include <bit>
#include <cmath>
#include <map>
#include <random>

#include "tests/engine/jit_pair.h"

namespace engine {
namespace {

using namespace test;

/// The locals of a function by type: i i32, I i64, f f32, F f64, v v128, in this order behind its one parameter.
const std::string kLocalTypes = "iiIIffFFvvvvvvvvvvvv";

class RandomLoop {
public:
    explicit RandomLoop(uint32_t seed) : m_random(seed) {
        for (uint16_t op = 0; op < kOpCount; ++op) {
            const OpRow& r = row(static_cast<Op>(op));
            const bool isScalar =
                r.prefix == 0 && r.hasFixedSignature() && r.imm == Imm::None &&
                std::string_view("iIfF").find(r.signature.back()) != std::string_view::npos &&
                r.text.find("div") == std::string_view::npos &&
                r.text.find("rem") == std::string_view::npos &&
                r.text.find("trunc_f") == std::string_view::npos;
            if (r.prefix == 0xfd) {
                m_ops.insert(m_ops.end(), 4, static_cast<Op>(op));
            } else if (isScalar) {
                m_ops.push_back(static_cast<Op>(op));
            }
        }
    }

    Program program(bool isFar) {
        Program p;
        p.pages = 1;
        p.memoryFlags = isFar ? 5 : 1;
        m_isWide = isFar;
        std::string locals;
        for (const char type : kLocalTypes)
            locals += std::string(name(type)) + " ";
        std::string body;
        for (int i = 0; i < 40; ++i)
            body += statement();
        // A vector that a branch carries out of the loop, and a call with vectors.
        p.functions.push_back({"i32", "v128", locals,
                               "block v128\nloop\n" + start() + body + get('v') + get('v') +
                                   "call 1\nlocal.set 10\n" + get('v') +
                                   "local.get 0\ni32.const 1\ni32.sub\nlocal.tee 0\ni32.eqz\nbr_if "
                                   "1\ndrop\nbr 0\nend\n" +
                                   get('v') + "end"});
        p.functions.push_back({"v128 v128", "v128", "", "local.get 1; local.get 0; i8x16.sub"});
        return p;
    }

private:
    static const char* name(char type) {
        switch (type) {
        case 'i': return "i32";
        case 'I': return "i64";
        case 'f': return "f32";
        case 'F': return "f64";
        default: return "v128";
        }
    }
    /// The memory's words into locals, so that each turn begins with other values.
    std::string start() {
        const char* index = m_isWide ? "local.get 0\ni64.extend_i32_u\n" : "local.get 0\n";
        return std::string(index) + "v128.load 64\nlocal.set 9\n" + index + "i64.load 300\nlocal.set 3\n" +
               index + "f64.load 900\nlocal.set 7\n" + index + "f32.load 500\nlocal.set 5\n";
    }
    uint32_t local(char type) {
        while (true) {
            const auto i = static_cast<uint32_t>(m_random() % kLocalTypes.size());
            if (kLocalTypes[i] == type) return i + 1;
        }
    }
    std::string get(char type) {
        if (type == 'v' && m_random() % 8 == 0)
            return "v128.const " + std::to_string(m_random()) + " " + std::to_string(m_random() % 3) + "\n";
        if (type == 'i' && m_random() % 4 == 0) return "i32.const " + std::to_string(m_random() % 99) + "\n";
        if (type == 'm')
            return m_isWide ? "local.get 1\ni64.extend_i32_u\ni64.const 1023\ni64.and\n"
                            : "local.get 1\ni32.const 1023\ni32.and\n";
        return "local.get " + std::to_string(local(type)) + "\n";
    }
    std::string statement() {
        if (m_random() % 12 == 0)
            return get('v') + get('v') + get('i') + "select\nlocal.tee " + std::to_string(local('v')) +
                   "\ndrop\n";
        const Op op = m_ops[m_random() % m_ops.size()];
        const OpRow& r = row(op);
        std::string immediates;
        if (r.imm == Imm::Lane) immediates = " " + std::to_string(m_random() % laneCount(op));
        if (r.imm == Imm::V128) immediates = " 7 " + std::to_string(m_random());
        if (r.imm == Imm::MemArg) immediates = " " + std::to_string(m_random() % 999);
        if (r.imm == Imm::MemArgLane)
            immediates =
                " " + std::to_string(m_random() % 999) + " " + std::to_string(m_random() % laneCount(op));
        if (r.imm == Imm::Shuffle)
            for (int i = 0; i < 16; ++i)
                immediates += " " + std::to_string(m_random() % 32);
        const size_t colon = r.signature.find(':');
        std::string text;
        // Something below that must survive.
        const bool isCarried = m_random() % 3 == 0;
        if (isCarried) text += get('v');
        for (const char type : r.signature.substr(0, colon))
            text += get(type);
        text += std::string(r.text) + immediates + "\n";
        if (colon + 1 < r.signature.size()) {
            const auto to = std::to_string(local(r.signature[colon + 1]));
            text += m_random() % 3 ? "local.set " + to + "\n" : "local.tee " + to + "\ndrop\n";
        }
        if (isCarried) text += "local.set " + std::to_string(local('v')) + "\n";
        return text;
    }

    std::minstd_rand m_random;
    std::vector<Op> m_ops;
    bool m_isWide = false;
};

TEST_F(Jit, VectorsAsTheInterpreterHasThem) {
    for (uint32_t seed = 1; seed <= 120; ++seed) {
        SCOPED_TRACE(seed);
        Pair p(RandomLoop(seed).program(seed % 4 == 0));
        for (Running* r : {&p.plain, &p.fast})
            for (uint32_t i = 0; i < 4096; ++i)
                r->memory().bytes()[i] = static_cast<uint8_t>((i + seed) * 2654435761U >> 13);
        p.start({Value::i32(20)});
        for (uint64_t tick = 2; !p.ended(); ++tick)
            ASSERT_NO_FATAL_FAILURE(p.run({.tick = tick}));
        EXPECT_EQ(p.fast.store.compiled().functions, 2u);
        p.start({Value::i32(20)});
        ASSERT_NO_FATAL_FAILURE(p.run());
    }
}

/// Every instruction of vectors on NaNs of both signs, infinities, zeros, extremes, and neighbours of what conversions round or refuse.
TEST_F(Jit, VectorInstructionsOnExtremes) {
    static constexpr uint64_t kHalves[] = {
        0,
        ~uint64_t{0},
        0x8000000080000000,
        0x7fffffff7fffffff,
        0x7fc00000ffc00001,
        0xffc00123ff812345,
        0x7f8000007f800001,
        0xff800000bf800000,
        0x4f0000004effffff,
        0xcf000000cf000001,
        0x4f8000004f7fffff,
        0x3f0000003effffff,
        0x3fc00000c0200000,
        0x0000000180000001,
        0x7ff8000000000001,
        0xfff8000000000abc,
        0x7ff0000000000001,
        0xfff4000000000000,
        0x7ff0000000000000,
        0xfff0000000000000,
        0x41dfffffffffffff,
        0x41e0000000000000,
        0xc1e0000000200000,
        0x41efffffffe00000,
        0x41effffffff00000,
        0x41f0000000000000,
        0x8000000000000000,
        0x7fffffffffffffff,
        0x3fe0000000000000,
        0x4330000000000001,
        0x36a0000000000001,
        0x80ff7f0180ff7f01,
        0x80007fff0001ffff,
        0x0f10f0ff01807fc0,
    };
    std::minstd_rand random(7);
    const auto half = [&] { return kHalves[random() % std::size(kHalves)]; };
    const auto withoutNaN = [&] {
        const auto isNaN = [](uint64_t bits) {
            return std::isnan(std::bit_cast<double>(bits)) ||
                   std::isnan(std::bit_cast<float>(static_cast<uint32_t>(bits))) ||
                   std::isnan(std::bit_cast<float>(static_cast<uint32_t>(bits >> 32)));
        };
        uint64_t bits = half();
        while (isNaN(bits))
            bits = half();
        return bits;
    };
    for (uint16_t number = 0; number < kOpCount; ++number) {
        const auto op = static_cast<Op>(number);
        const OpRow& r = row(op);
        const size_t colon = r.signature.find(':');
        if (r.prefix != 0xfd || colon == std::string_view::npos || r.imm == Imm::MemArg ||
            r.imm == Imm::MemArgLane || r.imm == Imm::V128)
            continue;
        SCOPED_TRACE(r.text);
        // Of two NaNs an addition or a multiplication gives one or the other: compilers may exchange the operands.
        const bool takesEither = r.text[0] == 'f' && (r.text.ends_with("add") || r.text.ends_with("mul"));
        Program p;
        std::string types, own, gets, changed;
        uint32_t local = 0;
        for (const char type : r.signature.substr(0, colon)) {
            const char* name = type == 'i'   ? "i32"
                               : type == 'I' ? "i64"
                               : type == 'f' ? "f32"
                               : type == 'F' ? "f64"
                                             : "v128";
            types += std::string(name) + " ";
            gets += "local.get " + std::to_string(local++) + "\n";
        }
        const char end = r.signature.back();
        const char* result = end == 'i'   ? "i32"
                             : end == 'I' ? "i64"
                             : end == 'f' ? "f32"
                             : end == 'F' ? "f64"
                                          : "v128";
        const uint32_t lanes = r.imm == Imm::Lane ? laneCount(op) : 1;
        for (uint32_t f = 0; f < lanes; ++f) {
            std::string immediates;
            if (r.imm == Imm::Lane) immediates = " " + std::to_string(f);
            if (r.imm == Imm::Shuffle)
                for (int i = 0; i < 16; ++i)
                    immediates += " " + std::to_string(random() % 32);
            p.functions.push_back({types, result, "", gets + std::string(r.text) + immediates});
        }
        Pair pair(p);
        for (uint32_t f = 0; f < lanes; ++f)
            for (int turn = 0; turn < 300; ++turn) {
                std::vector<Value> arguments;
                for (const char type : r.signature.substr(0, colon)) {
                    const auto next = [&] {
                        return takesEither && !arguments.empty() ? withoutNaN() : half();
                    };
                    const uint64_t bits = next();
                    arguments.push_back(type == 'i'   ? Value::i32(static_cast<uint32_t>(bits))
                                        : type == 'I' ? Value::i64(bits)
                                        : type == 'f' ? Value{kF32, bits & 0xffffffff, 0}
                                        : type == 'F' ? Value{kF64, bits, 0}
                                                      : Value{kV128, bits, next()});
                }
                pair.start(arguments, std::to_string(f));
                ASSERT_NO_FATAL_FAILURE(pair.run());
                if (testing::Test::HasFailure()) return;
            }
        EXPECT_EQ(pair.fast.store.compiled().functions, lanes);
    }
}

/// An access that traps in the midst of vectors in registers.
TEST_F(Jit, VectorsAreThereWhenSomethingTraps) {
    Program p;
    p.pages = 1;
    p.functions.push_back({"i32 v128 v128", "v128", "v128", R"(
        local.get 1; local.get 2; i16x8.add; local.tee 3
        local.get 3
        local.get 2; local.get 1; i8x16.sub
        local.get 0; v128.load 8; i8x16.add
        local.get 0; local.get 3; v128.load32_lane 4 2
        v128.xor; v128.or; v128.and)"});
    Pair pair(p);
    for (const uint32_t address : {0u, 65512u, 65513u, 65520u, 0xffffffffu}) {
        SCOPED_TRACE(address);
        pair.plain.machine->abandon();
        pair.fast.machine->abandon();
        pair.start({Value::i32(address), {kV128, 5, 6}, {kV128, 0xff00ff00ff00ff, 9}});
        ASSERT_NO_FATAL_FAILURE(pair.run());
        EXPECT_EQ(pair.ended(), address <= 65512);
    }
}

}  // namespace
}  // namespace engine
