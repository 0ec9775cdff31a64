// Confinement: the second layer of the sandbox. Behind the resolver (beneath.h), which decides where a path leads, the kernel decides once
// more what the thread that runs the guest may open, change, make and remove: what was granted, and nothing else. For runs whose grants
// are fixed, as the kernel lets no thread have more later. Holds where the resolver fails, not where the process itself is taken over.
//
// What it does not cover the resolver alone holds back: to look at (stat), to set times, to read a link, to learn whether a name is there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "wasi/capabilities.h"
#include "wasi/world/landlock.h"

namespace wasi {

/// Can the kernel be the second layer? `landlock`: the version that it has, 0 = none. The first one forbids to rename and link from folder to
/// folder, and nothing can allow that.
constexpr bool canConfine(int landlock) { return landlock >= 2; }

class Confinement {
public:
    /// To the folders of `granted`, each as its kind says, and to reading the files in `readable` (folders of our own, as far as they can be
    /// opened). Sockets and streams are open before, and stay so. Nothing where the kernel cannot. Error: Io.
    static engine::Result<std::optional<Confinement>> to(const Capabilities& granted,
                                                         const std::vector<std::string>& readable = {},
                                                         int landlock = Landlock::version());
    /// For this thread and those that it starts, for good. Error: Io.
    engine::Result<> enter() const;

private:
    explicit Confinement(Landlock rules) : m_rules(std::move(rules)) {}
    Landlock m_rules;
};

/// Which layers there are on this machine, one line for people.
std::string sandboxText(int landlock = Landlock::version());

}  // namespace wasi
