#include "wasi/world/landlock.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

namespace wasi {

namespace {

/// struct landlock_ruleset_attr of version 6; earlier kernels take it as long as what they do not know is 0.
struct Attributes {
    uint64_t files = 0, network = 0, scoped = 0;
};

constexpr int kBitsOfFiles[] = {0, 13, 14, 15, 15, 16};  // by version

}  // namespace

int Landlock::version() {
    const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return static_cast<int>(std::max(version, 0L));
}

std::optional<Landlock> Landlock::refusingAll() {
    const int known = version();
    Attributes all;
    all.files = (uint64_t{1} << kBitsOfFiles[std::min<size_t>(known, std::size(kBitsOfFiles) - 1)]) - 1;
    if (known >= 4) all.network = 3;  // to bind, to connect
    if (known >= 6) all.scoped = 3;   // abstract sockets, signals
    UniqueFd rules(static_cast<int>(syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0)));
    if (!rules) return std::nullopt;
    return Landlock(std::move(rules), all.files);
}

bool Landlock::allow(int file, uint64_t access) {
    const landlock_path_beneath_attr rule{access & m_handled, file};
    return syscall(SYS_landlock_add_rule, m_rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

bool Landlock::restrictThread() const {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_landlock_restrict_self, m_rules.get(), 0) == 0;
}

}  // namespace wasi
