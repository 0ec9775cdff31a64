#include <gtest/gtest.h>

#include "engine/function_walker.h"
#include "tests/engine/binary_builder.h"

namespace engine {
namespace {

using namespace test;

/// Code of a function without parameters and locals. oneFunction() puts it at offset 0x17, or a byte later for a result.
std::string body(const Bytes& code, const Bytes& type = kVoid, const Bytes& sections = {}) {
    return check(oneFunction(type, Bytes{0} + code, sections));
}
const Bytes kToI32 = {0x60, 0, 1, 0x7f};
const Bytes kMemory = section(5, vec({{0, 1}}));

struct Case {
    const char* name;
    Bytes code;
    Bytes type;
    const char* expected;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
class Bodies : public testing::TestWithParam<Case> {};
TEST_P(Bodies, AreJudged) { EXPECT_EQ(body(GetParam().code, GetParam().type), GetParam().expected); }

#define AT "function 0, code section, offset "
INSTANTIATE_TEST_SUITE_P(
    Validator, Bodies,
    testing::Values(
        Case{"Empty", {0x0b}, kVoid, "ok"},
        Case{"WrongOperand",
             {0x43, 0, 0, 0, 0, 0x41, 1, 0x6a, 0x0b},
             kToI32,
             AT "0x1f: type mismatch: i32.add expected i32, found f32"},
        Case{"MissingOperand",
             {0x41, 1, 0x6a, 0x0b},
             kToI32,
             AT "0x1a: type mismatch: i32.add expected i32, found nothing"},
        Case{"MissingResult", {0x0b}, kToI32, AT "0x18: type mismatch: end expected i32, found nothing"},
        Case{"LeftOver",
             {0x41, 1, 0x0b},
             kVoid,
             AT "0x19: type mismatch: end expected 0 operands, found 1 more, the last i32"},
        Case{"UnknownLocal", {0x20, 3, 0x1a, 0x0b}, kVoid, AT "0x17: unknown local 3"},
        Case{"UnknownLabel", {0x0c, 1, 0x0b}, kVoid, AT "0x17: unknown label 1"},
        Case{"UnknownFunction", {0x10, 7, 0x0b}, kVoid, AT "0x17: unknown function 7"},
        Case{"UnknownGlobal", {0x23, 0, 0x1a, 0x0b}, kVoid, AT "0x17: unknown global 0"},
        Case{"UnknownMemory", {0x41, 0, 0x28, 2, 0, 0x1a, 0x0b}, kVoid, AT "0x19: unknown memory 0"},
        Case{"UnknownBlockType", {0x02, 9, 0x0b, 0x0b}, kVoid, AT "0x18: unknown type 9"},
        Case{"IllegalOpcode", {0xff, 0x0b}, kVoid, AT "0x17: illegal opcode 0xff"},
        Case{"IllegalVectorOpcode", {0xfd, 0x9a, 0x01, 0x0b}, kVoid, AT "0x17: illegal opcode 0xfd 0x9a"},
        Case{"NoEnd",
             {0x02, 0x40, 0x0b},
             kVoid,
             AT "0x1a: END opcode expected: the function ends within a block"},
        Case{"BytesBehindTheEnd",
             {0x0b, 0x01},
             kVoid,
             AT "0x18: section size mismatch: 1 bytes behind the final end"},
        Case{"ElseWithoutIf", {0x02, 0x40, 0x05, 0x0b, 0x0b}, kVoid, AT "0x19: else without if"},
        Case{"IfWithoutElse",
             {0x41, 0, 0x04, 0x7f, 0x41, 1, 0x0b, 0x0b},
             kToI32,
             AT "0x1e: type mismatch: end of an if without else: its parameters and results differ"},
        Case{"UnreachableIsPolymorphic", {0x00, 0x6a, 0x0b}, kToI32, "ok"},
        Case{"ButNotForWhatIsKnown",
             {0x00, 0x43, 0, 0, 0, 0, 0x6a, 0x0b},
             kToI32,
             AT "0x1e: type mismatch: i32.add expected i32, found f32"},
        Case{"SelectOfUnknowns", {0x00, 0x1b, 0x1b, 0x0b}, kToI32, "ok"},
        Case{"NonNullOfUnknownIsNoNumber",
             {0x00, 0xd4, 0x0b},
             kToI32,
             AT "0x1a: type mismatch: end expected i32, found (ref bot)"},
        Case{"SelectOfReferences",
             {0xd0, 0x70, 0xd0, 0x70, 0x41, 0, 0x1b, 0x1a, 0x0b},
             kVoid,
             AT "0x1d: type mismatch: select without a type expected numbers or vectors, found funcref"},
        Case{"BranchTableOfDifferentArity",
             {0x02, 0x7f, 0x41, 0, 0x41, 0, 0x0e, 1, 0, 1, 0x0b, 0x1a, 0x0b},
             kVoid,
             AT "0x1d: type mismatch: br_table expected labels that take 0 operands, label 0 takes 1"},
        Case{"LaneTooHigh",
             {0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfd, 27, 4, 0x0b},
             kToI32,
             AT "0x2a: invalid lane index 4"},
        Case{"DataCountNeeded", {0xfc, 9, 0, 0x0b}, kVoid, AT "0x17: data count section required"},
        Case{"UndeclaredFunction",
             {0xd2, 0, 0x1a, 0x0b},
             kVoid,
             AT "0x17: undeclared function reference: function 0"},
        Case{"RethrowOutsideOfCatch",
             {0x06, 0x40, 0x09, 0, 0x0b, 0x0b},
             kVoid,
             AT "0x19: invalid rethrow label 0"},
        Case{"CatchWithoutTry", {0x02, 0x40, 0x19, 0x0b, 0x0b}, kVoid, AT "0x19: catch_all without try"},
        Case{"CatchRefGivesAReference",
             {0x02, 0x69, 0x1f, 0x40, 1, 3, 0, 0x0b, 0x00, 0x0b, 0x1a, 0x0b},
             kVoid,
             "ok"},
        Case{"CatchToTheWrongLabel",
             {0x1f, 0x40, 1, 3, 0, 0x0b, 0x0b},
             kVoid,
             AT "0x17: type mismatch: try_table catch clause gives other operands than label 0 takes"}),
    [](const auto& info) { return info.param.name; });

TEST(Validator, ABranchTableIsCheckedAgainstEachListOfTypes) {
    const Bytes code = Bytes{0, 0x02, 1, 0x02, 2} + Bytes{0x41, 0, 0x41, 0, 0x41, 0, 0x41, 0, 0x41, 0} +
                       Bytes{0x41, 0, 0x0e, 1, 0, 1} + Bytes{0x0b, 0x00, 0x0b, 0x00, 0x0b};
    const auto judged = [&](uint8_t lastOfInner) {
        return check(module({section(1, vec({kVoid,
                                             {0x60, 0, 5, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f},
                                             {0x60, 0, 5, 0x7f, 0x7f, 0x7f, 0x7f, lastOfInner}})),
                             section(3, vec({{0}})), section(10, vec({sized(code)}))}));
    };
    EXPECT_EQ(judged(0x7f), "ok");
    EXPECT_NE(judged(0x7e).find("br_table expected i64, found i32"), std::string::npos) << judged(0x7e);
}

TEST(Validator, ChecksMemoryAccesses) {
    EXPECT_EQ(body({0x41, 0, 0x28, 2, 0, 0x1a, 0x0b}, kVoid, kMemory), "ok");
    EXPECT_EQ(
        body({0x41, 0, 0x28, 3, 0, 0x1a, 0x0b}, kVoid, kMemory),
        "function 0, code section, offset 0x1e: alignment must not be larger than natural: 2^3 for 4 bytes");
    EXPECT_EQ(body(Bytes{0x41, 0, 0x28, 2} + leb(uint64_t{1} << 32) + Bytes{0x1a, 0x0b}, kVoid, kMemory),
              "function 0, code section, offset 0x1e: offset out of range: 0x100000000 in a 32-bit memory");
    const Bytes wide = section(5, vec({{4, 1}}));
    EXPECT_EQ(body(Bytes{0x42, 0, 0x28, 2} + leb(uint64_t{1} << 32) + Bytes{0x1a, 0x0b}, kVoid, wide), "ok");
    EXPECT_EQ(body({0x41, 0, 0x28, 2, 0, 0x1a, 0x0b}, kVoid, wide),
              "function 0, code section, offset 0x1e: type mismatch: i32.load expected i64, found i32");
    EXPECT_EQ(body({0x41, 0, 0xfe, 0x10, 1, 0, 0x1a, 0x0b}, kVoid, kMemory),
              "function 0, code section, offset 0x1e: alignment must be equal to natural: 2^1 for 4 bytes");
}

TEST(Validator, TracksLocalsWithoutDefault) {
    const Bytes local = {1, 1, 0x64, 0};  // (local (ref 0))
    const Bytes declare = section(9, vec({{3, 0, 1, 0}}));
    const auto with = [&](const Bytes& code) { return check(oneFunction(kVoid, local + code, declare)); };
    EXPECT_EQ(with({0x20, 0, 0x1a, 0x0b}),
              "function 0, code section, offset 0x21: uninitialized local 0 of type (ref 0)");
    EXPECT_EQ(with({0xd2, 0, 0x21, 0, 0x20, 0, 0x1a, 0x0b}), "ok");
    EXPECT_EQ(with({0x02, 0x40, 0xd2, 0, 0x21, 0, 0x0b, 0x20, 0, 0x1a, 0x0b}),
              "function 0, code section, offset 0x28: uninitialized local 0 of type (ref 0)");
}

TEST(Validator, ChecksConstantExpressions) {
    const auto global = [](const Bytes& init) {
        return check(module({section(6, vec({Bytes{0x7f, 0} + init}))}));
    };
    EXPECT_EQ(global({0x41, 1, 0x41, 2, 0x6a, 0x0b}), "ok");
    EXPECT_EQ(global({0x41, 1, 0x41, 2, 0x6d, 0x0b}),
              "global section, offset 0x11: constant expression required: found i32.div_s");
    EXPECT_EQ(global({0x02, 0x40, 0x0b, 0x0b}),
              "global section, offset 0xd: constant expression required: found block");
    EXPECT_EQ(global({0x42, 1, 0x0b}),
              "global section, offset 0xf: type mismatch: end expected i32, found i64");
    EXPECT_EQ(global({0x23, 0, 0x0b}), "global section, offset 0xd: unknown global 0");
    EXPECT_EQ(global({0x0b}), "global section, offset 0xd: type mismatch: end expected i32, found nothing");
}

TEST(Validator, ChecksWhatTheModuleDeclares) {
    EXPECT_EQ(check(module({section(7, vec({name("a") + Bytes{0, 3}}))})),
              "export section, offset 0xb: unknown function 3");
    EXPECT_EQ(check(module({kMemory, section(7, vec({name("a") + Bytes{2, 0}, name("a") + Bytes{2, 0}}))})),
              "export section, offset 0x14: duplicate export name \"a\"");
    EXPECT_EQ(check(module({section(1, vec({kToI32})), section(13, vec({{0, 0}}))})),
              "tag section, offset 0x11: non-empty tag result type: tag 0");
    EXPECT_EQ(check(module({section(1, vec({kToI32})), section(3, {1, 0}), section(8, {0}),
                            section(10, vec({sized({0, 0x41, 0, 0x0b})}))})),
              "start section, offset 0x15: start function: function 0 must have no parameters and results");
    EXPECT_EQ(check(module({section(4, vec({{0x64, 0x70, 0, 1}}))})),
              "table section, offset 0xa: type mismatch: table 0 of (ref func) needs an initial value");
    EXPECT_EQ(check(module({section(11, vec({{0, 0x41, 0, 0x0b, 0}}))})),
              "data section, offset 0xc: unknown memory 0");
}

TEST(Validator, ChecksSubtypes) {
    const Bytes open = {0x50, 0, 0x5f, 1, 0x7f, 0}, more = {0x4f, 1, 0, 0x5f, 2, 0x7f, 0, 0x7e, 0},
                other = {0x4f, 1, 0, 0x5f, 1, 0x7e, 0};
    EXPECT_EQ(check(module({section(1, vec({open, more}))})), "ok");
    EXPECT_EQ(check(module({section(1, vec({open, other}))})),
              "type section, offset 0xa: sub type 1 does not match super type 0");
    EXPECT_EQ(check(module({section(1, vec({{0x5f, 0}, more}))})),
              "type section, offset 0xa: sub type 1 has final super type 0");
    EXPECT_EQ(check(module({section(1, vec({more}))})),
              "type section, offset 0xb: unknown type 0: a supertype must stand before its subtypes");
}

TEST(Validator, NestingIsLimitedByMemoryOnly) {
    constexpr size_t kDepth = 200'000;
    Bytes code;
    for (size_t i = 0; i < kDepth; ++i)
        code.insert(code.end(), {0x02, 0x40});
    code.insert(code.end(), kDepth + 1, 0x0b);
    EXPECT_EQ(body(code), "ok");
}

TEST(Validator, ReportsTheFirstBadFunction) {
    Bytes functions = leb(5000), bodies = leb(5000);
    for (uint32_t i = 0; i < 5000; ++i) {
        functions.push_back(0);
        bodies += (i >= 3000 && i % 7 == 0 ? sized({0, 0x6a, 0x0b}) : sized({0, 0x0b}));
    }
    EXPECT_TRUE(check(module({section(1, vec({kVoid})), section(3, functions), section(10, bodies)}))
                    .starts_with("function 3003, "));
}

// --- What a sink sees -------------------------------------------------------------------------------------------

class Recorder : public InstructionSink {
public:
    void onInstruction(const Instruction& i, const FunctionWalker& walker) override {
        lines.push_back(std::string(row(i.op).text) + " " + std::to_string(walker.operands().size()) + "/" +
                        std::to_string(walker.operandSlots()) + (walker.reachable() ? "" : " unreachable"));
    }
    std::vector<std::string> lines;
};

TEST(FunctionWalker, TellsASinkWhatIsOnTheStack) {
    // (param i64) (local v128) local.get 1 / block / br 0 / i32.const 1 / drop / end / drop
    const auto m = decode(oneFunction(
        {0x60, 1, 0x7e, 0}, {1, 1, 0x7b, 0x20, 1, 0x02, 0x40, 0x0c, 0, 0x41, 1, 0x1a, 0x0b, 0x1a, 0x0b}));
    ASSERT_TRUE(m.ok());
    FunctionWalker walker(**m);
    Recorder recorder;
    ASSERT_TRUE(walker.walk(FuncIdx(0), &recorder).ok());
    EXPECT_EQ(recorder.lines, (std::vector<std::string>{"local.get 0/0", "block 1/2", "br 1/2",
                                                        "i32.const 1/2 unreachable", "drop 2/3 unreachable",
                                                        "end 1/2 unreachable", "drop 1/2", "end 0/0"}));
    EXPECT_EQ(walker.localSlot(1), 1u);
    EXPECT_EQ(walker.localSlots(), 3u);
    EXPECT_EQ(walker.maxSlots(), 6u);
    const uint32_t begin = (*m)->functions[0].code.begin;
    EXPECT_EQ(operandTypesAt(**m, FuncIdx(0), begin + 2).value(), std::vector<ValType>{kV128});
    EXPECT_EQ(operandTypesAt(**m, FuncIdx(0), begin + 1).error().code, ErrorCode::NotFound);
}

TEST(OperandsTaken, AreThoseOfTheRowAndThoseThatTheImmediateLists) {
    // Types: 0 two parameters, 1 a structure of three fields, 2 an array of i32, 3 an array of references, 4 nothing.
    const Bytes types = vec({{0x60, 2, 0x7f, 0x7d, 1, 0x7e},
                             {0x5f, 3, 0x7f, 1, 0x7e, 1, 0x7d, 1},
                             {0x5e, 0x7f, 1},
                             {0x5e, 0x70, 1},
                             {0x60, 0, 0}});
    struct Case {
        Bytes code;
        uint32_t taken;
    };
    const std::vector<Case> cases = {
        {{0x02, 4, 0x0b}, 0},                    // block
        {{0x02, 0, 0x00, 0x0b}, 2},              // block with parameters
        {{0x04, 0, 0x00, 0x05, 0x00, 0x0b}, 3},  // if with parameters
        {{0x1f, 0, 0, 0x00, 0x0b}, 2},           // try_table with parameters
        {{0x0c, 0}, 0},                          // br to the function, which has no results
        {{0x0d, 0}, 1},                          // br_if
        {{0x0e, 1, 0, 0}, 1},                    // br_table
        {{0x10, 1}, 2},                          // call
        {{0x11, 0, 0}, 3},                       // call_indirect
        {{0x12, 0}, 0},                          // return_call
        {{0x14, 0}, 3},                          // call_ref
        {{0x08, 0}, 2},                          // throw
        {{0x0a}, 1},                             // throw_ref
        {{0x1a}, 1},                             // drop
        {{0x1c, 1, 0x7f}, 3},                    // select (result i32)
        {{0x20, 0}, 0},                          // local.get
        {{0x21, 0}, 1},                          // local.set
        {{0x22, 0}, 1},                          // local.tee
        {{0x25, 0}, 1},                          // table.get
        {{0x26, 0}, 2},                          // table.set
        {{0xfc, 0x0c, 0, 0}, 3},                 // table.init
        {{0xfc, 0x0e, 0, 0}, 3},                 // table.copy
        {{0xfc, 0x0f, 0}, 2},                    // table.grow
        {{0xfc, 0x10, 0}, 0},                    // table.size
        {{0xfc, 0x11, 0}, 3},                    // table.fill
        {{0xfc, 0x0a, 0, 0}, 3},                 // memory.copy
        {{0xfc, 0x0b, 0}, 3},                    // memory.fill
        {{0x36, 2, 0}, 2},                       // i32.store
        {{0xd0, 0x70}, 0},                       // ref.null
        {{0xd1}, 1},                             // ref.is_null
        {{0xd3}, 2},                             // ref.eq
        {{0xd4}, 1},                             // ref.as_non_null
        {{0xd5, 0}, 1},                          // br_on_null
        {{0xfb, 0x14, 0x6e}, 1},                 // ref.test
        {{0xfb, 0x17, 0x6e}, 1},                 // ref.cast
        {{0xfb, 0x1b}, 1},                       // extern.convert_any
        {{0xfb, 0x1c}, 1},                       // ref.i31
        {{0xfb, 0x00, 1}, 3},                    // struct.new
        {{0xfb, 0x01, 1}, 0},                    // struct.new_default
        {{0xfb, 0x02, 1, 1}, 1},                 // struct.get
        {{0xfb, 0x05, 1, 1}, 2},                 // struct.set
        {{0xfb, 0x06, 2}, 2},                    // array.new
        {{0xfb, 0x07, 2}, 1},                    // array.new_default
        {{0xfb, 0x08, 2, 5}, 5},                 // array.new_fixed
        {{0xfb, 0x09, 2, 0}, 2},                 // array.new_data
        {{0xfb, 0x0a, 3, 0}, 2},                 // array.new_elem
        {{0xfb, 0x0b, 2}, 2},                    // array.get
        {{0xfb, 0x0e, 2}, 3},                    // array.set
        {{0xfb, 0x0f}, 1},                       // array.len
        {{0xfb, 0x10, 2}, 4},                    // array.fill
        {{0xfb, 0x11, 2, 2}, 5},                 // array.copy
        {{0xfb, 0x12, 2, 0}, 4},                 // array.init_data
        {{0xfb, 0x13, 3, 0}, 4},                 // array.init_elem
        {{0x0f}, 0},                             // return
    };
    struct Sink final : InstructionSink {
        std::vector<uint32_t> taken;
        void onInstruction(const Instruction& i, const FunctionWalker& walker) override {
            taken.push_back(operandsTaken(i, walker));
        }
    };
    for (const Case& c : cases) {
        // In code that cannot be reached all operands are there.
        const Bytes body = Bytes{1, 1, 0x7f, 0x00} + c.code + Bytes{0x00, 0x0b};
        const auto m = decode(
            module({section(1, types), section(3, {2, 4, 0}), section(4, {1, 0x70, 0, 1}),
                    section(5, {1, 0, 1}), section(13, {1, 0, 0}), section(9, {1, 1, 0, 0}), section(12, {1}),
                    section(10, vec({sized(body), sized({0, 0x00, 0x0b})})), section(11, {1, 1, 0})}));
        ASSERT_TRUE(m.ok()) << m.error().text();
        Sink sink;
        FunctionWalker walker(**m);
        const auto walked = walker.walk(FuncIdx(0), &sink);
        ASSERT_TRUE(walked.ok()) << walked.error().text();
        EXPECT_EQ(sink.taken[1], c.taken) << int{c.code[0]} << " " << int{c.code[1]};
    }
}

}  // namespace
}  // namespace engine
