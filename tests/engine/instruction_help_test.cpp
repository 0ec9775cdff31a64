#include "engine/instruction_help.h"

#include <gtest/gtest.h>

#include <set>

namespace engine {
namespace {

std::string textWith(std::string_view old, std::string_view replacement) {
    std::string texts(instructionTexts());
    const size_t at = texts.find(old);
    EXPECT_NE(at, std::string::npos) << old;
    return texts.replace(at, old.size(), replacement);
}

std::string problemOf(const std::string& texts) {
    const auto table = parseInstructionTexts(texts);
    return table.ok() ? "" : table.error().message;
}

TEST(InstructionHelp, EveryRowHasOneEntryAndEveryEntryARow) {
    EXPECT_EQ(problemOf(std::string(instructionTexts())), "");
    EXPECT_EQ(problemOf(textWith("= nop\n", "= nopp\n")).find("texts of the instructions, line "), 0u);
    EXPECT_NE(problemOf(textWith("= nop\n", "= nopp\n")).find("there is no instruction nopp"),
              std::string::npos);
    EXPECT_NE(problemOf(textWith("= nop\n", "= data.drop\n")).find("DataDrop has a text already"),
              std::string::npos);
    EXPECT_NE(problemOf(textWith("= i64.load32_s\n", "# ")).find("neither an entry nor a definition"),
              std::string::npos);
    EXPECT_NE(problemOf(textWith("= nop\nDoes nothing.", "let x = Does nothing.")).find("what Nop does"),
              std::string::npos);
}

TEST(InstructionHelp, NamesInBracesAndTrapsMustExist) {
    EXPECT_NE(problemOf(textWith("{whole}", "{hole}")).find("{hole} stands for nothing"), std::string::npos);
    EXPECT_NE(problemOf(textWith("{N.bits}", "{N.bit}")).find("{N.bit} stands for nothing"),
              std::string::npos);
    EXPECT_NE(problemOf(textWith("trap: integer divide by zero if", "trap: divide by zero if"))
                  .find("does not begin with a trap"),
              std::string::npos);
    EXPECT_NE(problemOf(textWith("let null = the", "let null = {null} the")).find("contains itself"),
              std::string::npos);
    EXPECT_NE(problemOf(textWith("= nop\n", "= nop\nstack: [] -> []\n")).find("says the stack effect"),
              std::string::npos);
}

TEST(InstructionHelp, TextsReadAsSentencesOfBoundedLength) {
    for (uint32_t i = 0; i < kOpCount; i++) {
        const InstructionHelp& help = helpOf(static_cast<Op>(i));
        SCOPED_TRACE(kOpRows[i].id);
        EXPECT_LE(help.text.size(), 600u) << help.text;
        EXPECT_LE(help.summary().size(), 230u) << help.summary();
        EXPECT_TRUE(help.text.ends_with('.')) << help.text;
        EXPECT_TRUE(std::isupper(static_cast<unsigned char>(help.text[0]))) << help.text;
        EXPECT_EQ(help.text.find_first_of("{}"), std::string::npos);
        EXPECT_EQ(help.text.find("  "), std::string::npos);
        EXPECT_NE(help.stack.find("] -> ["), std::string::npos) << help.stack;
        EXPECT_FALSE(help.standard.empty());
        std::set<TrapKind> kinds;
        for (const auto& trap : help.traps) {
            EXPECT_TRUE(kinds.insert(trap.kind).second) << "the same trap twice";
            EXPECT_TRUE(trap.when.starts_with("if ") || trap.when == "always") << trap.when;
            EXPECT_FALSE(trap.when.ends_with('.')) << trap.when;
        }
        if (accessBytes(static_cast<Op>(i)) > 0) {
            EXPECT_TRUE(kinds.contains(TrapKind::OutOfBoundsMemory));
            EXPECT_EQ(kinds.contains(TrapKind::UnalignedAtomic), kOpRows[i].prefix == 0xfe);
        }
    }
}

TEST(InstructionHelp, MembersOfAFamilyHaveTheirOwnNumbers) {
    const InstructionHelp& load = helpOf(Op::I64Load16S);
    EXPECT_EQ(
        load.summary(),
        "Reads 2 bytes from memory as a signed integer and extends it to i64 by copies of its sign bit.");
    EXPECT_EQ(load.stack, "[i32] -> [i64], in a 64-bit memory [i64] -> [i64]");
    EXPECT_EQ(helpOf(Op::I8x16Shl).text.find("modulo 8") == std::string::npos, false);
    EXPECT_EQ(helpOf(Op::F64Min).stack, "[f64 f64] -> [f64]");
    const InstructionHelp& division = helpOf(Op::I32DivS);
    ASSERT_EQ(division.traps.size(), 2u);
    EXPECT_EQ(division.traps[1].kind, TrapKind::IntegerOverflow);
    EXPECT_EQ(division.traps[1].when,
              "if -2147483648 is divided by -1, since 2147483647 is the greatest number");
    EXPECT_EQ(helpOf(Op::I64x2ExtmulHighI32x4U).summary(),
              "Takes the lanes of each operand's upper half, those with the greater numbers, as unsigned "
              "numbers of 32 "
              "bits, and multiplies them to 64 bits, in which every product fits.");
}

TEST(InstructionHelp, FindsByTextIdAndCodeAndSuggestsWhatIsNear) {
    using Ops = std::vector<Op>;
    EXPECT_EQ(findInstructions("i32.div_s").value(), Ops{Op::I32DivS});
    EXPECT_EQ(findInstructions("select").value(), (Ops{Op::Select, Op::SelectTyped}));
    EXPECT_EQ(findInstructions("SelectTyped").value(), Ops{Op::SelectTyped});
    EXPECT_EQ(findInstructions("0x6d").value(), Ops{Op::I32DivS});
    EXPECT_EQ(findInstructions("0xfd0e").value(), Ops{Op::I8x16Swizzle});
    EXPECT_EQ(findInstructions(" 0xfd 0x10d").value(), Ops{Op::F32x4RelaxedMin});
    EXPECT_EQ(findInstructions("i32.div").error().message,
              "there is no instruction \"i32.div\"; near are: i32.div_s, i32.div_u, f32.div");
    EXPECT_EQ(findInstructions("0xff").error().message, "there is no instruction \"0xff\"");
    for (std::string_view bad : {"", "0x", "0xfd", "0xfd zz", "0x100000000000", "{N}", "\x01\xff"})
        EXPECT_EQ(findInstructions(bad).error().code, ErrorCode::NotFound) << bad;
    EXPECT_EQ(findInstructions(std::string(1 << 20, 'x')).error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace engine
