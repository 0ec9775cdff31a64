// Which file is opened for a path in the debug info, and which never is.

#include "debugger/sources.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "debugger/md5.h"

namespace debugger {
namespace {

namespace fs = std::filesystem;

class Sources : public testing::Test {
protected:
    Sources() {
        std::string name = (fs::temp_directory_path() / "wscope-sources-XXXXXX").string();
        m_folder = mkdtemp(name.data());
        write("project/Makefile", "all:\n");
        write("project/src/main.c", "int main;\n");
        write("project/build/program.wasm", "");
        write("elsewhere/lib/other.c", "int other;\n");
        write("secret/key", "secret\n");
    }
    ~Sources() override { fs::remove_all(m_folder); }

    std::string at(const std::string& path) const { return (m_folder / path).string(); }
    void write(const std::string& path, const std::string& text) const {
        fs::create_directories((m_folder / path).parent_path());
        std::ofstream(m_folder / path) << text;
    }
    SourceFinder finder(std::vector<std::pair<std::string, std::string>> map = {},
                        std::vector<std::string> roots = {}) const {
        return SourceFinder(at("project/build/program.wasm"), map, roots);
    }
    fs::path m_folder;
};

TEST_F(Sources, OfTheProjectAreFoundAtOnce) {
    SourceFinder sources = finder();
    EXPECT_EQ(sources.resolve(at("project/src/main.c")), at("project/src/main.c"));
    EXPECT_EQ(sources.resolve("../src/main.c"), at("project/src/main.c"));
    // Compiled in another place: the end of the path decides.
    EXPECT_EQ(sources.resolve("/build/machine/project/src/main.c"), at("project/src/main.c"));
    EXPECT_EQ(sources.read("../src/main.c")->bytes, "int main;\n");
}

TEST_F(Sources, FollowThePathMapAndGrantedRoots) {
    EXPECT_EQ(finder().resolve("/original/lib/other.c"), "");
    EXPECT_EQ(finder({{"/original", at("elsewhere")}}).resolve("/original/lib/other.c"),
              at("elsewhere/lib/other.c"));
    EXPECT_EQ(finder({}, {at("elsewhere")}).resolve("/original/lib/other.c"), at("elsewhere/lib/other.c"));
}

TEST_F(Sources, OutsideGrantedFoldersAreNeverOpened) {
    fs::create_symlink(at("secret/key"), at("project/link.c"));
    fs::create_directory_symlink(at("secret"), at("project/folder"));
    SourceFinder sources = finder();
    for (const std::string& path :
         {std::string("/etc/passwd"), at("secret/key"), std::string("../../secret/key"),
          std::string("../link.c"), std::string("../folder/key"), std::string("/proc/self/environ"),
          std::string("/dev/zero"), std::string("")}) {
        EXPECT_EQ(sources.resolve(path), "") << path;
        EXPECT_FALSE(sources.read(path).ok()) << path;
    }
    EXPECT_EQ(finder({{"/p", "/proc"}}, {"/dev"}).resolve("/p/self/environ"), "");
}

TEST_F(Sources, AreRegularFilesOnly) {
    ASSERT_EQ(mkfifo(at("project/build/pipe.c").c_str(), 0600), 0);
    SourceFinder sources = finder();
    EXPECT_EQ(sources.resolve("pipe.c"), "");
    EXPECT_EQ(sources.resolve("."), "");
    EXPECT_EQ(sources.resolve(std::string("../src/main.c\0x", 15)), "");
    EXPECT_EQ(sources.resolve(std::string(100'000, 'a')), "");
}

TEST_F(Sources, SayWhatWasTried) {
    SourceFinder sources = finder();
    const auto missing = sources.read("/gone/away.c");
    ASSERT_FALSE(missing.ok());
    EXPECT_NE(missing.error().message.find("/gone/away.c"), std::string::npos);
    EXPECT_NE(missing.error().message.find(at("project/away.c")), std::string::npos)
        << missing.error().message;
    EXPECT_NE(missing.error().message.find("--map"), std::string::npos);
    write("project/away.c", "here now\n");
    EXPECT_EQ(sources.read("/gone/away.c")->bytes, "here now\n");
}

TEST_F(Sources, AreCutAtALimit) {
    std::ofstream(at("project/build/big.c")) << std::string(SourceFinder::kMaxBytes + 1, 'x');
    const auto text = finder().read("big.c");
    ASSERT_TRUE(text.ok());
    EXPECT_TRUE(text->isCut);
    EXPECT_EQ(text->bytes.size(), SourceFinder::kMaxBytes);
}

TEST(Utf8, IsMadeValid) {
    EXPECT_EQ(toUtf8("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    EXPECT_EQ(toUtf8("a\xff"
                     "b"),
              "a\xef\xbf\xbd"
              "b");
    EXPECT_EQ(toUtf8("\xc3"), "\xef\xbf\xbd");
    EXPECT_EQ(toUtf8("\xef\xbb\xbfx"), "x");
    EXPECT_EQ(toUtf8("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_F(Sources, OfPathsWithThousandsOfPartsAreLookedForInBoundedTime) {
    SourceFinder sources = finder({}, {at("elsewhere"), at("project")});
    std::string path;
    for (int i = 0; i < 2'000; i++)
        path += "/p";
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; i++)
        EXPECT_EQ(sources.resolve(path + std::to_string(i)), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
    EXPECT_EQ(sources.resolve(path.substr(0, 3'000) + "/src/main.c"), at("project/src/main.c"))
        << "its end is tried";
}

TEST_F(Sources, AreNotLookedForAnyMoreWhenStopped) {
    SourceFinder sources = finder();
    bool isStopped = true;
    int asked = 0;
    sources.stopIf([&] { return asked++, isStopped; });
    EXPECT_EQ(sources.resolve("../src/main.c"), "");
    EXPECT_EQ(asked, 1);
    isStopped = false;
    EXPECT_EQ(sources.resolve("../src/main.c"), at("project/src/main.c"))
        << "what was not looked for is not kept";
}

TEST(Md5, AgreesWithTheStandardsExamples) {
    const auto hex = [](std::string_view text) {
        std::string out;
        for (uint8_t byte : md5({reinterpret_cast<const uint8_t*>(text.data()), text.size()})) {
            char digits[3];
            snprintf(digits, sizeof digits, "%02x", byte);
            out += digits;
        }
        return out;
    };
    EXPECT_EQ(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
              "57edf4a22be3c955ac49da2e2107b67a");
}

}  // namespace
}  // namespace debugger
