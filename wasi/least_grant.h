// Least grant: the smallest capabilities with which a run would have gone as it did.
#pragma once

#include "wasi/capabilities.h"
#include "wasi/ledger.h"

namespace wasi {

/// What of `granted` the run used: folders only as deep as they were used, and read-only where nothing was changed. The host hands over
/// arguments and environment as wholes: they stay if they were read. A program that never asked for the names of its folders keeps their
/// descriptors.
Capabilities leastGrant(const LedgerView& ledger, const Capabilities& granted);

}  // namespace wasi
