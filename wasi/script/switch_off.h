// Rules that were remembered: a script that fails now keeps no program from being loaded.
#pragma once

#include <map>
#include <span>
#include <string>

#include "wasi/mock_rule.h"
#include "wasi/script/trust.h"

namespace wasi {

/// Switches rules off whose script cannot be loaded now. Returns why, by script.
std::map<std::string, engine::Error> switchOffFailing(std::span<MockRule* const> rules,
                                                      const TrustedFolders& trust);

}  // namespace wasi
