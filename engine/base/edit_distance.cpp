#include "engine/base/edit_distance.h"

#include <algorithm>
#include <vector>

namespace engine {

size_t editDistance(std::string_view a, std::string_view b) {
    constexpr size_t kMost = 64;
    if (a.size() > kMost || b.size() > kMost) return std::max(a.size(), b.size());
    std::vector<std::vector<size_t>> rows(a.size() + 1, std::vector<size_t>(b.size() + 1));
    for (size_t i = 0; i <= a.size(); i++)
        rows[i][0] = i;
    for (size_t j = 0; j <= b.size(); j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.size(); i++) {
        for (size_t j = 1; j <= b.size(); j++) {
            rows[i][j] = std::min(
                {rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
            const bool isSwap = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (isSwap) rows[i][j] = std::min(rows[i][j], rows[i - 2][j - 2] + 1);
        }
    }
    return rows[a.size()][b.size()];
}

}  // namespace engine
