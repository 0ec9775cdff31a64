// checkGrant(): says at once what would stand in the way of a grant later, for front ends that take one before the program runs.
#pragma once

#include "engine/base/result.h"
#include "wasi/grants.h"

namespace wasi {

/// Opens what is to be granted, and closes it again. Errors as of WasiHost::create(): NotFound, Denied, Io with the path or address and what
/// to do.
engine::Result<> checkGrant(const Grant& grant);

}  // namespace wasi
