#include <gtest/gtest.h>

#include <random>

#include "wasi/unified_diff.h"

namespace wasi {
namespace {

std::string numbers(int from, int to) {
    std::string text;
    for (int i = from; i <= to; i++)
        text += std::to_string(i) + "\n";
    return text;
}

TEST(UnifiedDiff, IsWrittenAsDiffWritesIt) {
    EXPECT_EQ(unifiedDiff("a\n", "a\n"), "");
    EXPECT_EQ(unifiedDiff("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
    EXPECT_EQ(unifiedDiff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
    EXPECT_EQ(unifiedDiff("a\nb\nc\n", "a\nx\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
    EXPECT_EQ(unifiedDiff("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
    // Context of three lines; two hunks where more lies between.
    EXPECT_EQ(unifiedDiff(numbers(1, 20), numbers(1, 4) + numbers(6, 15) + "new\n" + numbers(16, 20)),
              "@@ -2,7 +2,6 @@\n 2\n 3\n 4\n-5\n 6\n 7\n 8\n@@ -13,6 +12,7 @@\n 13\n 14\n 15\n+new\n 16\n "
              "17\n 18\n");
    EXPECT_EQ(unifiedDiff(numbers(1, 8), "x\n" + numbers(2, 7) + "y\n"),
              "@@ -1,8 +1,8 @@\n-1\n+x\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+y\n");
}

/// What a hunk says, done: the way back to the new text. The marks of missing ends of lines are not in these texts.
std::string patched(const std::string& before, const std::string& diff) {
    std::vector<std::string> lines, out;
    const auto split = [](const std::string& text) {
        std::vector<std::string> all;
        for (size_t at = 0; at < text.size();) {
            const size_t end = text.find('\n', at) + 1;
            all.push_back(text.substr(at, end - at));
            at = end;
        }
        return all;
    };
    lines = split(before);
    size_t at = 0;
    for (const std::string& line : split(diff)) {
        if (line[0] == '@') {
            const size_t first = std::stoul(line.substr(4)), comma = line.find(',');
            const bool isEmpty = comma < line.find(' ', 4) && line[comma + 1] == '0';
            for (; at < first - (isEmpty ? 0 : 1); at++)
                out.push_back(lines[at]);
        } else if (line[0] == '+') {
            out.push_back(line.substr(1));
        } else {
            EXPECT_EQ(lines.at(at), line.substr(1));
            if (line[0] == ' ') out.push_back(lines[at]);
            at++;
        }
    }
    std::string all;
    for (; at < lines.size(); at++)
        out.push_back(lines[at]);
    for (const std::string& line : out)
        all += line;
    return all;
}

TEST(UnifiedDiff, LeadsFromTheOneTextToTheOther) {
    std::mt19937 random(3);
    for (int round = 0; round < 2000; round++) {
        std::string texts[2];
        for (std::string& text : texts)
            for (auto n = random() % 30; n > 0; n--)
                text += std::string(1, static_cast<char>('a' + random() % 4)) + "\n";
        EXPECT_EQ(patched(texts[0], unifiedDiff(texts[0], texts[1])), texts[1]) << texts[0] << "--\n"
                                                                                << texts[1];
    }
    // Nothing in common, and too much for the search.
    const std::string a = numbers(1, 50'000), b = numbers(60'000, 110'000);
    EXPECT_EQ(patched(a, unifiedDiff(a, b)), b);
}

TEST(UnifiedDiff, TextIsWhatCanBeShown) {
    EXPECT_TRUE(isPlainText("a\tb\r\n\xc3\xa4"));
    EXPECT_FALSE(isPlainText("\x1b[31m"));
    EXPECT_FALSE(isPlainText(std::string("a\0b", 3)));
    EXPECT_FALSE(isPlainText("\xff"));
    EXPECT_FALSE(isPlainText("\xc2\x9b[31m"));  // C1
    EXPECT_FALSE(
        isPlainText("a\xe2\x80\xae"
                    "b"));  // reverses what follows
    EXPECT_FALSE(isPlainText("shown\rhidden\n"));
}

}  // namespace
}  // namespace wasi
