// Agreement with llvm-symbolizer: function, file, line, column and inlined calls of every sampled address.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "debugger/symbols/lines.h"
#include "tests/debugger/symbols_support.h"

namespace {

class SymbolsGolden : public testing::TestWithParam<const char*> {};

TEST_P(SymbolsGolden, AgreesWithLlvmSymbolizer) {
    SKIP_WITHOUT_SUITES();
    const std::string name = GetParam();
    std::ifstream file(symbol_tests::suites() / "debug/golden" / (name + ".sym.json"));
    const auto golden = nlohmann::json::parse(file);
    const auto path = symbol_tests::suites() / "debug/dwarf" / (name + ".wasm");
    const auto module = symbol_tests::decode(path);
    const auto symbols = symbol_tests::open(path);
    ASSERT_TRUE(symbols);
    const uint32_t base = golden["code_section_offset"];
    EXPECT_EQ(base, module->codeSection.begin);
    size_t checked = 0;
    for (const auto& sample : golden["samples"]) {
        const uint32_t address = base + sample[0].get<uint32_t>();
        SCOPED_TRACE(name + " address " + std::to_string(sample[0].get<uint32_t>()));
        const auto frames = symbols->inlineFrames(address);
        ASSERT_EQ(frames.size(), sample[1].size());
        for (size_t level = 0; level < frames.size(); ++level) {
            const auto& want = sample[1][level];
            const auto& place = frames[level].place;
            ASSERT_LT(place.file, symbols->files().size());
            EXPECT_EQ(symbols->files()[place.file].path,
                      debugger::dwarf::joinPath("", want[1].get<std::string>()));
            EXPECT_EQ(place.line, want[2].get<uint32_t>());
            EXPECT_EQ(place.column, want[3].get<uint32_t>());
            EXPECT_EQ(frames[level].isInlined, level + 1 < frames.size());
            if (level + 1 < frames.size()) {
                EXPECT_EQ(frames[level].name, want[0].get<std::string>());
            }
        }
        // The symbolizer takes the outermost name from a symbol table that it misreads for linked Wasm files (".rodata" is one of its
        // answers), so the name section is the truth here.
        const auto function = symbols->functionAt(address);
        ASSERT_TRUE(function);
        const std::string wasmName = module->functionName(*module->functionAt(address));
        EXPECT_TRUE(wasmName == function->name || wasmName == function->linkageName)
            << wasmName << " is not " << function->name;
        EXPECT_EQ(frames.back().name, function->qualifiedName);
        ++checked;
    }
    EXPECT_EQ(checked, golden["samples"].size());
    EXPECT_TRUE(symbols->summary().problems.empty());
}

INSTANTIATE_TEST_SUITE_P(Programs, SymbolsGolden,
                         testing::Values("prog1-c14-O0", "prog1-c14-O2", "prog1-c22-O0", "prog1-c22-O2",
                                         "crash-c14-O0", "crash-c14-O2"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

}  // namespace
