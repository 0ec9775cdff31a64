#include "engine/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace engine {

void checkFailed(const char* file, int line, const char* what) {
    std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, what);
    std::abort();
}

}  // namespace engine
