#include "app/wscope/end_signals.h"

#include <unistd.h>

#include <atomic>

namespace wscope {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
std::atomic<int> theCaught = 0;  // a handler reaches nothing else

void note(int signal) {
    int none = 0;
    if (theCaught.compare_exchange_strong(none, signal)) return;
    EndSignals::dieOf(signal);
}

void handle(int signal, void (*from)(int), void (*to)(int)) {
    struct sigaction action {};
    sigaction(signal, nullptr, &action);
    if (action.sa_handler != from) return;
    action = {};
    action.sa_handler = to;
    action.sa_flags = SA_RESTART;
    sigaction(signal, &action, nullptr);
}

}  // namespace

EndSignals::EndSignals() {
    for (const int signal : kSignals)
        handle(signal, SIG_DFL, note);
}

EndSignals::~EndSignals() {
    for (const int signal : kSignals)
        handle(signal, note, SIG_DFL);
}

int EndSignals::caught() { return theCaught; }

void EndSignals::dieOf(int signal) {
    handle(signal, note, SIG_DFL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    kill(getpid(), signal);
    _exit(128 + signal);
}

}  // namespace wscope
