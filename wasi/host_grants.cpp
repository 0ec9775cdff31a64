// WasiHost, the part that changes what is granted while the program runs.

#include <algorithm>

#include "engine/base/printable.h"
#include "wasi/abi.h"
#include "wasi/grant_check.h"
#include "wasi/grant_warnings.h"
#include "wasi/host_impl.h"
#include "wasi/preview1/rights.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;

namespace {

/// What stands behind a descriptor whose grant was taken back: of the same type, and without any right.
class RevokedFile : public File {
public:
    explicit RevokedFile(Filetype type) : m_type(type) {}
    Filetype type() const override { return m_type; }
    std::string_view kind() const override { return "revoked"; }
    OrErrno<Filestat> stat() override { return Errno::Notcapable; }
    OrErrno<uint64_t> read(std::span<const iovec>, std::optional<uint64_t>) override {
        return Errno::Notcapable;
    }
    OrErrno<uint64_t> write(std::span<const iovec>, std::optional<uint64_t>) override {
        return Errno::Notcapable;
    }

private:
    Filetype m_type;
};

/// The root of what is not granted: a directory of which everything lies outside.
class DeniedRoot : public Directory {
public:
    Filetype type() const override { return Filetype::Directory; }
    std::string_view kind() const override { return "not granted"; }
    OrErrno<Filestat> stat() override {
        Filestat nothing{};
        nothing.filetype = Filetype::Directory;
        return nothing;
    }
    OrErrno<std::unique_ptr<File>> open(const std::string&, const OpenHow&, std::string*) override {
        return Errno::Notcapable;
    }
    OrErrno<Filestat> statAt(const std::string&, bool) override { return Errno::Notcapable; }
    Errno setTimesAt(const std::string&, bool, const NewTimes&) override { return Errno::Notcapable; }
    Errno createDirectory(const std::string&) override { return Errno::Notcapable; }
    Errno removeDirectory(const std::string&) override { return Errno::Notcapable; }
    Errno unlink(const std::string&) override { return Errno::Notcapable; }
    Errno symlink(const std::string&, const std::string&) override { return Errno::Notcapable; }
    OrErrno<std::string> readLink(const std::string&) override { return Errno::Notcapable; }
    Errno link(const std::string&, bool, Directory&, const std::string&) override {
        return Errno::Notcapable;
    }
    Errno rename(const std::string&, Directory&, const std::string&) override { return Errno::Notcapable; }
    OrErrno<std::vector<DirectoryEntry>> entries(uint64_t&) override { return Errno::Notcapable; }
};

bool isFolder(const Descriptor& d, const std::string& guestPath) {
    return d.isPreopen && !d.isCatchAll && d.guestPath == guestPath;
}

std::string fdText(Fd fd) { return "descriptor " + decimal(fd); }

}  // namespace

/// A folder that is new to the program.
Result<std::string> WasiHost::Impl::grantFolder(const Preopen& wanted) {
    const std::string text = fdText(TRY(addFolder(wanted))) + " is " + wanted.guestPath;
    if (!state.ledger->hasCatalogued()) return text + "; the program finds it when it looks for its folders";
    const auto& entries = state.files.entries();
    const bool hasRoot =
        std::any_of(entries.begin(), entries.end(), [](const auto& d) { return d && d->isCatchAll; });
    if (hasRoot) return text + "; paths below it are found from now on";
    return text +
           "; C libraries look for their folders once, and this program has done so: it finds it after a "
           "restart, or where a folder that it knows is granted anew with more in it";
}

/// One that it has: its descriptor stands for what is granted now.
Result<std::string> WasiHost::Impl::rebindFolder(Fd fd, const Preopen& wanted) {
    Descriptor& d = *state.files.find(fd);
    d.file = TRY(openFolder(wanted));
    d.base = kDirectoryRights;
    d.inheriting = kDirectoryRights | kFileRights;
    d.isRevoked = false;
    d.listing.clear();
    GrantUse& use = state.ledger->at(d.grant);
    use.preopen = wanted;
    use.granted = grantedText(wanted);
    use.warning = warningOf(wanted);
    use.isRevoked = false;
    return fdText(fd) + ", " + wanted.guestPath + ", is " + use.granted +
           " from the next call on; what is open below it stays as it was";
}

Result<std::string> WasiHost::Impl::grant(const Grant& grant) {
    if (const auto* folder = std::get_if<Preopen>(&grant)) {
        const auto& entries = state.files.entries();
        for (uint32_t fd = 0; fd < entries.size(); fd++)
            if (entries[fd] && isFolder(*entries[fd], folder->guestPath)) return rebindFolder(fd, *folder);
        return grantFolder(*folder);
    }
    if (const auto* listener = std::get_if<Listener>(&grant)) {
        const Fd fd = TRY(addListener(*listener));
        return fdText(fd) + " listens at " + state.files.find(fd)->guestPath +
               "; the program has to know that number by itself";
    }
    return std::get_if<Variable>(&grant)->name +
           (state.ledger->at(kEnvironment).isUsed ? " is set; the program has read its environment already, "
                                                    "and C libraries read it once: it is "
                                                    "seen after a restart"
                                                  : " is set; the program has not read its environment yet");
}

Result<std::string> WasiHost::grant(const Grant& grant) {
    const size_t before = m->state.ledger->size();
    auto said = TRY(m->grant(grant));
    if (const auto* folder = std::get_if<Preopen>(&grant))
        if (const std::string warning = warningOf(*folder); !warning.empty()) said += "; warning: " + warning;
    apply(grant, m->state.capabilities);
    // What the user grants does not count for the limit on what the guest opens.
    auto& files = m->state.files;
    if (files.limit() && m->state.ledger->size() > before) files.setLimit(files.limit() + 1);
    return said;
}

/// All descriptors of a grant; their numbers stay taken until the program closes them.
uint64_t WasiHost::Impl::revokeDescriptors(GrantIndex grant) {
    uint64_t count = 0;
    for (const auto& d : state.files.entries()) {
        if (!d || d->grant != grant || d->isRevoked) continue;
        d->file = std::make_unique<RevokedFile>(d->file->type());
        d->base = d->inheriting = Rights::None;
        d->isRevoked = true;
        d->listing.clear();
        count++;
    }
    return count;
}

Result<std::string> WasiHost::revoke(const std::string& name) {
    Capabilities& c = m->state.capabilities;
    std::string all;
    uint64_t count = 0;
    bool isFound = false;
    for (GrantIndex i = kStdin; i < m->state.ledger->size(); i++) {
        GrantUse& use = m->state.ledger->at(i);
        const bool isRevocable = i <= kStderr || i >= kFirstFolder;
        if (!isRevocable || use.isRevoked) continue;
        all += (all.empty() ? "" : ", ") + use.name;
        if (use.name != name && use.name != "tcp:" + name) continue;
        // A listener's name tells where it listens, which need not be how that was asked for.
        if (use.kind == GrantKind::Listener)
            std::erase(c.listeners, use.listener);
        else
            (void)withdraw(use.name, c);
        use.isRevoked = isFound = true;
        count += m->revokeDescriptors(i);  // several rows have one name where a folder was granted again
    }
    if (isFound)
        return engine::printable(name) + " is revoked: " + decimal(count) +
               (count == 1 ? " descriptor answers" : " descriptors answer") + " ENOTCAPABLE from now on";
    if (withdraw(name, c))
        return name + " is gone; a program that has read its environment keeps what it read";
    for (const auto& [variable, value] : c.environment)
        all += ", " + variable;
    return Error{ErrorCode::NotFound,
                 "nothing is granted as " + engine::printable(name) + "; there is " + engine::printable(all)};
}

engine::Result<> checkGrant(const Grant& grant) {
    const auto* folder = std::get_if<Preopen>(&grant);
    if (folder && !folder->hostPath.empty()) TRY(openPreopen(*folder));
    if (const auto* listener = std::get_if<Listener>(&grant)) TRY(openListener(*listener));
    return {};
}

void WasiHost::showDenied() {
    Descriptor d;
    d.base = kDirectoryRights;
    d.inheriting = kDirectoryRights | kFileRights;
    d.guestPath = "/";
    d.isPreopen = d.isCatchAll = true;
    (void)m->add(std::make_unique<DeniedRoot>(), std::move(d));
}

void WasiHost::setDenied(std::function<bool(const Refusal&)> denied) {
    if (!denied) return m->state.gate.setDenied({});
    m->state.gate.setDenied([this, denied = std::move(denied)](uint16_t function) {
        const Refusal* last = m->state.ledger->lastRefusal();
        if (!last) return false;
        Refusal refusal = *last;
        refusal.call = allHostFunctions()[function].name;
        return denied(refusal);
    });
}

LedgerView WasiHost::ledger() const {
    m->state.links.widen(*m->state.ledger);
    return m->state.ledger->view(m->state.capabilities);
}

}  // namespace wasi
