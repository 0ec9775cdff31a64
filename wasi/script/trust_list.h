// Where the user's list of trusted folders stands, see TrustedFolders.
#pragma once

#include <filesystem>

#include "engine/base/result.h"

namespace wasi {

/// $XDG_CONFIG_HOME/wasiscope/trusted-folders, or ~/.config/…. NotFound: there is neither.
engine::Result<std::filesystem::path> trustListPath();

}  // namespace wasi
