#include "wasi/unified_diff.h"

#include "engine/base/printable.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "wasi/abi.h"

namespace wasi {

namespace {

using Lines = std::vector<std::string_view>;

constexpr size_t kContext = 3;
constexpr int kMostEdits = 1000;  // the search takes their square in memory

/// With its "\n", which the last one may lack.
Lines linesOf(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const size_t length = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return lines;
}

/// What became of a line: ' ' it stayed, '-' it went, '+' it came.
using Script = std::string;

/// A shortest script (Myers, "An O(ND) difference algorithm"); nothing if it has more than kMostEdits.
Script shortestScript(std::span<const std::string_view> a, std::span<const std::string_view> b) {
    const auto sizeA = static_cast<int>(a.size()), sizeB = static_cast<int>(b.size());
    const int most = std::min(sizeA + sizeB, kMostEdits);
    // reach[k + most]: how far into `a` the best path on diagonal k has come; a copy of it for each number of edits.
    std::vector<int> reach(2 * static_cast<size_t>(most) + 2, 0);
    std::vector<std::vector<int>> history;
    const auto at = [&](std::vector<int>& of, int k) -> int& { return of[static_cast<size_t>(k + most)]; };
    const auto comesDown = [&](std::vector<int>& of, int k, int edits) {
        return k == -edits || (k != edits && at(of, k - 1) < at(of, k + 1));
    };
    int edits = 0;
    for (bool isDone = false; !isDone; edits++) {
        history.push_back(reach);
        for (int k = -edits; k <= edits && !isDone; k += 2) {
            int x = edits == 0 ? 0 : comesDown(reach, k, edits) ? at(reach, k + 1) : at(reach, k - 1) + 1;
            while (x < sizeA && x - k < sizeB && a[static_cast<size_t>(x)] == b[static_cast<size_t>(x - k)])
                x++;
            at(reach, k) = x;
            isDone = x >= sizeA && x - k >= sizeB;
        }
        if (edits == most && !isDone) return {};
    }
    Script script;
    int x = sizeA, y = sizeB;
    for (int d = edits - 1; d > 0; d--) {
        auto& before = history[static_cast<size_t>(d)];
        const bool isDown = comesDown(before, x - y, d);
        const int from = isDown ? x - y + 1 : x - y - 1;
        const int fromX = at(before, from), fromY = fromX - from;
        for (const int start = isDown ? fromX : fromX + 1; x > start; x--, y--)
            script += ' ';
        script += isDown ? '+' : '-';
        x = fromX, y = fromY;
    }
    script.append(static_cast<size_t>(x), ' ');
    std::reverse(script.begin(), script.end());
    return script;
}

Script scriptOf(const Lines& a, const Lines& b) {
    const auto begin =
        static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    size_t end = 0;
    while (end < std::min(a.size(), b.size()) - begin && a[a.size() - 1 - end] == b[b.size() - 1 - end])
        end++;
    const auto middle = [&](const Lines& of) {
        return std::span(of).subspan(begin, of.size() - begin - end);
    };
    Script script = shortestScript(middle(a), middle(b));
    if (script.empty()) script = Script(middle(a).size(), '-') + Script(middle(b).size(), '+');
    return Script(begin, ' ') + script + Script(end, ' ');
}

/// "12,5"; an empty range is named by the line before it.
std::string rangeText(size_t first, size_t count) {
    if (count == 1) return std::to_string(first + 1);
    return std::to_string(count == 0 ? first : first + 1) + "," + std::to_string(count);
}

}  // namespace

std::string unifiedDiff(std::string_view before, std::string_view now) {
    if (before == now) return {};
    const Lines a = linesOf(before), b = linesOf(now);
    const Script script = scriptOf(a, b);
    std::string text;
    size_t atA = 0, atB = 0, done = 0;
    while (true) {
        size_t change = script.find_first_not_of(' ', done);
        if (change == Script::npos) return text;
        const size_t begin = change - std::min(change - done, kContext);
        atA += begin - done, atB += begin - done;
        // Changes between which the contexts would meet are one hunk.
        size_t end = change;
        while (change != Script::npos && change - end <= 2 * kContext) {
            end = std::min(script.find(' ', change), script.size());
            change = script.find_first_not_of(' ', end);
        }
        end = std::min(end + kContext, script.size());
        const size_t firstA = atA, firstB = atB;
        std::string hunk;
        for (size_t i = begin; i < end; i++) {
            const std::string_view line = script[i] == '+' ? b[atB] : a[atA];
            hunk += script[i];
            hunk += line;
            if (!line.ends_with('\n')) hunk += "\n\\ No newline at end of file\n";
            atA += script[i] != '+', atB += script[i] != '-';
        }
        text += "@@ -" + rangeText(firstA, atA - firstA) + " +" + rangeText(firstB, atB - firstB) + " @@\n" +
                hunk;
        done = end;
    }
}

bool isPlainText(std::string_view bytes) {
    std::string shown;
    for (size_t i = 0; i < bytes.size(); i++) {
        const bool endsLine = bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n';
        if (bytes[i] != '\n' && bytes[i] != '\t' && !endsLine) shown += bytes[i];
    }
    return engine::printable(shown) == shown;
}

}  // namespace wasi
