#include "wasi/world/confinement.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "engine/base/printable.h"
#include "wasi/world/beneath.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;

namespace {

constexpr int kTruncates = 3;  // since this version

constexpr uint64_t kReading = Landlock::kReadFile | Landlock::kReadDirectory;
constexpr uint64_t kChanging = kReading | Landlock::kWriteFile | Landlock::kTruncate |
                               Landlock::kRemoveDirectory | Landlock::kRemoveFile | Landlock::kMake |
                               Landlock::kRefer;

/// While the guest runs: what is copied into memory was read before.
uint64_t accessTo(MountKind kind) {
    switch (kind) {
    case MountKind::Real: return kChanging;
    case MountKind::ReadOnly:
    case MountKind::Overlay: return kReading;
    case MountKind::InMemory: return 0;
    }
    return 0;
}

Error failed(const std::string& what) {
    const int error = errno;
    return Error{ErrorCode::Io, what + ": " + std::strerror(error)};
}

Result<> allow(Landlock& rules, const std::string& folder, uint64_t access) {
    const UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!fd || !rules.allow(fd.get(), access)) return failed(engine::printable(folder));
    return {};
}

}  // namespace

Result<std::optional<Confinement>> Confinement::to(const Capabilities& granted,
                                                   const std::vector<std::string>& readable, int landlock) {
    if (!canConfine(landlock)) return std::optional<Confinement>();
    auto rules = Landlock::refusingAll();
    if (!rules) return failed("Landlock");
    for (const Preopen& folder : granted.preopens)
        if (const uint64_t access = accessTo(folder.kind)) TRY(allow(*rules, folder.hostPath, access));
    for (const std::string& folder : readable)
        (void)allow(*rules, folder, Landlock::kReadFile);
    return std::optional<Confinement>(Confinement(std::move(*rules)));
}

Result<> Confinement::enter() const {
    if (!m_rules.restrictThread()) return failed("Landlock");
    return {};
}

std::string sandboxText(int landlock) {
    return std::string("paths are resolved ") +
           (chooseResolution() == Resolution::Openat2 ? "by openat2" : "step by step (no openat2)") + "; " +
           (!canConfine(landlock) ? "no second layer, as the kernel has no Landlock or its first version"
                                  : "Landlock, version " + std::to_string(landlock) +
                                        ", is the second layer of run, trace and policy" +
                                        (landlock < kTruncates ? " (but for truncating files)" : ""));
}

}  // namespace wasi
