// What the symbol tests share: where sample files are, and opening one.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "debugger/symbols/symbols.h"

namespace symbol_tests {

/// Folder of the conformance suites; empty where they are absent (then tests skip, by name).
inline std::filesystem::path suites() {
    const char* set = std::getenv("WASISCOPE_SUITES");
    const std::filesystem::path path = set && *set ? set : WASISCOPE_SOURCE_DIR "/../shared/suites";
    return std::filesystem::is_directory(path) ? path : std::filesystem::path();
}

inline std::filesystem::path examples() { return WASISCOPE_SOURCE_DIR "/resources/examples"; }

inline std::shared_ptr<engine::Module> decode(const std::filesystem::path& path) {
    auto bytes = engine::readFile(path.string());
    EXPECT_TRUE(bytes.ok()) << path;
    if (!bytes.ok()) return nullptr;
    auto module = engine::decodeModule(bytes.value(), path.string());
    EXPECT_TRUE(module.ok()) << path << ": " << (module.ok() ? "" : module.error().text());
    return module.ok() ? module.value() : nullptr;
}

/// The program wscope-symbols of this build.
inline std::string childProgram() {
    std::error_code error;
    return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "wscope-symbols").string();
}

inline debugger::SymbolOptions options() {
    debugger::SymbolOptions result;
    result.childProgram = childProgram();
    return result;
}

inline std::unique_ptr<debugger::Symbols> open(const std::filesystem::path& path) {
    const auto module = decode(path);
    return module ? debugger::openSymbols(module, options()) : nullptr;
}

/// Address of the first place where a line's code begins; 0 and a failure if there is none.
inline uint32_t addressOf(const debugger::Symbols& symbols, const std::string& file, uint32_t line) {
    const auto files = symbols.findFiles(file);
    EXPECT_EQ(files.size(), 1u) << file;
    if (files.empty()) return 0;
    const auto place = symbols.resolveLine(files[0], line);
    EXPECT_TRUE(place.ok()) << (place.ok() ? "" : place.error().text());
    return place.ok() && !place->places.empty() ? place->places[0].address : 0;
}

}  // namespace symbol_tests

#define SKIP_WITHOUT_SUITES() \
    if (symbol_tests::suites().empty()) GTEST_SKIP() << "conformance suites not found (WASISCOPE_SUITES)"
