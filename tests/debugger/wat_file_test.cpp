#include "debugger/wat_file.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace debugger {
namespace {

namespace fs = std::filesystem;
using engine::ErrorCode;

class WatFileTest : public testing::Test {
protected:
    WatFileTest() {
        std::string name = (fs::temp_directory_path() / "wasiscope-tests-XXXXXX").string();
        m_folder = mkdtemp(name.data());
        setenv("TMPDIR", (m_folder / "tmp").c_str(), 1);
        fs::create_directory(m_folder / "tmp");
    }
    ~WatFileTest() override {
        unsetenv("TMPDIR");
        fs::remove_all(m_folder);
    }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(m_folder / name, std::ios::binary) << text;
        return (m_folder / name).string();
    }
    engine::Error errorOf(const std::string& text) const {
        const auto bytes = readProgram(write("program.wat", text));
        EXPECT_FALSE(bytes.ok());
        return bytes.ok() ? engine::Error{} : bytes.error();
    }

    fs::path m_folder;
};

TEST_F(WatFileTest, TextIsAssembledAndNothingIsLeftBehind) {
    for (const char* name : {"program.wat", "program.txt"}) {
        const auto bytes = readProgram(write(name, "(module (func $main (export \"_start\")))"));
        ASSERT_TRUE(bytes.ok()) << bytes.error().text();
        const std::string binary((*bytes)->begin(), (*bytes)->end());
        EXPECT_TRUE(binary.starts_with(std::string("\0asm", 4)));
        EXPECT_NE(binary.find("main"), std::string::npos) << "names are kept";
    }
    EXPECT_TRUE(fs::is_empty(m_folder / "tmp"));
}

TEST_F(WatFileTest, BinariesAreReadAsTheyAreWhateverTheirName) {
    const std::string binary("\0asm\1\0\0\0", 8);
    const auto bytes = readProgram(write("binary.wat", binary));
    ASSERT_TRUE(bytes.ok());
    EXPECT_EQ(std::string((*bytes)->begin(), (*bytes)->end()), binary);
    EXPECT_TRUE(readProgram(write("other.wasm", "hello")).ok()) << "what it is not is the decoder's to say";
}

TEST_F(WatFileTest, ErrorsSayLineAndColumnAndShowThePlace) {
    const engine::Error error = errorOf("(module\n  (func i32.ad))\n");
    EXPECT_EQ(error.code, ErrorCode::Malformed);
    EXPECT_EQ(error.message,
              "line 2, column 9: unexpected token i32.ad, expected ).\n  (func i32.ad))\n        ^^^^^^");
    EXPECT_TRUE(error.where.file.ends_with("/program.wat"));
    EXPECT_TRUE(fs::is_empty(m_folder / "tmp"));
}

TEST_F(WatFileTest, WhatIsBeyondTheAssemblerIsNamed) {
    const engine::Error error = errorOf("(module ;; array.new\n (func (drop (struct.new 0 \"exnref\"))))");
    EXPECT_EQ(error.code, ErrorCode::Unsupported);
    EXPECT_NE(error.message.find("The text uses \"struct.new\""), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("wasm-tools parse"), std::string::npos);
    EXPECT_EQ(errorOf("(module (; exnref ;) (func $exnref foo))").code, ErrorCode::Malformed);
    EXPECT_EQ(errorOf("(module (type (func (param exnref))))").code, ErrorCode::Unsupported);
}

TEST_F(WatFileTest, HostileTextsEndInAnError) {
    std::string deep = "(module (func ";
    for (int i = 0; i < 300'000; i++)
        deep += "(block ";
    EXPECT_EQ(errorOf(deep).code, ErrorCode::Limit);
    EXPECT_EQ(errorOf(std::string((size_t{32} << 20) + 1, ' ')).code, ErrorCode::Limit);
    EXPECT_EQ(errorOf("").code, ErrorCode::Malformed);
    EXPECT_EQ(errorOf("(module (func \"\\").code, ErrorCode::Malformed);
    EXPECT_FALSE(errorOf(std::string("(module \0\xff", 10)).message.empty());
    EXPECT_TRUE(fs::is_empty(m_folder / "tmp"));
}

TEST_F(WatFileTest, SaysWhichPackageHasTheAssembler) {
    const std::string path = std::getenv("PATH");
    setenv("PATH", m_folder.c_str(), 1);
    const engine::Error error = errorOf("(module)");
    setenv("PATH", path.c_str(), 1);
    EXPECT_EQ(error.code, ErrorCode::Io);
    EXPECT_NE(error.message.find("install the package wabt"), std::string::npos);
}

TEST_F(WatFileTest, AnAssemblerThatHangsIsStopped) {
    const std::string program = write("wat2wasm", "#!/bin/sh\nwhile :; do :; done\n"),
                      path = std::getenv("PATH");
    fs::permissions(program, fs::perms::owner_all);
    setenv("PATH", m_folder.c_str(), 1);
    const auto bytes = readProgram(write("program.wat", "(module)"), 1);
    setenv("PATH", path.c_str(), 1);
    ASSERT_FALSE(bytes.ok());
    EXPECT_EQ(bytes.error().code, ErrorCode::Limit);
    EXPECT_NE(bytes.error().message.find("more than 1 seconds"), std::string::npos) << bytes.error().message;
    EXPECT_TRUE(fs::is_empty(m_folder / "tmp"));
}

}  // namespace
}  // namespace debugger
