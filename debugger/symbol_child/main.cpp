// wscope-symbols: reads one module's DWARF with libdwarf, for the debugger that started it, and has no rights of its own. Not for people:
// the socket at descriptor 3 is its only way in and out.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "debugger/symbol_child/confine.h"
#include "debugger/symbol_child/serve.h"
#include "debugger/symbols/child_protocol.h"

int main(int argc, char** argv) {
    const int socket = debugger::dwarf::kChildSocket;
    int type = 0;
    socklen_t size = sizeof type;
    if (argc != 2 || getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
        std::fputs("wscope-symbols is started by wscope and wasiscope; it has no use by itself.\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a parent that died before this shows as the end of the socket
    const std::string refused = debugger::symbol_child::confine(std::strtoull(argv[1], nullptr, 10));
    if (refused.find("seccomp") != std::string::npos || refused.find("privileges") != std::string::npos) {
        std::fprintf(stderr,
                     "wscope-symbols: this system refuses %s; debug information is not read without it\n",
                     refused.c_str());
        return 2;
    }
    return debugger::symbol_child::serve(socket);
}
