// Variables, scopes and types of small programs that hold each kind once (symbols_data/, built by its build.sh), in DWARF 2 to 5.
#include <algorithm>

#include "tests/debugger/symbols_support.h"

namespace {

using namespace debugger;

class Program {
public:
    explicit Program(const std::string& name)
        : m_symbols(
              symbol_tests::open(WASISCOPE_SOURCE_DIR "/tests/debugger/symbols_data/" + name + ".wasm")) {}
    Symbols* operator->() const { return m_symbols.get(); }
    FunctionSymbol function(const std::string& name) const {
        const auto found = m_symbols->findFunctions(name);
        EXPECT_EQ(found.size(), 1u) << name;
        return found.empty() ? FunctionSymbol() : found[0];
    }
    Variable global(const std::string& name) const {
        const auto found = m_symbols->findGlobal(name, 0);
        EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().text());
        return found.ok() ? found.value() : Variable();
    }
    const TypeInfo& typeOf(const std::string& global) const {
        return m_symbols->type(this->global(global).type);
    }
    const TypeInfo& named(const std::string& name) const {
        const auto found = m_symbols->findType(name, 0);
        EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().text());
        return m_symbols->type(found.valueOr(kNoType));
    }
    std::string nameOf(TypeId type) const { return m_symbols->type(type).name; }
    Member member(const TypeInfo& type, const std::string& name) const {
        for (const Member& member : type.members) {
            if (member.name == name) return member;
        }
        ADD_FAILURE() << "no member " << name << " in " << type.name;
        return {};
    }

private:
    std::unique_ptr<Symbols> m_symbols;
};

class SymbolTypes : public testing::TestWithParam<const char*> {};

TEST_P(SymbolTypes, HaveNamesAndSizesAsC) {
    const Program program(GetParam());
    EXPECT_EQ(program.typeOf("first").name, "struct node");
    EXPECT_EQ(program.typeOf("limit").name, "const int");
    EXPECT_EQ(program.typeOf("table").name, "int (*[4])(int)");
    EXPECT_EQ(program.typeOf("table").byteSize, 16u);
    EXPECT_EQ(program.typeOf("words").name, "char *const *volatile");
    EXPECT_EQ(program.typeOf("matrix").name, "int (*)[5]");
    EXPECT_EQ(program.typeOf("wide").byteSize, 16u);
    EXPECT_EQ(program.typeOf("wide").encoding, BaseEncoding::Float);
    EXPECT_EQ(program.typeOf("anything").name, "void *");
    EXPECT_EQ(program.typeOf("anything").target, kNoType);
}

TEST_P(SymbolTypes, DescribeMembers) {
    const Program program(GetParam());
    const TypeInfo& node = program.typeOf("first");
    EXPECT_EQ(node.kind, TypeKind::Struct);
    EXPECT_EQ(node.byteSize, 56u);
    EXPECT_EQ(program.nameOf(program.member(node, "next").type), "struct node *");
    EXPECT_EQ(program->type(program->type(program.member(node, "next").type).target).name, "struct node");
    EXPECT_EQ(program.nameOf(program.member(node, "name").type), "const char *");
    EXPECT_EQ(program.nameOf(program.member(node, "").type), "union {…}");
    EXPECT_EQ(program.nameOf(program.member(node, "point").type), "struct {…}");
    const TypeInfo& grid = program->type(program.member(node, "grid").type);
    EXPECT_EQ(grid.name, "int16[2][3]");
    EXPECT_EQ(grid.dimensions, (std::vector<uint64_t>{2, 3}));
    EXPECT_EQ(grid.byteSize, 12u);
    EXPECT_EQ(program->type(grid.target).kind, TypeKind::Typedef);
    EXPECT_EQ(program->type(grid.target).byteSize, 2u);
    EXPECT_EQ(program.nameOf(program.member(node, "compare").type), "int (*)(const struct node *, void *)");
    EXPECT_EQ(program.nameOf(program.member(node, "v").type), "volatile int");
    EXPECT_EQ(program->type(program.member(node, "flexible").type).dimensions, std::vector<uint64_t>{0});
    const TypeInfo& hidden = program->type(program->type(program.member(node, "hidden").type).target);
    EXPECT_EQ(hidden.name, "struct hidden");
    EXPECT_TRUE(hidden.isDeclaration);
}

TEST_P(SymbolTypes, DescribeBitFieldsFromTheLeastSignificantBit) {
    const Program program(GetParam());
    const TypeInfo& bits = program.typeOf("bits");
    const auto place = [&](const char* name) {
        const Member m = program.member(bits, name);
        return std::pair(m.bitSize, m.offset * 8 + m.bitOffset);
    };
    EXPECT_EQ(place("a"), std::pair(3u, uint64_t{0}));
    EXPECT_EQ(place("b"), std::pair(7u, uint64_t{3}));
    EXPECT_EQ(place("c"), std::pair(40u, uint64_t{10}));
    EXPECT_EQ(place("d"), std::pair(0u, uint64_t{56}));
    EXPECT_EQ(place("e"), std::pair(4u, uint64_t{64}));
    EXPECT_EQ(place("f"), std::pair(4u, uint64_t{68}));
}

TEST_P(SymbolTypes, DescribeEnumsAndUnions) {
    const Program program(GetParam());
    const TypeInfo& colour = program.typeOf("colour");
    EXPECT_EQ(colour.kind, TypeKind::Enum);
    ASSERT_EQ(colour.enumerators.size(), 3u);
    EXPECT_EQ(colour.enumerators[1].name, "GREEN");
    EXPECT_EQ(colour.enumerators[1].value, 5);
    EXPECT_EQ(colour.enumerators[2].value, -1);
    const TypeInfo& number = program.typeOf("number");
    EXPECT_EQ(number.kind, TypeKind::Union);
    EXPECT_EQ(program.member(number, "f").offset, 0u);
}

TEST_P(SymbolTypes, AreFoundAsWrittenInSource) {
    const Program program(GetParam());
    for (const char* name : {"struct node", "node", "enum colour", "union number", "int16", "int",
                             "unsigned int", "unsigned", "char"}) {
        EXPECT_TRUE(program->findType(name, 0).ok()) << name;
    }
    EXPECT_EQ(program.named("struct node *").name, "struct node *");
    EXPECT_EQ(program.named("const char **").name, "char **");
    EXPECT_EQ(program.named("int[3]").byteSize, 12u);
    EXPECT_EQ(program.named("void*").target, kNoType);
    EXPECT_FALSE(program->findType("union node", 0).ok());
    EXPECT_FALSE(program->findType("struct nothing", 0).ok());
    EXPECT_EQ(program->findType("nothing", 0).error().code, engine::ErrorCode::NotFound);
}

TEST_P(SymbolTypes, ScopesHoldTheVariablesOfTheirBlocks) {
    const Program program(GetParam());
    const auto names = [](const Scope& scope) {
        std::vector<std::string> all;
        for (const Variable& v : scope.variables)
            all.push_back(v.name);
        return all;
    };
    const auto inner =
        program->scopes(symbol_tests::addressOf(*program.operator->(), "types.c", 49), 0);  // if (inner > 10)
    ASSERT_TRUE(inner.ok()) << inner.error().text();
    ASSERT_EQ(inner->size(), 2u);
    EXPECT_EQ(names((*inner)[0]), std::vector<std::string>{"inner"});
    EXPECT_EQ((*inner)[0].name, "");
    EXPECT_EQ(names((*inner)[1]), (std::vector<std::string>{"depth", "text", "local"}));
    EXPECT_EQ((*inner)[1].name, "helper");
    const Variable& depth = (*inner)[1].variables[0];
    EXPECT_TRUE(depth.isParameter);
    EXPECT_EQ(depth.declaration.line, 45u);
    ASSERT_EQ(depth.locations.size(), 1u);
    EXPECT_EQ(depth.locations[0].expression[0], 0x91);  // DW_OP_fbreg
    const auto base = program->frameBase(program.function("helper").range.begin);
    ASSERT_TRUE(base.ok());
    ASSERT_EQ(base->size(), 1u);
    EXPECT_EQ((*base)[0].expression[0], 0xed);  // DW_OP_WASM_location
    const auto loop = program->scopes(symbol_tests::addressOf(*program.operator->(), "types.c", 53),
                                      0);  // local += text[i]
    ASSERT_TRUE(loop.ok());
    EXPECT_EQ(names(loop->front()), std::vector<std::string>{"i"});
    EXPECT_FALSE(program->scopes(0, 0).ok());
    EXPECT_FALSE(program->scopes(program.function("helper").range.begin, 7).ok());
}

TEST_P(SymbolTypes, LinesResolveToTheNextCodeOfTheSameFunction) {
    const Program program(GetParam());
    const auto files = program->findFiles("types.c");
    ASSERT_EQ(files.size(), 1u);
    const auto resolve = [&](uint32_t line) { return program->resolveLine(files[0], line); };
    const FunctionSymbol helper = program.function("helper");
    ASSERT_TRUE(resolve(45).ok());
    ASSERT_EQ(resolve(45)->places.size(), 1u);
    EXPECT_EQ(resolve(45)->places[0].address, program->afterPrologue(helper)) << "behind the prologue";
    ASSERT_TRUE(resolve(55).ok()) << "an empty line inside helper";
    EXPECT_EQ(resolve(55)->line, 56u);
    EXPECT_EQ(resolve(52)->places.size(), 1u) << "a loop line has one place";
    ASSERT_FALSE(resolve(58).ok()) << "a comment between functions";
    EXPECT_EQ(resolve(58).error().code, engine::ErrorCode::NotFound);
    EXPECT_EQ(resolve(58).error().message, "no code at line 58; nearest 57");
    EXPECT_EQ(resolve(2).error().message, "no code at line 2; nearest 45");
    EXPECT_EQ(resolve(900).error().message, "no code at line 900; nearest 65");
    EXPECT_FALSE(program->resolveLine(77, 1).ok());
    const auto lines = program->linesWithCode(files[0]);
    EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end()));
    EXPECT_TRUE(std::binary_search(lines.begin(), lines.end(), 56u));
    EXPECT_FALSE(std::binary_search(lines.begin(), lines.end(), 55u));
}

INSTANTIATE_TEST_SUITE_P(Dwarf, SymbolTypes,
                         testing::Values("types-dw2", "types-dw3", "types-dw4", "types-dw5"),
                         [](const auto& info) { return std::string(info.param).substr(6); });

class SymbolTypesCpp : public testing::TestWithParam<const char*> {};

TEST_P(SymbolTypesCpp, HaveClassesWithBasesAndStatics) {
    const Program program(GetParam());
    const TypeInfo& circle = program.named("shapes::Circle");
    EXPECT_EQ(circle.name, "shapes::Circle");
    EXPECT_EQ(circle.kind, TypeKind::Class);
    EXPECT_EQ(circle.byteSize, 24u);
    ASSERT_GE(circle.members.size(), 5u);
    EXPECT_TRUE(circle.members[0].isBase);
    EXPECT_EQ(circle.members[0].name, "shapes::v1::Base");
    EXPECT_TRUE(circle.members[1].isBase);
    EXPECT_EQ(circle.members[1].offset, 8u);
    EXPECT_TRUE(program.member(circle, "count").isStatic);
    EXPECT_EQ(program.nameOf(program.member(circle, "colour").type), "shapes::Circle::Colour");
    EXPECT_EQ(program.nameOf(program.member(circle, "reference").type), "int &");
    EXPECT_EQ(program.nameOf(program.member(circle, "member").type), "int shapes::Circle::*");
    EXPECT_EQ(program->type(program.member(circle, "colour").type).enumerators[1].value, 200);
    const TypeInfo& box = program.typeOf("box");
    EXPECT_EQ(box.name, "shapes::Box<int, 3>");
    ASSERT_EQ(box.templateArguments.size(), 2u);
    EXPECT_EQ(program.nameOf(box.templateArguments[0].second), "int");
    EXPECT_EQ(box.templateArguments[1].first, "N = 3");
    EXPECT_EQ(program.typeOf("expiring").name, "int &&");
    EXPECT_EQ(program.typeOf("nothing").kind, TypeKind::Unspecified);
    const TypeInfo& diamond = program.typeOf("diamond");
    const auto base = std::find_if(diamond.members.begin(), diamond.members.end(),
                                   [](const Member& m) { return m.isBase; });
    ASSERT_NE(base, diamond.members.end());
    EXPECT_NE(base->virtualBase, 0u);
}

TEST_P(SymbolTypesCpp, NamesAreQualified) {
    const Program program(GetParam());
    const Variable secret = program.global("secret");
    EXPECT_EQ(secret.name, "shapes::(anonymous namespace)::secret");
    EXPECT_EQ(program->findGlobal("shapes::(anonymous namespace)::secret", 0)->name, secret.name);
    if (std::string(GetParam()).find("O2") != std::string::npos) return;
    EXPECT_EQ(program.function("area").qualifiedName, "shapes::Circle::area");
    EXPECT_EQ(program.function("shapes::Circle::area").linkageName, "_ZN6shapes6Circle4areaEi");
    EXPECT_EQ(program.function("_ZN6shapes6Circle4areaEi").declaration.line, 29u);
    EXPECT_EQ(program.global("shapes::Circle::count").locations.size(), 1u);
    EXPECT_TRUE(program.global("kSides").constant || !program.global("kSides").locations.empty());
}

TEST_P(SymbolTypesCpp, InlinedCallsNestAndKeepTheirVariables) {
    const Program program(GetParam());
    // A copy of add() inside addTwice() inside run(), wherever the compiler put its code.
    const FunctionSymbol run = program.function("run");
    for (uint32_t address = run.range.begin; address < run.range.end; ++address) {
        const auto frames = program->inlineFrames(address);
        ASSERT_FALSE(frames.empty());
        if (frames.size() < 3) continue;
        EXPECT_EQ(frames[0].name, "add");
        EXPECT_EQ(frames[1].name, "addTwice");
        EXPECT_EQ(frames[2].name, "run");
        EXPECT_TRUE(frames[1].isInlined);
        EXPECT_FALSE(frames[2].isInlined);
        EXPECT_EQ(frames[1].place.line, 50u);
        EXPECT_EQ(frames[2].place.line, 56u);
        const auto inner = program->scopes(address, 0), outer = program->scopes(address, 2);
        ASSERT_TRUE(inner.ok() && outer.ok());
        ASSERT_EQ(inner->back().variables.size(), 3u);
        EXPECT_EQ(inner->back().variables[0].name, "a");
        EXPECT_EQ(inner->back().variables[2].name, "sum");
        EXPECT_EQ(inner->back().name, "add");
        EXPECT_EQ(outer->back().variables[0].name, "value");
        return;
    }
    EXPECT_NE(std::string(GetParam()).find("O2"), std::string::npos) << "no inlined call found";
}

INSTANTIATE_TEST_SUITE_P(Dwarf, SymbolTypesCpp,
                         testing::Values("types-cpp-dw5", "types-cpp-tu-dw5", "types-cpp-O2-dw4"),
                         [](const auto& info) {
                             std::string name = std::string(info.param).substr(10);
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

TEST(SymbolTypesRust, EnumsHaveCasesChosenByTheirDiscriminant) {
    const auto symbols = symbol_tests::open(symbol_tests::examples() / "shapes/shapes.wasm");
    const auto shape = symbols->findType("shapes::Shape", 0);
    ASSERT_TRUE(shape.ok()) << shape.error().text();
    const TypeInfo& info = symbols->type(*shape);
    EXPECT_EQ(info.kind, TypeKind::Variant);
    ASSERT_TRUE(info.discriminant);
    ASSERT_GE(info.cases.size(), 2u);
    size_t chosen = 0;
    for (const VariantCase& one : info.cases) {
        ASSERT_EQ(one.members.size(), 1u);
        EXPECT_FALSE(one.members[0].name.empty());
        chosen += one.values.size();
    }
    EXPECT_GE(chosen + 1, info.cases.size());
    EXPECT_TRUE(symbols->findType("&str", 0).ok());
    EXPECT_EQ(info.language, "Rust");
}

TEST(SymbolsWithoutDwarf, AnswerFromTheNameSection) {
    SKIP_WITHOUT_SUITES();
    const auto symbols = symbol_tests::open(symbol_tests::suites() / "samples/go123.wasm");
    EXPECT_EQ(symbols->summary().format, "none");
    EXPECT_FALSE(symbols->summary().hasLines);
    const auto main = symbols->findFunctions("main.main");
    ASSERT_EQ(main.size(), 1u);
    EXPECT_GT(symbols->afterPrologue(main[0]), main[0].range.begin);
    EXPECT_EQ(symbols->functionAt(main[0].range.begin + 5)->name, "main.main");
    EXPECT_TRUE(symbols->inlineFrames(main[0].range.begin + 5).empty());
    EXPECT_FALSE(symbols->scopes(main[0].range.begin + 5, 0).ok());
}

TEST(SymbolsInOtherFiles, AreFoundBesideTheModuleOrWhereAsked) {
    SKIP_WITHOUT_SUITES();
    const auto samples = symbol_tests::suites() / "samples";
    const auto whole = symbol_tests::open(samples / "hello.wasm");
    SymbolOptions options = symbol_tests::options();
    options.externalFile = (samples / "hello.debug.wasm").string();
    const auto stripped = openSymbols(symbol_tests::decode(samples / "hello-stripped.wasm"), options);
    EXPECT_TRUE(stripped->summary().problems.empty());
    EXPECT_EQ(stripped->summary().functions, whole->summary().functions);
    EXPECT_EQ(stripped->summary().lineRows, whole->summary().lineRows);
    options.externalFile = "/nowhere/x.wasm";
    EXPECT_FALSE(openSymbols(symbol_tests::decode(samples / "hello-stripped.wasm"), options)
                     ->summary()
                     .problems.empty());
}

TEST(SymbolsInOtherFiles, SplitUnitsComeFromThePackage) {
    SKIP_WITHOUT_SUITES();
    const auto symbols = symbol_tests::open(symbol_tests::suites() / "samples/hello-split.wasm");
    EXPECT_TRUE(symbols->summary().problems.empty());
    const auto main = symbols->findFunctions("main");
    ASSERT_FALSE(main.empty());
    const auto scopes = symbols->scopes(symbols->afterPrologue(main[0]), 0);
    ASSERT_TRUE(scopes.ok()) << scopes.error().text();
    ASSERT_FALSE(scopes->back().variables.empty());
    for (const Variable& v : scopes->back().variables) {
        EXPECT_FALSE(v.name.empty());
        EXPECT_NE(symbols->type(v.type).name, "void");
    }
}

}  // namespace
