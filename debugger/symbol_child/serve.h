// serve(): the symbol child's whole life behind confine(): takes the sections, then answers one request after the other until the socket ends.
#pragma once

namespace debugger::symbol_child {

/// Returns the exit status: 0 when the other end hung up.
int serve(int socket);

}  // namespace debugger::symbol_child
