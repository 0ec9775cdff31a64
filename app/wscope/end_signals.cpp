#include "app/wscope/end_signals.h"

#include <time.h>
#include <unistd.h>

#include <atomic>

namespace wscope {

namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
std::atomic<int> theCaught = 0;  // a handler reaches nothing else

std::atomic<int64_t> theMoment = 0;    // when it came, in ms
std::atomic<int64_t> theProgress = 0;  // the last one since

constexpr int64_t kTogetherMs = 300;  // timeout(1) signals its child and then its group
constexpr int64_t kStuckMs = 2000;

int64_t nowMs() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

void note(int signal) {
    int none = 0;
    if (theCaught.compare_exchange_strong(none, signal))
        theProgress = theMoment = nowMs();
    else if (nowMs() - theMoment > kTogetherMs)
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
void EndSignals::noteProgress() {
    if (theCaught != 0) theProgress = nowMs();
}
bool EndSignals::isStuck() { return theCaught != 0 && theProgress != 0 && nowMs() - theProgress > kStuckMs; }

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
