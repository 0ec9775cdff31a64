// The symbol child: libdwarf's DIE trees through the confined process against those of our own reader, and what happens when the child dies.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "debugger/symbols/child_client.h"
#include "tests/debugger/symbols_support.h"

namespace {

using namespace debugger;
using dwarf::AttributeValue;
using dwarf::ValueClass;

struct Opened {
    explicit Opened(const std::filesystem::path& path) : module(symbol_tests::decode(path)) {
        if (!module) return;
        sections = dwarf::gatherSections(*module, {});
        units = dwarf::readUnits(sections, module->fileName);
    }
    std::shared_ptr<engine::Module> module;
    dwarf::DebugSections sections;
    std::vector<dwarf::Unit> units;
};

/// The first difference between two tables, or "".
std::string difference(const dwarf::DieTable& a, const dwarf::DieTable& b) {
    if (a.dies().size() != b.dies().size())
        return std::to_string(a.dies().size()) + " and " + std::to_string(b.dies().size()) + " DIEs";
    for (uint32_t die = 0; die < a.dies().size(); ++die) {
        const auto& x = a.dies()[die];
        const auto& y = b.dies()[die];
        const std::string where = "DIE at " + std::to_string(x.offset) + ": ";
        if (x.offset != y.offset || x.tag != y.tag || x.parent != y.parent || x.end != y.end)
            return where + "place in the tree";
        if (x.attributeCount != y.attributeCount) return where + "number of attributes";
        for (uint32_t i = 0; i < x.attributeCount; ++i) {
            const auto left = a.attributes(die)[i], right = b.attributes(die)[i];
            const AttributeValue p = a.valueOf(left), q = b.valueOf(right);
            const std::string what = where + "attribute " + std::to_string(left.name) + " (classes " +
                                     std::to_string(static_cast<int>(p.cls)) + " and " +
                                     std::to_string(static_cast<int>(q.cls)) + ")";
            if (left.name != right.name || p.cls != q.cls) return what;
            if (p.cls == ValueClass::String) {
                if (std::string_view(p.string) != q.string) return what + p.string + " and " + q.string;
            } else if (p.cls == ValueClass::Block || p.cls == ValueClass::Expression) {
                if (!std::equal(p.block.begin(), p.block.end(), q.block.begin(), q.block.end())) return what;
            } else if (p.value != q.value) {
                return what + " values " + std::to_string(p.value) + " and " + std::to_string(q.value);
            }
        }
    }
    return "";
}

/// All units of a module: DIEs compared.
size_t compareAll(const std::filesystem::path& path) {
    Opened opened(path);
    dwarf::ChildClient child(opened.sections, symbol_tests::childProgram());
    size_t dies = 0;
    for (const dwarf::Unit& unit : opened.units) {
        if (!unit.isGood || unit.isSplit()) continue;
        auto theirs = child.dieTable(unit);
        auto ours = dwarf::readDieTable(unit);
        EXPECT_TRUE(theirs.ok()) << path << ": " << (theirs.ok() ? "" : theirs.error().text());
        EXPECT_TRUE(ours.ok()) << path << ": " << (ours.ok() ? "" : ours.error().text());
        if (!theirs.ok() || !ours.ok()) break;
        const std::string found = difference(**theirs, **ours);
        EXPECT_EQ(found, "") << path << " unit at " << unit.offset;
        if (!found.empty()) break;
        dies += (*ours)->dies().size();
    }
    return dies;
}

TEST(SymbolChild, AgreesWithOurReaderOnTheExamples) {
    for (const char* name : {"wordcount/wordcount.wasm", "inventory/inventory.wasm", "shapes/shapes.wasm",
                             "overrun/overrun.wasm"}) {
        EXPECT_GT(compareAll(symbol_tests::examples() / name), 1000u);
    }
}

TEST(SymbolChild, AgreesWithOurReaderOnRealModules) {
    SKIP_WITHOUT_SUITES();
    size_t dies = 0;
    for (const char* folder : {"samples", "debug/dwarf", "wasip1/with-dwarf"}) {
        for (const auto& file : std::filesystem::directory_iterator(symbol_tests::suites() / folder)) {
            const std::string name = file.path().filename().string();
            if (file.path().extension() == ".wasm" && name.find(".component.") == name.npos)
                dies += compareAll(file.path());
        }
    }
    RecordProperty("dies", std::to_string(dies));
    EXPECT_GT(dies, 300'000u);
}

TEST(SymbolChild, SaysWhenItIsMissing) {
    Opened opened(symbol_tests::examples() / "wordcount/wordcount.wasm");
    dwarf::ChildClient child(opened.sections, "/nowhere/wscope-symbols");
    const auto table = child.dieTable(opened.units[0]);
    ASSERT_FALSE(table.ok());
    EXPECT_EQ(table.error().code, engine::ErrorCode::Io);
    EXPECT_NE(table.error().message.find("/nowhere/wscope-symbols is missing"), std::string::npos);
    EXPECT_FALSE(child.isUsable());
}

/// A program instead of the child, to see what one that misbehaves does to us.
std::string script(const std::string& commands, const std::string& name) {
    const auto path = std::filesystem::path(testing::TempDir()) /
                      ("wscope_symbols_" + name + "_" + std::to_string(getpid()));
    std::ofstream(path) << "#!/bin/sh\n" << commands << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path.string();
}

std::unique_ptr<Symbols> withChild(const std::string& commands, const std::string& name) {
    SymbolOptions options;
    options.childProgram = script(commands, name);
    return openSymbols(symbol_tests::decode(symbol_tests::examples() / "wordcount/wordcount.wasm"), options);
}

TEST(SymbolChild, IsKilledWhenItDoesNotAnswer) {
    Opened opened(symbol_tests::examples() / "wordcount/wordcount.wasm");
    for (const char* commands : {"exec sleep 100", "exec cat <&3 >&3", "while :; do :; done"}) {
        dwarf::ChildClient child(opened.sections, script(commands, "hangs"), 100);
        for (int i = 0; i < 5; ++i) {
            const auto table = child.dieTable(opened.units[0]);
            ASSERT_FALSE(table.ok());
            EXPECT_EQ(child.isUsable(), i < 2) << "given up after three";
        }
    }
}

TEST(SymbolChild, MayDieWithoutTakingVariablesAlong) {
    for (const char* commands : {"exit 1", "kill -9 $$", "head -c 4096 /dev/zero >&3; sleep 5"}) {
        const auto symbols = withChild(commands, "dies");
        const uint32_t address = symbols->afterPrologue(symbols->findFunctions("main").at(0));
        const auto scopes = symbols->scopes(address, 0);
        ASSERT_TRUE(scopes.ok()) << scopes.error().text();
        EXPECT_FALSE(scopes->back().variables.empty());
        ASSERT_FALSE(symbols->summary().problems.empty()) << commands;
        EXPECT_NE(symbols->summary().problems[0].find("is unreadable in .debug_info for libdwarf"),
                  std::string::npos);
    }
}

size_t openDescriptors() {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;
}

TEST(SymbolChild, LeavesNoDescriptorsAndNoZombies) {
    const size_t before = openDescriptors();
    for (int i = 0; i < 5; ++i) {
        const auto symbols = symbol_tests::open(symbol_tests::examples() / "wordcount/wordcount.wasm");
        ASSERT_TRUE(symbols->scopes(symbols->afterPrologue(symbols->findFunctions("main").at(0)), 0).ok());
        EXPECT_TRUE(symbols->summary().problems.empty());
    }
    {
        const auto symbols = withChild("exit 1", "leaks");
        EXPECT_TRUE(symbols->scopes(symbols->afterPrologue(symbols->findFunctions("main").at(0)), 0).ok());
    }
    EXPECT_EQ(openDescriptors(), before);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

}  // namespace
