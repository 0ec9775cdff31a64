#include "engine/disassembly.h"

#include <gtest/gtest.h>

#include "engine/instruction_text.h"
#include "tests/engine/binary_builder.h"

namespace engine {
namespace {

using namespace test;

std::vector<std::string> lines(const Bytes& body, const Bytes& sections = {}) {
    const auto m = decode(oneFunction(kVoid, body, sections));
    EXPECT_TRUE(m.ok()) << m.error().text();
    Error error;
    std::vector<std::string> result;
    for (const DisassemblyLine& line : disassemble(**m, FuncIdx(0), &error))
        result.push_back(std::string(line.depth * 2, ' ') + line.text);
    if (!error.message.empty()) result.push_back(error.message);
    return result;
}

TEST(Disassembly, IndentsBlocks) {
    EXPECT_EQ(lines({0, 0x02, 0x7f, 0x41, 0x7f, 0x04, 0x40, 0x05, 0x0c, 1, 0x0b, 0x42, 0, 0x0b, 0x0b}),
              (std::vector<std::string>{"block (result i32)", "  i32.const -1", "  if", "  else", "    br 1",
                                        "  end", "  i64.const 0", "end", "end"}));
}

TEST(Disassembly, PrintsImmediates) {
    EXPECT_EQ(
        lines({0,    0x28, 2,    0,    0x28, 0,  0x80, 1,    0x28, 0x42, 1,    5,  0x0e, 2,    0,  1, 2, 0x11,
               0,    0,    0x3f, 0,    0xfc, 10, 1,    0,    0xd0, 0x70, 0xfb, 21, 0x6c, 0xfb, 24, 1, 0, 0x6e,
               0x6c, 0x1c, 1,    0x7f, 0xfd, 27, 3,    0x1f, 0x40, 2,    0,    4,  1,    2,    0}),
        (std::vector<std::string>{"i32.load", "i32.load offset=128 align=1", "i32.load 1 offset=5",
                                  "br_table 0 1 2", "call_indirect (type 0)", "memory.size",
                                  "memory.copy 1 0", "ref.null func", "ref.test i31ref",
                                  "br_on_cast 0 anyref (ref i31)", "select (result i32)",
                                  "i32x4.extract_lane 3", "try_table (catch 4 1) (catch_all 0)"}));
}

TEST(Disassembly, StopsAtMalformedCode) {
    EXPECT_EQ(lines({0, 0x01, 0xff, 0x0b}), (std::vector<std::string>{"nop", "illegal opcode 0xff"}));
}

TEST(Disassembly, FloatsAreExact) {
    EXPECT_EQ(f32Text(0x3fc00000), "1.5");
    EXPECT_EQ(f32Text(0x80000000), "-0");
    EXPECT_EQ(f32Text(0x7f800000), "inf");
    EXPECT_EQ(f32Text(0x7fc00000), "nan");
    EXPECT_EQ(f32Text(0xffa00000), "-nan:0x200000");
    EXPECT_EQ(f64Text(0x3fb999999999999a), "0.1");
}

TEST(Disassembly, IdentifiersHoldOnlyWhatTheTextFormatAllows) {
    EXPECT_EQ(identifier("std::vector<int>"), "$std::vector<int>");
    EXPECT_EQ(identifier("f(int, char)"), "$f_int__char_");
    EXPECT_EQ(identifier(""), "");
}

TEST(Disassembly, WritesAWholeModule) {
    const Bytes names = section(
        0, name("name") + Bytes{1} + sized(vec({Bytes{0} + name("twice"), Bytes{1} + name("twice")})));
    const auto m = decode(
        module({section(1, vec({kVoid})), section(3, {2, 0, 0}), section(5, vec({{1, 1, 2}})),
                section(7, vec({name("a\"\n") + Bytes{0, 1}})),
                section(10, vec({sized({1, 2, 0x7f, 0x41, 1, 0x1a, 0x0b}), sized({0, 0x10, 0, 0x0b})})),
                section(11, vec({Bytes{0, 0x41, 4, 0x0b} + name("a\xff")})), names}));
    ASSERT_TRUE(m.ok()) << m.error().text();
    std::string text;
    writeWat(**m, false, [&](std::string_view piece) { text += piece; });
    EXPECT_EQ(text, R"((module
  (type (;0;) (func))
  (memory (;0;) 1 2)
  (export "a\22\0a" (func 1))
  (func $twice (;0;) (type 0)
    (local i32 i32)
    i32.const 1
    drop)
  (func $twice#1 (;1;) (type 0)
    call $twice)
  (data (;0;) (offset i32.const 4) "a\ff"))
)");
    std::string withOffsets;
    writeWat(**m, true, [&](std::string_view piece) { withOffsets += piece; });
    EXPECT_NE(withOffsets.find(";) call $twice)"), std::string::npos);
}

TEST(Features, AreFoundInTypesAndCode) {
    const auto features = [](const Bytes& bytes) {
        std::string text;
        for (const Feature feature : featuresOf(**decode(bytes)))
            text += std::string(toText(feature)) + " ";
        return text;
    };
    EXPECT_EQ(features(oneFunction(kVoid, {0, 0x0b})), "mvp ");
    EXPECT_EQ(features(oneFunction({0x60, 1, 0x7b, 0}, {0, 0x41, 0, 0xc0, 0x1a, 0x0b})),
              "mvp sign-extension simd ");
    EXPECT_EQ(
        features(oneFunction(kVoid, {0, 0x06, 0x40, 0x08, 0, 0x19, 0x0b, 0x0b}, section(13, vec({{0, 0}})))),
        "mvp legacy-exceptions ");
    EXPECT_EQ(features(oneFunction(kVoid, {0, 0xd0, 0x00, 0x1a, 0x0b})),  // ref.null 0
              "mvp reference-types function-references ");
    EXPECT_EQ(features(module({section(5, vec({{4, 1}, {3, 1, 1}}))})), "mvp threads memory64 multi-memory ");
    EXPECT_EQ(features(module({section(1, vec({{0x5f, 0}}))})), "mvp gc ");
    const Bytes memory = section(5, vec({{0, 1}}));
    for (const auto& [memarg, found] :
         {std::pair{Bytes{0, 0}, "mvp "}, {Bytes{0x40, 0, 0}, "mvp multi-memory "}})
        EXPECT_EQ(features(oneFunction(kVoid, Bytes{0, 0x41, 0, 0x28} + memarg + Bytes{0x1a, 0x0b}, memory)),
                  found);
}

}  // namespace
}  // namespace engine
