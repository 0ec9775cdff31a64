// What the parameters of a host function that stand for bytes mean together.
#pragma once

#include "wasi/host_function.h"

namespace wasi {

/// IOV_MAX of Linux: of a list of more buffers only these are looked at, so that fewer bytes are moved than could be.
inline constexpr uint32_t kMaxBuffers = 1024;

/// The parameter that says how long those of Shape::Bytes are; null if nothing does.
inline const HostParameter* lengthOf(const HostFunction& function, const HostParameter& bytes) {
    const HostParameter* next = &bytes + 1;
    return next != function.parameters.data() + function.parameters.size() && next->type == "size" ? next
                                                                                                   : nullptr;
}

}  // namespace wasi
