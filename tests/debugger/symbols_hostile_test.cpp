// Debug info that nobody should trust: hostile files, random changes, every cut point. The answers may be empty; we stay alive, fast and small.
#include <sys/resource.h>

#include <chrono>
#include <random>

#include "tests/debugger/symbols_support.h"

namespace {

using namespace debugger;

/// Asks everything there is to ask, a bounded number of times.
void askEverything(Symbols& symbols, const engine::Module& module) {
    const SymbolSummary summary = symbols.summary();
    for (const std::string& problem : summary.problems)
        EXPECT_LT(problem.size(), 2000u);
    const auto functions = symbols.functions();
    for (size_t i = 0; i < functions.size() && i < 8; ++i) {
        const uint32_t address = symbols.afterPrologue(functions[i]);
        const auto frames = symbols.inlineFrames(address);
        for (uint32_t level = 0; level < frames.size() && level < 4; ++level) {
            const auto scopes = symbols.scopes(address, level);
            for (size_t s = 0; scopes.ok() && s < scopes->size(); ++s) {
                for (const Variable& v : (*scopes)[s].variables) {
                    const TypeInfo& type = symbols.type(v.type);
                    for (const Member& member : type.members)
                        (void)symbols.type(member.type);
                    (void)symbols.type(type.target);
                }
            }
        }
        (void)symbols.frameBase(address);
        (void)symbols.findFunctions(functions[i].name);
        (void)symbols.rowsIn(functions[i].range);
    }
    (void)symbols.rowAt(module.codeSection.begin + module.codeSection.size() / 2);
    for (FileId file = 0; file < symbols.files().size() && file < 4; ++file) {
        const auto lines = symbols.linesWithCode(file);
        for (const uint32_t line : {0u, 1u, 20u, ~0u})
            (void)symbols.resolveLine(file, line);
        if (!lines.empty()) {
            EXPECT_TRUE(symbols.resolveLine(file, lines[0]).ok());
        }
    }
    (void)symbols.globals(module.codeSection.begin);
    (void)symbols.findGlobal("main", 0);
    (void)symbols.findType("int", 0);
}

SymbolOptions withoutChild() {
    SymbolOptions options;
    options.childProgram = "/nowhere";  // a new process for each of thousands of modules tests nothing new
    return options;
}

uint64_t peakMemoryMib() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<uint64_t>(usage.ru_maxrss) / 1024;
}

TEST(SymbolsHostile, FilesThatKillLibdwarfAreReportedAndSurvived) {
    SKIP_WITHOUT_SUITES();
    for (const auto& file : std::filesystem::directory_iterator(symbol_tests::suites() / "hostile")) {
        SCOPED_TRACE(file.path());
        const auto begin = std::chrono::steady_clock::now();
        const uint64_t before = peakMemoryMib();
        const auto module = symbol_tests::decode(file.path());
        ASSERT_TRUE(module);
        const auto symbols = openSymbols(module, symbol_tests::options());
        askEverything(*symbols, *module);
        EXPECT_FALSE(symbols->summary().problems.empty());
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
        EXPECT_LT(peakMemoryMib() - before, 500u);
    }
}

/// A module of its own for each change: the same bytes with one custom section's contents changed.
class Changer {
public:
    explicit Changer(const std::filesystem::path& path) : m_original(symbol_tests::decode(path)) {
        for (const engine::Section& section : m_original->sections) {
            if (section.id == 0 && section.name.starts_with(".debug_") && section.payload.size())
                m_sections.push_back(section);
        }
    }
    const std::vector<engine::Section>& sections() const { return m_sections; }

    template <class Change>
    std::shared_ptr<engine::Module> changed(Change&& change) const {
        auto bytes = std::make_shared<std::vector<uint8_t>>(*m_original->bytes);
        auto module = std::make_shared<engine::Module>(*m_original);
        change(*bytes, *module);
        module->bytes = std::move(bytes);
        module->lazy = nullptr;
        auto fresh = engine::decodeModule(module->bytes, "changed.wasm");
        EXPECT_TRUE(fresh.ok());
        fresh.value()->sections = module->sections;  // the cut ones
        fresh.value()->fileName.clear();
        return fresh.value();
    }

private:
    std::shared_ptr<engine::Module> m_original;
    std::vector<engine::Section> m_sections;
};

TEST(SymbolsHostile, RandomChangesNeverCrashOrHang) {
    std::mt19937 random(7);
    constexpr int kPerFile = 450;
    constexpr uint8_t kNasty[] = {0x00, 0xff, 0x7f, 0x80, 0xfe, 0x01};
    for (const char* name :
         {"types-dw2", "types-dw4", "types-dw5", "types-cpp-O2-dw4", "types-cpp-tu-dw5", "lines-only"}) {
        const Changer changer(WASISCOPE_SOURCE_DIR "/tests/debugger/symbols_data/" + std::string(name) +
                              ".wasm");
        for (int i = 0; i < kPerFile; ++i) {
            const auto module = changer.changed([&](std::vector<uint8_t>& bytes, engine::Module&) {
                const int count = 1 + static_cast<int>(random() % 8);
                for (int n = 0; n < count; ++n) {
                    const auto& section = changer.sections()[random() % changer.sections().size()];
                    const uint32_t at =
                        section.payload.begin + static_cast<uint32_t>(random() % section.payload.size());
                    const uint32_t length = random() % 4 ? 1 : 4;
                    const uint8_t value =
                        random() % 2 ? kNasty[random() % sizeof kNasty] : static_cast<uint8_t>(random());
                    for (uint32_t b = at; b < at + length && b < section.payload.end; ++b)
                        bytes[b] = value;
                }
            });
            const auto begin = std::chrono::steady_clock::now();
            const auto symbols = openSymbols(module, withoutChild());
            askEverything(*symbols, *module);
            EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2))
                << name << " change " << i;
        }
    }
    EXPECT_LT(peakMemoryMib(), 1000u);
}

TEST(SymbolsHostile, SomeChangesAlsoWithTheChild) {
    std::mt19937 random(11);
    const Changer changer(WASISCOPE_SOURCE_DIR "/tests/debugger/symbols_data/types-dw5.wasm");
    for (int i = 0; i < 100; ++i) {
        const auto module = changer.changed([&](std::vector<uint8_t>& bytes, engine::Module&) {
            for (const engine::Section& section : changer.sections()) {
                if (section.name != ".debug_info" && section.name != ".debug_abbrev" &&
                    section.name != ".debug_str_offsets")
                    continue;
                bytes[section.payload.begin + random() % section.payload.size()] =
                    static_cast<uint8_t>(random());
            }
        });
        const auto symbols = openSymbols(module, symbol_tests::options());
        askEverything(*symbols, *module);
    }
}

TEST(SymbolsHostile, EveryCutPointOfEverySectionIsSurvived) {
    for (const char* name : {"types-dw4", "types-dw5", "types-cpp-O2-dw4"}) {
        const Changer changer(WASISCOPE_SOURCE_DIR "/tests/debugger/symbols_data/" + std::string(name) +
                              ".wasm");
        for (const engine::Section& section : changer.sections()) {
            for (uint32_t size = 0; size < section.payload.size(); ++size) {
                const auto module = changer.changed([&](std::vector<uint8_t>&, engine::Module& copy) {
                    for (engine::Section& s : copy.sections) {
                        if (s.payload == section.payload) s.payload.end = s.payload.begin + size;
                    }
                });
                const auto symbols = openSymbols(module, withoutChild());
                (void)symbols->summary();
                const auto functions = symbols->functions();
                if (size % 16 == 0) askEverything(*symbols, *module);
            }
        }
    }
}

TEST(SymbolsHostile, EmptyAndMissingSectionsAreSurvived) {
    const Changer changer(WASISCOPE_SOURCE_DIR "/tests/debugger/symbols_data/types-cpp-O2-dw4.wasm");
    const size_t count = changer.sections().size();
    for (uint32_t kept = 0; kept < 1u << count; ++kept) {
        const auto module = changer.changed([&](std::vector<uint8_t>&, engine::Module& copy) {
            std::erase_if(copy.sections, [&](const engine::Section& s) {
                for (size_t i = 0; i < count; ++i) {
                    if (s.payload == changer.sections()[i].payload) return !(kept >> i & 1);
                }
                return false;
            });
        });
        const auto symbols = openSymbols(module, withoutChild());
        askEverything(*symbols, *module);
    }
}

TEST(SymbolsHostile, RealModulesOpenWithoutProblems) {
    SKIP_WITHOUT_SUITES();
    for (const char* folder : {"samples", "debug/dwarf", "wasip1/with-dwarf"}) {
        for (const auto& file : std::filesystem::directory_iterator(symbol_tests::suites() / folder)) {
            const std::string name = file.path().filename().string();
            if (file.path().extension() != ".wasm" || name.find(".component.") != name.npos) continue;
            SCOPED_TRACE(name);
            const auto module = symbol_tests::decode(file.path());
            ASSERT_TRUE(module);
            const auto symbols = openSymbols(module, symbol_tests::options());
            askEverything(*symbols, *module);
            if (name == "hello.debug.wasm") continue;  // it has no code that its functions could be in
            EXPECT_EQ(symbols->summary().problems, std::vector<std::string>());
        }
    }
}

}  // namespace
