// The rows of WASI 0.1 and of wasi_unstable.
#pragma once

#include <vector>

#include "wasi/host_row.h"

namespace wasi {

std::vector<HostRow> preview1Rows();
/// wasi_unstable: the rows of WASI 0.1 but sock_accept, those with other layouts replaced.
std::vector<HostRow> unstableRows();

}  // namespace wasi
