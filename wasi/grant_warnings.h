// What a user should know before granting a folder: rows of one table, told wherever something is granted. Nothing is refused for it.
#pragma once

#include <string>

#include "wasi/capabilities.h"

namespace wasi {

/// "/ is the whole file system of this machine; …", one sentence; empty if there is nothing to warn of. Looks at where the folder really is.
std::string warningOf(const Preopen& preopen);

}  // namespace wasi
