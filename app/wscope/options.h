// What the subcommands of wscope share: their launch options, and how they fail.
#pragma once

#include <string>
#include <string_view>

#include "app/launch/options.h"

namespace wscope {

using launch::addLaunchOptions;
using launch::launchOptions;
using launch::parseSize;
using launch::ProgramAndArguments;
using launch::programOf;
using launch::TypedOptions;

/// Our own errors end with this status (commands.md), a trap with the other.
inline constexpr int kOurError = 2;
inline constexpr int kTrapStatus = 134;

/// Lines of our own that may quote a guest: everything that could steer a terminal is escaped.
std::string safeText(std::string_view text);

/// Check of a CLI option: digits only. CLI11 itself would take -3 for a large number.
std::string checkCount(const std::string& text);

/// `wscope: message` on stderr.
int fail(const engine::Error& error);
int fail(const std::string& message);

}  // namespace wscope
