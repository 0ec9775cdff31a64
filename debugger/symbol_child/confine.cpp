#include "debugger/symbol_child/confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <vector>

#include "engine/base/sanitized.h"
#include "wasi/world/landlock.h"

namespace debugger::symbol_child {
namespace {

using engine::kSanitized;

#if defined(__x86_64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = 0;
#endif

/// What reading memory, allocating, answering and ending need, and nothing else.
constexpr int kAllowed[] = {
    SYS_read,           SYS_write,  SYS_recvmsg, SYS_recvfrom,      SYS_sendmsg,
    SYS_sendto,         SYS_close,  SYS_brk,     SYS_munmap,        SYS_mremap,
    SYS_madvise,        SYS_futex,  SYS_exit,    SYS_exit_group,    SYS_rt_sigreturn,
    SYS_rt_sigprocmask, SYS_getpid, SYS_gettid,  SYS_clock_gettime, SYS_getrandom,
};
/// Allowed unless they ask for executable memory.
constexpr int kAllowedWithoutExec[] = {SYS_mmap, SYS_mprotect};

bool limitResources(uint64_t addressSpaceMib) {
    const auto set = [](auto what, rlim_t value) {
        const rlimit limit{value, value};
        return setrlimit(what, &limit) == 0;
    };
    bool ok = set(RLIMIT_CORE, 0) && set(RLIMIT_FSIZE, 0) && set(RLIMIT_NOFILE, 8) && set(RLIMIT_CPU, 600);
    if (!kSanitized) ok = set(RLIMIT_AS, addressSpaceMib << 20) && ok;
    return ok;
}

bool denyFiles() {
    const auto rules = wasi::Landlock::refusingAll();
    return rules && rules->restrictThread();
}

bool filterSystemCalls() {
    if (kSanitized || !kArchitecture) return kSanitized;
    std::vector<sock_filter> program;
    const auto statement = [&](uint16_t code, uint32_t value) { program.push_back(BPF_STMT(code, value)); };
    const auto unless = [&](uint16_t test, uint32_t value, uint8_t skip) {
        program.push_back(BPF_JUMP(test, value, 0, skip));
    };
    constexpr uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS, kEqual = BPF_JMP | BPF_JEQ | BPF_K,
                       kBits = BPF_JMP | BPF_JSET | BPF_K, kReturn = BPF_RET | BPF_K;
    statement(kLoad, offsetof(seccomp_data, arch));
    unless(kEqual, kArchitecture, 0);
    program.back() = BPF_JUMP(kEqual, kArchitecture, 1, 0);
    statement(kReturn, SECCOMP_RET_KILL_PROCESS);
    statement(kLoad, offsetof(seccomp_data, nr));
    for (const int number : kAllowed) {
        unless(kEqual, static_cast<uint32_t>(number), 1);
        statement(kReturn, SECCOMP_RET_ALLOW);
    }
    for (const int number : kAllowedWithoutExec) {
        unless(kEqual, static_cast<uint32_t>(number), 4);
        statement(kLoad, offsetof(seccomp_data, args[2]));
        unless(kBits, PROT_EXEC, 1);
        statement(kReturn, SECCOMP_RET_ERRNO | EPERM);
        statement(kReturn, SECCOMP_RET_ALLOW);
    }
    statement(kReturn, SECCOMP_RET_ERRNO | EPERM);
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace

std::string confine(uint64_t addressSpaceMib) {
    std::string refused;
    const auto layer = [&](bool active, const char* name) {
        if (!active) refused += (refused.empty() ? "" : ", ") + std::string(name);
    };
    layer(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no new privileges");
    layer(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0, "not dumpable");
    layer(limitResources(addressSpaceMib), "resource limits");
    layer(denyFiles(), "Landlock");
    layer(filterSystemCalls(), "seccomp");
    return refused;
}

}  // namespace debugger::symbol_child
