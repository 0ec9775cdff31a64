#include <gtest/gtest.h>

#include "debugger/symbols/condition.h"
#include "tests/debugger/value_fakes.h"

namespace debugger::test {
namespace {

struct Case {
    const char* expression;
    const char* expected;  // as rendered, or "error: …"
};

class Expressions : public testing::TestWithParam<Case> {};

TEST_P(Expressions, Give) {
    CProgram program;
    EXPECT_EQ(program.show(GetParam().expression), GetParam().expected) << GetParam().expression;
}

INSTANTIATE_TEST_SUITE_P(Literals, Expressions,
                         testing::Values(Case{"42", "42"}, Case{"0x2a", "42"}, Case{"0b101", "5"},
                                         Case{"017", "15"}, Case{"1'000'000", "1000000"},
                                         Case{"1_000", "1000"}, Case{"1.5", "1.5"}, Case{".5", "0.5"},
                                         Case{"1e3", "1000"}, Case{"1.", "1"}, Case{"2.5f", "2.5"},
                                         Case{"'x'", "120 'x'"}, Case{"'\\n'", "10 '\\n'"},
                                         Case{"'\\x41'", "65 'A'"}, Case{"'ä'", "-28 '\\xe4'"},
                                         Case{"'\\u{1F600}'", "128512 '😀'"}, Case{"\"a\\tb\"", "\"a\\tb\""},
                                         Case{"true", "true"}, Case{"nullptr", "0x0"},
                                         Case{"4294967295", "4294967295"}, Case{"0xffffffff", "4294967295"},
                                         Case{"18446744073709551615", "18446744073709551615"},
                                         Case{"7u8", "7"}, Case{"300u8", "44"}));

INSTANTIATE_TEST_SUITE_P(
    Arithmetic, Expressions,
    testing::Values(Case{"1 + 2 * 3", "7"}, Case{"(1 + 2) * 3", "9"}, Case{"7 / 2", "3"},
                    Case{"-7 / 2", "-3"}, Case{"-7 % 3", "-1"}, Case{"7.0 / 2", "3.5"},
                    Case{"1 << 4 | 1", "17"}, Case{"~0", "-1"}, Case{"~0u", "4294967295"},
                    Case{"-1 < 0u", "false"}, Case{"-1 < 0", "true"}, Case{"-1 >> 1", "-1"},
                    Case{"0xffffffff + 1", "0"}, Case{"2147483647 + 1", "-2147483648"},
                    Case{"2147483648 + 1", "2147483649"}, Case{"1 ? 2 : 3", "2"},
                    Case{"0 ? 2 : 0 ? 3 : 4", "4"}, Case{"1 && 0", "false"}, Case{"1 || 1 / 0", "true"},
                    Case{"0 && 1 / 0", "false"}, Case{"!5", "false"}, Case{"!!5", "true"}, Case{"- - 3", "3"},
                    Case{"+'a'", "97"}, Case{"1 < 2 == 1", "true"}, Case{"5 & 3 == 3", "1"},
                    Case{"1 - 1 - 1", "-1"}, Case{"100 / 10 / 2", "5"},
                    Case{"-2147483648 / -1", "2147483648"}, Case{"(int)-2147483648 / (int)-1", "-2147483648"},
                    Case{"0.1f + 0.2f", "0.3"}, Case{"0.1 + 0.2", "0.30000000000000004"}));

INSTANTIATE_TEST_SUITE_P(
    Names, Expressions,
    testing::Values(Case{"i", "2"}, Case{"count", "-7"}, Case{"count#23", "4000000000"}, Case{"total", "42"},
                    Case{"::total", "42"}, Case{"add", "add"}, Case{"GREEN", "GREEN"},
                    Case{"items[1].color == GREEN", "true"}, Case{"GREEN == items[1].color", "true"},
                    Case{"items[0].color == BLUE", "false"}, Case{"RED + 1", "2"}, Case{"$local0", "7"},
                    Case{"$local1 >> 40", "1"}, Case{"$local2", "1.5"}, Case{"$local3 * 2", "-4.5"},
                    Case{"$stack0", "-1"}, Case{"$global0", "65536"}, Case{"$pc", "0x100"},
                    Case{"$memory[0x2000]", "101 'e'"}, Case{"$memory[0x2000..0x2003]", "{101, 100, 103}"},
                    Case{"op == add", "true"}, Case{"op != add", "false"}, Case{"op == &add", "true"}));

INSTANTIATE_TEST_SUITE_P(
    Objects, Expressions,
    testing::Values(
        Case{"items[1].next->weight", "0"}, Case{"items[2].next->next->color", "RED"},
        Case{"p->next->name", "0x2010 \"middle\""}, Case{"(*p).weight", "3"}, Case{"p.weight", "3"},
        Case{"p[-1].weight", "1.5"}, Case{"*items[1].name", "109 'm'"}, Case{"items[1].name[3]", "100 'd'"},
        Case{"items[1].dims[1][2]", "15"}, Case{"items[1].dims[1]", "{13, 14, 15}"},
        Case{"*items[1].dims[0]", "10"}, Case{"&items[1]", "0x1030"}, Case{"*&items[1].weight", "1.5"},
        Case{"&items[2] - &items[0]", "2"}, Case{"p == &items[2]", "true"},
        Case{"p - 1 == &items[1]", "true"}, Case{"(p - 1)->color", "GREEN"}, Case{"1 + &items[0]", "0x1030"},
        Case{"items + 1", "0x1030"}, Case{"!p", "false"}, Case{"!items[0].next", "true"},
        Case{"p && p->next", "true"}, Case{"items[0].next == 0", "true"}, Case{"p > items", "true"},
        Case{"items[2].fl.b", "-2"}, Case{"items[2].fl.c + 1", "201"}, Case{"byte + 100", "300"},
        Case{"items[1].n.b[2]", "128"}, Case{"p@1", "{0x1060}"}, Case{"*items[0].dims[0]@4", "{0, 1, 2, 3}"},
        Case{"items[0].dims[0][1..3]", "{1, 2}"}, Case{"items[0].dims[0][1..=2]", "{1, 2}"},
        Case{"*p@1",
             "{{next = 0x1030, name = 0x2000 \"edge\", weight = 3, color = BLUE, n = {i = 1056964608, f = "
             "0.5, b = {0, 0, 0, 63}}, fl = {a = 2, b = -2, c = 200}, dims = {{20, 21, 22}, {23, 24, "
             "25}}}}"}));

INSTANTIATE_TEST_SUITE_P(
    Casts, Expressions,
    testing::Values(
        Case{"(char)300", "44 ','"}, Case{"(unsigned char)-1", "255 '\\xff'"},
        Case{"(float)1 / 3", "0.33333334"}, Case{"(int)2.9", "2"}, Case{"(int)-2.9", "-2"},
        Case{"(unsigned)-1", "4294967295"}, Case{"(long long)count", "-7"},
        Case{"(struct item *)p", "0x1060"}, Case{"((struct item *)0x1030)->weight", "1.5"},
        Case{"(struct item*)anything == 0x2000", "true"}, Case{"*(char *)anything", "101 'e'"},
        Case{"(char *)anything", "0x2000 \"edge\""}, Case{"*(int *)&items[0].color", "1"},
        Case{"(enum color)5", "GREEN"}, Case{"(enum color)6", "(enum color) 6"}, Case{"(bool)7", "true"},
        Case{"(uint8_t)511", "255"}, Case{"count as u8", "249 '\\xf9'"}, Case{"-1 as u32", "4294967295"},
        Case{"!0 as u8", "1 '\\x01'"}, Case{"(-1) as u32", "4294967295"}, Case{"1 as f64 / 2 as f64", "0.5"},
        Case{"(count) - 1", "-8"}, Case{"(count) + (total)", "35"}, Case{"(int) - 1", "-1"},
        Case{"(i) * 2", "4"}, Case{"sizeof(int)", "4"}, Case{"sizeof(struct item)", "48"},
        Case{"sizeof items", "144"}, Case{"sizeof(items[0].dims)", "12"}, Case{"sizeof(char *)", "4"},
        Case{"sizeof count", "4"}, Case{"sizeof(count)", "4"}, Case{"sizeof(long)", "4"},
        Case{"sizeof items / sizeof items[0]", "3"}, Case{"(const char *)anything", "0x2000 \"edge\""},
        Case{"(const struct item *)p", "0x1060"},
        Case{"**(struct item **)&p == 0",
             "error: column 22: a value of type `struct item` is not a number; use one of its members"}));

INSTANTIATE_TEST_SUITE_P(Formats, Expressions,
                         testing::Values(Case{"count,x", "0xfffffff9"}, Case{"count,u", "4294967289"},
                                         Case{"count#23,d", "-294967296"}, Case{"65,c", "65 'A'"},
                                         Case{"5,b", "0b101"}, Case{"8,o", "010"},
                                         Case{"items[1].color,d", "5"}, Case{"ratio,x", "0x3dcccccd"},
                                         Case{"items[1].name,4", "\"midd\""},
                                         Case{"items[0].dims[0],x", "{0x0, 0x1, 0x2}"},
                                         Case{"anything,s", "0x2000 \"edge\""},
                                         Case{"count , x", "0xfffffff9"}, Case{"flag,d", "1"}));

INSTANTIATE_TEST_SUITE_P(
    Errors, Expressions,
    testing::Values(
        Case{"", "error: column 1: an expression is missing"},
        Case{"   ", "error: column 1: an expression is missing"},
        Case{"1 +", "error: column 4: the expression ends too early"},
        Case{"cuont", "error: column 1: no variable `cuont` here; did you mean `count`?"},
        Case{"1 + cuont", "error: column 5: no variable `cuont` here; did you mean `count`?"},
        Case{"zzzzzz", "error: column 1: no variable `zzzzzz` here"},
        Case{"items[0].wieght",
             "error: column 10: `struct item` has no member `wieght`; did you mean `weight`?"},
        Case{"1 / 0", "error: column 3: division by zero"},
        Case{"1 % (2 - 2)", "error: column 3: division by zero"},
        Case{"1.0 / 0", "error: column 5: division by zero"},
        Case{"1 << 32", "error: column 3: shift by 32 of a number of 32 bits"},
        Case{"1.5 & 1", "error: column 5: this operator needs integers, not floating-point numbers"},
        Case{"*count", "error: column 1: a value of type `int` cannot be dereferenced"},
        Case{"count.x", "error: column 7: a value of type `int` has no members"},
        Case{"count[0]", "error: column 6: a value of type `int` cannot be indexed"},
        Case{"items.x", "error: column 7: a value of type `struct item[3]` has no members"},
        Case{"items[0]->x", "error: column 11: `struct item` is not a pointer: use `.`"},
        Case{"*anything",
             "error: column 1: a `void *` says nothing of what is there: cast it first, as in *(int *)p"},
        Case{"*items[0].next", "error: column 1: null pointer"},
        Case{"items[0].next->color", "error: column 16: null pointer"},
        Case{"&5", "error: column 1: a computed value has no address"},
        Case{"&$local0", "error: column 1: `$local0` is in local 0, not in memory: it has no address"},
        Case{"&items[0].fl.a", "error: column 1: a bit field has no address"},
        Case{"$local9", "error: column 1: there is no local 9"},
        Case{"$nothing",
             "error: column 1: there is no `$nothing`; there are $local0, $stack0 (0 is the lowest), "
             "$global0, $pc and $memory[0]"},
        Case{"count = 5",
             "error: column 7: an expression cannot change the program: use `set`, or `==` to compare"},
        Case{"count++", "error: column 6: an expression cannot change the program: use `set`"},
        Case{"add(1, 2)", "error: column 4: calling functions of the program is not supported"},
        Case{"(1 + 2", "error: column 7: `)` is missing"}, Case{"items[1", "error: column 8: `]` is missing"},
        Case{"1 2", "error: column 3: unexpected `2`"}, Case{"1 )", "error: column 3: unexpected `)`"},
        Case{"'ab'", "error: column 1: no variable `ab` here"},
        Case{"'ab", "error: column 3: a character literal needs its closing '"}, Case{"'total' + 1", "43"},
        Case{"\"abc", "error: column 5: a string needs its closing \""},
        Case{"\\", "error: column 1: unexpected character '\\'"},
        Case{"12abc", "error: column 3: a number cannot end in `abc`"},
        Case{"0x", "error: column 3: a number needs digits behind its prefix"},
        Case{"lost + 1", "error: column 6: optimised out here (known at 0x1f0-0x230)"},
        Case{"(struct nothing *)p", "error: column 1: no type `struct nothing` here"},
        Case{"sizeof(struct nothing)", "error: column 1: no type `struct nothing` here"},
        Case{"items[1] + 1",
             "error: column 10: a value of type `struct item` is not a number; use one of its members"},
        Case{"p * 2", "error: column 3: this operator does not work on pointers; cast to an integer first"},
        Case{"(struct item)5",
             "error: column 1: a value cannot become a `struct item`; cast a pointer instead, as in *(struct "
             "item *)p"},
        Case{"*op",
             "error: column 1: a function has no value; compare the pointer with a function's name, or print "
             "it"},
        Case{"count,q", "error: no format `q`: there are x, d, u, o, b, c, s, r and a number of elements"},
        Case{"items[0].dims[2]", "error: column 14: index 2 is outside `short[2][3]`"},
        Case{"340282366920938463463374607431768211456",
             "error: column 39: the number does not fit in 128 bits"},
        Case{"items[0].", "error: column 10: the name of a member is expected, not the end"},
        Case{"op == 1.5", "error: column 4: a pointer cannot be compared with a floating-point number"}));

TEST(Expression, S3_NestsTwoHundredDeepAndNoDeeper) {
    CProgram program;
    const auto nested = [](size_t depth) { return std::string(depth, '(') + "1" + std::string(depth, ')'); };
    EXPECT_EQ(program.show(nested(90)), "1");
    EXPECT_NE(program.show(nested(30'000)).find("nested more than 200 deep"), std::string::npos);
    EXPECT_NE(program.show(std::string(100'000, '-') + "1").find("error"), std::string::npos);
    EXPECT_NE(program.show(std::string(60'000, '!') + "1").find("nested more than 200 deep"),
              std::string::npos);
    std::string sum = "1", members = "p";
    for (int i = 0; i < 5'000; i++)
        sum += "+1", members += ".next";
    EXPECT_NE(program.show(sum).find("too long"), std::string::npos);
    EXPECT_NE(program.show(members).find("too long"), std::string::npos);
    EXPECT_EQ(program.show(sum.substr(0, 601)), "301");
    EXPECT_NE(program.show(std::string(100'000, 'a')).find("64 KiB"), std::string::npos);
}

TEST(Expression, WorksOnWasmNamesWithoutDebugInfo) {
    FakeContext context(nullptr);
    context.locals = {engine::Value::i32(8)};
    context.put<int32_t>(8, 0x01020304);
    const auto show = [&context](const char* text) {
        auto value = evaluate(text, context);
        return value ? render(*value, context) : value.error().message;
    };
    EXPECT_EQ(show("$local0 * 2 + 1"), "17");
    EXPECT_EQ(show("*(int *)$local0,x"), "0x1020304");
    EXPECT_EQ(show("$memory[$local0]"), "4 '\\x04'");
    EXPECT_EQ(show("*(unsigned short *)($local0 + 2)"), "258");
    EXPECT_EQ(show("x"),
              "column 1: no variable `x`: the module has no debug info; $local0, $stack0, $global0 and "
              "$memory[0] work");
    EXPECT_EQ(typeName(*evaluate("$local0", context), context), "i32");
    EXPECT_EQ(typeName(*evaluate("(char **)0", context), context), "char **");
}

TEST(Expression, ConditionsAreTrueOrFalse) {
    CProgram program;
    EXPECT_TRUE(*Condition("count < 0").holds(program.context));
    EXPECT_FALSE(*Condition("items[0].next").holds(program.context));
    EXPECT_TRUE(*Condition("p").holds(program.context));
    EXPECT_FALSE(Condition("items[0]").holds(program.context).ok());
    EXPECT_EQ(Condition("lost").holds(program.context).error().message,
              "`lost` is unavailable: optimised out here (known at 0x1f0-0x230)");
}

TEST(Expression, MembersOfThisAreNames) {
    CProgram program;
    program.symbols.scopeList[1].variables.push_back(variableAt("this", program.itemPointer, 0x3008));
    EXPECT_EQ(program.show("weight"), "3");
    EXPECT_EQ(program.show("this->weight"), "3");
    EXPECT_EQ(program.show("wieght"), "error: column 1: no variable `wieght` here; did you mean `weight`?");
}

TEST(Expression, ResultsAreNamedAsWritten) {
    CProgram program;
    const auto value = evaluate("  p->next , x ", program.context);
    ASSERT_TRUE(value.ok());
    EXPECT_EQ(value->name, "p->next");
    EXPECT_EQ(value->path, "p->next");
    EXPECT_EQ(children(*evaluate("items + 1", program.context), program.context, 0, 1).at(0).path,
              "(items + 1)->next");
    EXPECT_EQ(children(*evaluate("(struct item *)p", program.context), program.context, 0, 1).at(0).path,
              "((struct item *)p)->next");
}

TEST(Expression, RandomTextsNeverCrash) {
    CProgram program;
    const char* const words[] = {
        "p",     "items",       "[",     "]",        "(",       ")",     "->",    ".",
        "*",     "&",           "1",     "0",        "-",       "+",     "/",     "%",
        "<<",    ">>",          "==",    "<",        "?",       ":",     "count", "name",
        "next",  "dims",        "(int)", "(char *)", "sizeof",  "'a'",   "\"s\"", "1.5",
        "op",    "add",         "GREEN", "$local0",  "$memory", "@",     "..",    ",x",
        "as",    "u8",          "!",     "~",        "lost",    "fl",    "color", "0x7fffffffffffffff",
        "const", "struct item", "||",    "&&",       "big",     "[raw]", "#",     "::",
        "len()", "\xff"};
    uint32_t seed = 7;
    for (int i = 0; i < 30'000; i++) {
        std::string text;
        seed = seed * 1664525 + 1013904223;
        const uint32_t length = 1 + (seed >> 24) % 10;
        for (uint32_t j = 0; j < length; j++) {
            seed = seed * 1664525 + 1013904223;
            text += words[(seed >> 16) % std::size(words)];
            if (seed >> 31) text += ' ';
        }
        const auto value = evaluate(text, program.context);
        if (!value) {
            EXPECT_FALSE(value.error().message.empty());
            continue;
        }
        EXPECT_LT(render(*value, program.context).size(), 2000u) << text;
        children(*value, program.context, 0, 20);
        std::ignore = assign(*value, "1", program.context);
    }
}

}  // namespace
}  // namespace debugger::test
