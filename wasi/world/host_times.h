// HostTimes: NewTimes as utimensat(2) and futimens(2) take them.
#pragma once

#include <time.h>

#include "wasi/world.h"

namespace wasi {

struct HostTimes {
    explicit HostTimes(const NewTimes& times);
    timespec both[2];
};

}  // namespace wasi
