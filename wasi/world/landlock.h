// Landlock: the kernel's own rules of what a thread may open, make and remove (landlock(7)). By system calls, as the headers of Debian 12
// know the second version only. Owned by who makes it; the rules that a thread took on outlive it.
#pragma once

#include <cstdint>
#include <optional>

#include "wasi/world/unique_fd.h"

namespace wasi {

class Landlock {
public:
    enum Access : uint64_t {
        kExecute = 1 << 0,
        kWriteFile = 1 << 1,
        kReadFile = 1 << 2,
        kReadDirectory = 1 << 3,
        kRemoveDirectory = 1 << 4,
        kRemoveFile = 1 << 5,
        kMake = 0x7f << 6,  // devices, directories, files, sockets, FIFOs, symbolic links
        kRefer = 1 << 13,   // move and link between folders; since version 2
        kTruncate = 1 << 14,
        kIoctlDevice = 1 << 15,
        kAll = (1 << 16) - 1,
    };

    /// Of the kernel's interface; 0: it has none, or it is switched off.
    static int version();
    /// Rules that refuse all that this kernel can refuse, also TCP, abstract sockets and signals beyond the threads that they hold for.
    /// Nothing, with errno, where there is no Landlock.
    static std::optional<Landlock> refusingAll();
    /// `access` (bits of Access) to what `file` is, a folder with all that is in it. False with errno.
    bool allow(int file, uint64_t access);
    /// From now on, for this thread and those that it starts, and no new privileges either; cannot be undone. False with errno.
    bool restrictThread() const;

private:
    Landlock(UniqueFd rules, uint64_t handled) : m_rules(std::move(rules)), m_handled(handled) {}
    UniqueFd m_rules;
    uint64_t m_handled;  // of Access, what this kernel knows
};

}  // namespace wasi
