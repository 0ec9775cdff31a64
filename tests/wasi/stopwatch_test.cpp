#include "wasi/stopwatch.h"

#include <gtest/gtest.h>

#include <chrono>

namespace wasi {
namespace {

int64_t steadyNs() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

TEST(Stopwatch, GoesAsTheKernelsClockAndNeverBack) {
    const int64_t before = steadyNs();
    Stopwatch watch;
    const int64_t after = steadyNs();
    int64_t last = 0, late = 0, early = 0;
    while (steadyNs() - before < 150'000'000) {
        const int64_t from = steadyNs();
        const int64_t now = watch.nowNs();
        const int64_t to = steadyNs();
        ASSERT_GE(now, last);
        last = now;
        // It was begun between `before` and `after`, and read between `from` and `to`.
        early = std::max(early, from - after - now);
        late = std::max(late, now - (to - before));
    }
    EXPECT_LT(early, 20'000) << "ns behind";
    EXPECT_LT(late, 20'000) << "ns ahead";
}

}  // namespace
}  // namespace wasi
