// Translates the host's errno and file kinds into WASI's.
#pragma once

#include <sys/stat.h>

#include "wasi/types.h"

namespace wasi {

Errno fromHost(int hostErrno);
/// Of the errno that is set now.
Errno lastErrno();
Filetype fromMode(mode_t mode);
Filestat fromHost(const struct stat& stat);

}  // namespace wasi
