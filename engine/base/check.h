// CHECK: states what must hold if our own code is right. On in release builds too; a failed CHECK is our bug, never the guest's.
#pragma once

namespace engine {

/// Prints `file:line: CHECK failed: what` on stderr and aborts.
[[noreturn]] void checkFailed(const char* file, int line, const char* what);

}  // namespace engine

#define CHECK(condition) \
    (__builtin_expect(!!(condition), 1) ? void() : ::engine::checkFailed(__FILE__, __LINE__, #condition))
