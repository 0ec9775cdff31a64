#include <gtest/gtest.h>

#include "tests/debugger/value_fakes.h"

namespace debugger::test {
namespace {

SourceValue inMemory(TypeId type, uint64_t address, std::string name = "v") {
    SourceValue value;
    value.type = type;
    value.name = value.path = std::move(name);
    value.place.kind = ObjectPlace::Kind::Memory;
    value.place.address = address;
    return value;
}

struct Values : testing::Test {
    CProgram program;
    FakeSymbols& symbols = program.symbols;
    FakeContext& context = program.context;

    std::string shown(TypeId type, uint64_t address, size_t length = 200) {
        return render(inMemory(type, address), context, length);
    }
    SourceValue find(std::string_view expression) {
        auto value = evaluate(expression, context);
        EXPECT_TRUE(value.ok()) << expression << ": " << (value ? "" : value.error().message);
        return value ? *value : SourceValue();
    }
    std::string set(std::string_view left, std::string_view right) {
        auto value = evaluateAssignment(left, right, context);
        return value ? render(*value, context) : value.error().message;
    }
    std::vector<std::string> childLines(const SourceValue& value, uint64_t first = 0, uint64_t count = 100) {
        std::vector<std::string> lines;
        for (const SourceValue& child : children(value, context, first, count))
            lines.push_back(child.name + " = " + render(child, context));
        return lines;
    }
};

TEST_F(Values, RendersNumbers) {
    context.put<int64_t>(0x100, -1);
    EXPECT_EQ(shown(program.intType, 0x100), "-1");
    EXPECT_EQ(shown(program.unsignedType, 0x100), "4294967295");
    EXPECT_EQ(shown(program.shortType, 0x100), "-1");
    EXPECT_EQ(shown(program.longLongType, 0x100), "-1");
    EXPECT_EQ(shown(symbols.base("unsigned __int128", BaseEncoding::Unsigned, 16), 0x100),
              "18446744073709551615");
    context.put<int64_t>(0x108, -1);
    EXPECT_EQ(shown(symbols.base("__int128", BaseEncoding::Signed, 16), 0x100), "-1");
    EXPECT_EQ(shown(symbols.base("_BitInt(24)", BaseEncoding::Signed, 3), 0x100), "-1");
}

TEST_F(Values, RendersFloatsShortest) {
    const auto real = [&](double v) {
        context.put<double>(0x100, v);
        return shown(program.doubleType, 0x100);
    };
    EXPECT_EQ(real(0.1), "0.1");
    EXPECT_EQ(real(1000000), "1000000");
    EXPECT_EQ(real(1e100), "1e+100");
    EXPECT_EQ(real(-0.0), "-0");
    EXPECT_EQ(real(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(real(std::numeric_limits<double>::quiet_NaN()), "nan");
    EXPECT_EQ(program.show("ratio"), "0.1");
    context.put<uint64_t>(0x100, 0);
    context.put<uint64_t>(0x108, 0x3fff800000000000);
    EXPECT_EQ(shown(symbols.base("long double", BaseEncoding::Float, 16), 0x100), "1.5");
    context.put<uint16_t>(0x100, 0x3e00);
    EXPECT_EQ(shown(symbols.base("_Float16", BaseEncoding::Float, 2), 0x100), "1.5");
    context.put<float>(0x100, 1);
    context.put<float>(0x104, -2);
    EXPECT_EQ(shown(symbols.base("float _Complex", BaseEncoding::Complex, 8), 0x100), "1 + -2i");
}

TEST_F(Values, RendersCharactersAndBooleans) {
    EXPECT_EQ(program.show("letter"), "120 'x'");
    EXPECT_EQ(program.show("byte"), "200");
    EXPECT_EQ(program.show("flag"), "true");
    context.memory[0x3030] = 7;
    EXPECT_EQ(program.show("flag"), "true (7)");
    context.memory[0x3031] = 0xff;
    EXPECT_EQ(program.show("letter"), "-1 '\\xff'");
    context.put<uint32_t>(0x100, 0x202e);
    EXPECT_EQ(shown(symbols.base("char32_t", BaseEncoding::Utf, 4), 0x100), "8238 '\\u{202e}'");
}

TEST_F(Values, RendersEnums) {
    EXPECT_EQ(program.show("items[1].color"), "GREEN");
    EXPECT_EQ(program.show("items[2].color"), "BLUE");
    context.put<int32_t>(CProgram::kItems + 16, 7);
    EXPECT_EQ(program.show("items[0].color"), "(enum color) 7");
    EXPECT_EQ(program.show("mode"), "WRITE|EXECUTE");
    context.put<uint32_t>(0x301c, 8);
    EXPECT_EQ(program.show("mode"), "(enum mode) 8");
}

TEST_F(Values, RendersPointers) {
    EXPECT_EQ(program.show("items[1].name"), "0x2010 \"middle\"");
    EXPECT_EQ(program.show("items[0].next"), "0x0");
    EXPECT_EQ(program.show("p"), "0x1060");
    EXPECT_EQ(program.show("op"), "&add");
    context.put<uint32_t>(0x3018, 0);
    EXPECT_EQ(program.show("op"), "0x0");
    context.put<uint32_t>(0x3018, 99);
    EXPECT_EQ(program.show("op"), "0x63");
    context.put<uint32_t>(CProgram::kItems + 4, 0xfffffff0);
    EXPECT_EQ(program.show("items[0].name"), "0xfffffff0 <unavailable: beyond the end of memory>");
}

TEST_F(Values, RendersAStringThatMemoryEnds) {
    context.putText(0xfffc, "tail");
    context.put<uint32_t>(CProgram::kItems + 4, 0xfffc);
    EXPECT_EQ(program.show("items[0].name"), "0xfffc \"tail\"…");
}

TEST_F(Values, RendersStructs) {
    EXPECT_EQ(program.show("items[1]", 400),
              "{next = 0x1000, name = 0x2010 \"middle\", weight = 1.5, color = GREEN, n = {i = 1048576000, f "
              "= 0.25, b = {0, 0, 128, 62}}, "
              "fl = {a = 1, b = -1, c = 100}, dims = {{10, 11, 12}, {13, 14, 15}}}");
    EXPECT_EQ(program.show("items[1]", 20), "{next = 0x1000, name…");
}

TEST_F(Values, RendersArrays) {
    EXPECT_EQ(program.show("buffer"), "\"a\\\"b\\n\"");
    const TypeId many = symbols.array(program.intType, {12});
    EXPECT_EQ(shown(many, 0x8000), "{0 <repeats 12 times>}");
    context.put<int32_t>(0x8000, 5);
    EXPECT_EQ(shown(many, 0x8000), "{5, 0 <repeats 11 times>}");
    EXPECT_EQ(shown(symbols.array(program.intType, {0}), 0x8000), "{}");
    EXPECT_EQ(shown(symbols.array(program.uint8Type, {3}), CProgram::kNames), "{101, 100, 103}");
}

TEST_F(Values, ClipsHugeArrays) {
    const TypeId huge = symbols.array(program.intType, {uint64_t{1} << 60});
    EXPECT_EQ(shown(huge, 0x8000), "{0 <repeats 256 times>, …}");
    EXPECT_EQ(childCount(inMemory(huge, 0x8000), context), uint64_t{1} << 60);
    const auto far = children(inMemory(huge, 0x8000), context, (uint64_t{1} << 60) - 2, 10);
    ASSERT_EQ(far.size(), 2u);
    EXPECT_EQ(render(far[1], context), "<unavailable: beyond the end of memory>");
    const TypeId text = symbols.array(program.charType, {uint64_t{1} << 60});
    EXPECT_EQ(shown(text, CProgram::kNames), "\"edge\"");
}

TEST_F(Values, SaysInTheMemberWhatCannotBeRead) {
    EXPECT_EQ(shown(symbols.record("struct edge", 8,
                                   {FakeSymbols::member("a", program.intType, 0),
                                    FakeSymbols::member("b", program.intType, 4)}),
                    0xfffc),
              "{a = 0, b = <unavailable: beyond the end of memory>}");
}

TEST_F(Values, RendersWhatIsLost) {
    EXPECT_EQ(program.show("lost"), "<unavailable: optimised out here (known at 0x1f0-0x230)>");
}

TEST_F(Values, RendersIncompleteTypes) {
    const TypeId opaque = symbols.record("struct opaque", 0, {});
    symbols.types[opaque].isDeclaration = true;
    EXPECT_EQ(shown(opaque, 0x100), "<incomplete type struct opaque>");
    EXPECT_EQ(childCount(inMemory(symbols.pointer(opaque), 0x3008), context), 0u);
}

TEST_F(Values, SurvivesCyclicTypes) {
    const TypeId a = symbols.derived(TypeKind::Typedef, 0, "A");
    const TypeId b = symbols.derived(TypeKind::Typedef, a, "B");
    symbols.types[a].target = b;
    EXPECT_EQ(shown(a, 0x100), "void");
    const TypeId self = symbols.record("struct self", 4, {});
    symbols.types[self].members = {FakeSymbols::member("again", self, 0)};
    EXPECT_EQ(shown(self, 0x100), "{again = {again = {again = {again = {…}}}}}");
    const TypeId anonymous = symbols.record("struct anonymous", 4, {});
    symbols.types[anonymous].members = {FakeSymbols::member("", anonymous, 0)};
    EXPECT_FALSE(evaluate("(*(struct anonymous *)256).x", context).ok());
    const TypeId cycle = symbols.array(program.intType, {2});
    symbols.types[cycle].target = cycle;
    EXPECT_FALSE(shown(cycle, 0x100).empty());
}

TEST_F(Values, EscapesNamesOfDebugInfo) {
    const TypeId evil = symbols.record("struct \xe2\x80\xae evil\n", 4,
                                       {FakeSymbols::member("a\x1b[31m", program.intType, 0)});
    EXPECT_EQ(shown(evil, 0x100), "{a\\x1b[31m = 0}");
    EXPECT_EQ(typeName(evil, symbols), "struct \\u{202e} evil\\n");
    EXPECT_EQ(describeType(evil, symbols),
              "struct \\u{202e} evil\n {  // 4 bytes\n    int a\\x1b[31m;  // 0\n}");
}

TEST_F(Values, EscapesStrings) {
    context.putText(0x3020, "\xe2\x80\xae\xff\xc3\xa4\x01");
    EXPECT_EQ(program.show("buffer"), "\"\\u{202e}\\xffä\\x01\"");
    EXPECT_EQ(program.show("buffer", 3), "\"\\u{\"…");
}

TEST_F(Values, ListsChildrenWithPathsThatEvaluate) {
    for (const char* root : {"items", "items[1]", "p", "items[2].fl", "items[0].dims", "items[1].dims[1]",
                             "items[1].n", "op", "*p", "&items[1]"}) {
        const SourceValue value = find(root);
        const uint64_t count = childCount(value, context);
        const auto all = children(value, context, 0, 100);
        EXPECT_EQ(all.size(), count) << root;
        for (const SourceValue& child : all) {
            auto again = evaluate(child.path, context);
            ASSERT_TRUE(again.ok()) << child.path << ": " << again.error().message;
            EXPECT_EQ(render(*again, context), render(child, context)) << child.path;
            EXPECT_EQ(typeName(*again, context), typeName(child, context)) << child.path;
        }
    }
}

TEST_F(Values, PointerToStructHasItsMembers) {
    const auto all = children(find("p"), context, 0, 100);
    ASSERT_EQ(all.size(), 7u);
    EXPECT_EQ(all[1].path, "p->name");
    EXPECT_EQ(children(find("items"), context, 1, 1).at(0).path, "items[1]");
    EXPECT_EQ(children(children(find("items"), context, 2, 1).at(0), context, 0, 1).at(0).path,
              "items[2].next");
    EXPECT_EQ(childLines(find("items[1].name")), std::vector<std::string>{"*items[1].name = 109 'm'"});
    EXPECT_EQ(childCount(find("items[0].next"), context), 0u);
    EXPECT_EQ(childCount(find("anything"), context), 0u);
}

TEST_F(Values, AnonymousMembersAreLookedThrough) {
    const TypeId inner = symbols.record(
        "", 4, {FakeSymbols::member("x", program.intType, 0), FakeSymbols::member("y", program.floatType, 0)},
        TypeKind::Union);
    const TypeId outer = symbols.record(
        "struct outer", 8, {FakeSymbols::member("k", program.intType, 0), FakeSymbols::member("", inner, 4)});
    symbols.globalList.push_back(variableAt("outer", outer, 0x400));
    context.put<int32_t>(0x404, 9);
    EXPECT_EQ(program.show("outer.x"), "9");
    const auto all = children(find("outer"), context, 0, 10);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[1].name, "{union}");
    EXPECT_EQ(program.show(all[1].path), program.show("outer.[1]"));
    EXPECT_EQ(program.show(all[1].path + ".x"), "9");
}

TEST_F(Values, BasesAreShownAndLookedThrough) {
    const TypeId base = symbols.record("store::Item", 4, {FakeSymbols::member("m_name", program.intType, 0)},
                                       TypeKind::Class);
    Member inherits = FakeSymbols::member("", base, 4);
    inherits.isBase = true;
    Member table = FakeSymbols::member("_vptr$Item", symbols.pointer(kNoType), 0);
    table.isArtificial = true;
    Member shared = FakeSymbols::member("s_count", program.intType, 0);
    shared.isStatic = true;
    const TypeId derived = symbols.record(
        "store::Perishable", 12, {inherits, table, shared, FakeSymbols::member("m_days", program.intType, 8)},
        TypeKind::Class);
    symbols.globalList.push_back(variableAt("cheese", derived, 0x400));
    context.put<int32_t>(0x404, 3);
    context.put<int32_t>(0x408, 4);
    EXPECT_EQ(program.show("cheese"), "{Item = {m_name = 3}, m_days = 4}");
    EXPECT_EQ(program.show("cheese.m_name"), "3");
    const auto all = children(find("cheese"), context, 0, 10);
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].name, "store::Item");
    EXPECT_EQ(program.show(all[0].path), "{m_name = 3}");
    EXPECT_EQ(describeType(derived, symbols),
              "class store::Perishable : store::Item {  // 12 bytes\n    void *_vptr$Item;  // 0\n    static "
              "int s_count;\n    int m_days;  // 8\n}");
}

TEST_F(Values, ReferencesAreTheirObject) {
    const TypeId reference = symbols.derived(TypeKind::Reference, program.itemType, "struct item &");
    symbols.globalList.push_back(variableAt("ref", reference, 0x400));
    context.put<uint32_t>(0x400, CProgram::kItems + 48);
    EXPECT_EQ(program.show("ref.weight"), "1.5");
    EXPECT_EQ(program.show("&ref"), "0x1030");
    EXPECT_EQ(childCount(find("ref"), context), 7u);
    context.put<uint32_t>(0x400, 0);
    EXPECT_EQ(program.show("ref"), "<unavailable: reference: null pointer>");
}

TEST_F(Values, AssignsMemory) {
    EXPECT_EQ(set("count", "7"), "7");
    EXPECT_EQ(context.get<int32_t>(0x3004), 7);
    EXPECT_EQ(set("total", "count * 2 + 1"), "15");
    EXPECT_EQ(set("items[1].color", "BLUE"), "BLUE");
    EXPECT_EQ(set("items[1].color", "5"), "GREEN");
    EXPECT_EQ(set("items[0].weight", "2.5"), "2.5");
    EXPECT_EQ(set("items[0].weight", "-inf"), "-inf");
    EXPECT_EQ(set("letter", "'\\n'"), "10 '\\n'");
    EXPECT_EQ(set("flag", "false"), "false");
    EXPECT_EQ(set("p", "&items[1]"), "0x1030");
    EXPECT_EQ(set("p->next", "0"), "0x0");
    EXPECT_EQ(set("count", "0xffffffff"), "-1");
    EXPECT_EQ(set("buffer", "\"hello\""), "\"hello\"");
    EXPECT_EQ(set("big", "-9223372036854775808"), "-9223372036854775808");
}

TEST_F(Values, AssignsBitFieldsAndLeavesTheirNeighbours) {
    EXPECT_EQ(set("items[2].fl.b", "-16"), "-16");
    EXPECT_EQ(program.show("items[2].fl"), "{a = 2, b = -16, c = 200}");
    EXPECT_EQ(set("items[2].fl.c", "511"), "511");
    EXPECT_EQ(set("items[2].fl.a", "7"), "7");
    EXPECT_EQ(program.show("items[2].fl"), "{a = 7, b = -16, c = 511}");
    EXPECT_EQ(set("items[2].fl.a", "8"), "8 does not fit in a bit field of 3 bits (0 to 7)");
    EXPECT_EQ(set("items[2].fl.b", "16"), "16 does not fit in a bit field of 5 bits (-16 to 15)");
}

TEST_F(Values, AssignsWasmPlaces) {
    EXPECT_EQ(set("$local0", "-1"), "-1");
    EXPECT_EQ(context.locals[0], engine::Value::i32(0xffffffff));
    EXPECT_EQ(set("$local0", "4294967295"), "-1");
    EXPECT_EQ(set("$local3", "0.5"), "0.5");
    EXPECT_EQ(set("$global0", "32"), "32");
    EXPECT_EQ(set("$local0", "4294967296"), "4294967296 does not fit in `i32` (-2147483648 to 2147483647)");
    EXPECT_NE(set("$stack0", "1").find("operand stack"), std::string::npos);
    EXPECT_EQ(set("$memory[5]", "255"), "255 '\\xff'");
    EXPECT_EQ(context.memory[5], 255);
}

TEST_F(Values, RefusesAssignmentsThatMakeNoSense) {
    EXPECT_EQ(set("letter", "300"), "300 does not fit in `char` (-128 to 127)");
    EXPECT_EQ(set("byte", "-1"), "-1 does not fit in `uint8_t` (0 to 255)");
    EXPECT_EQ(set("count", "1.5"), "1.5 is not a whole number");
    EXPECT_EQ(set("flag", "2"), "a bool is true, false, 1 or 0");
    EXPECT_EQ(set("items[0]", "1"),
              "a value of type `struct item` cannot be set as a whole: set its members one by one, as in "
              "items[0].next = …");
    EXPECT_EQ(set("items", "1"), "an array cannot be set as a whole: set its elements, as in items[0] = 1");
    EXPECT_EQ(set("count + 1", "1"),
              "it cannot be set: it is a computed value, not an object of the program");
    EXPECT_EQ(set("lost", "1"), "it cannot be set: optimised out here (known at 0x1f0-0x230)");
    EXPECT_EQ(set("op", "add"), "a function pointer is set by its number in the function table");
    EXPECT_EQ(set("items[0].name", "\"x\""),
              "a text has no address in the program's memory; set the characters themselves");
    EXPECT_EQ(set("buffer", "\"more than fits in there\""), "the text has 23 bytes, there is room for 15");
    EXPECT_EQ(set("ratio", "1e300"), "1e+300 does not fit in `float`");
    EXPECT_EQ(set("count", ""), "the new value is missing");
    EXPECT_EQ(set("count", "elsewhere"), "column 1: no variable `elsewhere` here");
}

TEST_F(Values, DescribesTypes) {
    EXPECT_EQ(describeType(program.itemPointer, symbols),
              "struct item {  // 48 bytes\n    struct item *next;  // 0\n    const char *name;  // 4\n    "
              "double weight;  // 8\n    enum color color;  // 16\n"
              "    union number n;  // 20\n    struct flags fl;  // 24\n    short dims[2][3];  // 28\n} *");
    EXPECT_EQ(describeType(program.flagsType, symbols),
              "struct flags {  // 4 bytes\n    unsigned int a : 3;  // 0, bit 0\n    int b : 5;  // 0, bit "
              "3\n    unsigned int c : 9;  // 1, bit 0\n}");
    EXPECT_EQ(describeType(program.colorType, symbols),
              "enum color {  // 4 bytes\n    RED = 1,\n    GREEN = 5,\n    BLUE = -3,\n}");
    EXPECT_EQ(describeType(program.opType, symbols), "int (*)(int, int)");
    EXPECT_EQ(describeType(program.intType, symbols), "int");
}

TEST_F(Values, SaysWhereItIs) {
    EXPECT_EQ(placeText(find("count")), "memory 0x3004");
    EXPECT_EQ(placeText(find("$local2")), "local 2");
    EXPECT_EQ(placeText(find("1")), "temporary");
    EXPECT_TRUE(isAssignable(find("count"), context));
    EXPECT_FALSE(isAssignable(find("items"), context));
    EXPECT_FALSE(isAssignable(find("count + 1"), context));
}

TEST_F(Values, SmallStructsLiveInLocals) {
    const TypeId pair = symbols.record(
        "struct pair", 8,
        {FakeSymbols::member("a", program.intType, 0), FakeSymbols::member("b", program.intType, 4)});
    Variable variable;
    variable.name = "pair";
    variable.type = pair;
    variable.locations = {{{0, ~uint32_t{0}}, {dwarf::DW_OP_WASM_location, 0, 1, dwarf::DW_OP_stack_value}}};
    symbols.globalList.push_back(variable);
    EXPECT_EQ(program.show("pair"), "{a = 0, b = 256}");
    EXPECT_EQ(set("pair.b", "-2"), "-2");
    EXPECT_EQ(context.locals[1], engine::Value::i64(0xfffffffe00000000));
    context.locals[1] = engine::Value::i32(3);
    EXPECT_EQ(program.show("pair"), "{a = 3, b = <unavailable: local 1 holds 4 bytes, the object has 8>}");
}

}  // namespace
}  // namespace debugger::test
