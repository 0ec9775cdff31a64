#include "wasi/world/virtual_changes.h"

#include <algorithm>
#include <climits>
#include <random>
#include <set>

#include "engine/base/printable.h"
#include "wasi/host_function.h"
#include "wasi/unified_diff.h"
#include "wasi/world/virtual_files.h"

namespace wasi {

std::string_view toText(FolderChange::Kind kind) {
    switch (kind) {
    case FolderChange::Kind::Added: return "added";
    case FolderChange::Kind::Changed: return "changed";
    case FolderChange::Kind::Removed: return "removed";
    }
    return "";
}

std::string toText(const FolderChange& change) {
    std::string text(toText(change.kind));
    text.resize(9, ' ');
    text += engine::printable(change.path);
    if (change.type == Filetype::Directory) return text + "/";
    const auto bytes = [](uint64_t n) { return std::to_string(n); };
    if (change.kind == FolderChange::Kind::Changed)
        return text + " (" + bytes(change.bytesBefore) + " -> " + bytes(change.bytesNow) + " bytes)";
    if (change.kind == FolderChange::Kind::Added && change.type == Filetype::RegularFile)
        return text + " (" + bytes(change.bytesNow) + " bytes)";
    return text;
}

namespace {

struct Change {
    FolderChange told;
    VirtualNodePtr node;  // null if it was removed
};

bool isSame(const VirtualNode& node, const std::optional<Filestat>& below) {
    return node.lower && below && below->dev == node.device && below->ino == node.inode;
}

class Comparison {
public:
    explicit Comparison(VirtualTree& tree) : m_tree(tree) {}

    /// `isInPlace`: the directory is the one below at this path, so that only its changed children matter. As deep as paths of the host
    /// lead: then no folder is so deep that this would overflow the stack.
    Errno compare(const VirtualNodePtr& directory, const std::string& path, bool isInPlace) {
        std::set<std::string> names;
        for (const auto& [name, node] : directory->children)
            names.insert(name);
        if (!isInPlace)
            if (const Errno e = addAllNames(directory, path, names); e != Errno::Success) return e;
        for (const auto& name : names) {
            const std::string at = path.empty() ? name : path + "/" + name;
            if (at.size() >= PATH_MAX) {
                tooDeep = at;
                continue;
            }
            const auto node = m_tree.child(directory, name);
            if (!node) return node.error();
            if (const Errno e = compareEntry(*node, at); e != Errno::Success) return e;
        }
        return Errno::Success;
    }

    /// Only what stands at that path: what went with a directory is no change of its own.
    Errno compareAt(const std::string& path) {
        VirtualNodePtr node = m_tree.root();
        for (size_t start = 0; start <= path.size();) {
            if (!node || !node->isDirectory()) return Errno::Success;
            const size_t end = std::min(path.find('/', start), path.size());
            const std::string name = path.substr(start, end - start);
            if (name.empty() || name == "." || name == "..") return Errno::Success;
            const auto child = m_tree.child(node, name);
            if (!child) return child.error();
            node = *child;
            start = end + 1;
        }
        return addIfChanged(node, path).error();
    }
    std::vector<Change> found;  // as many as their paths have room
    uint64_t total = 0;
    std::string tooDeep;  // a path that no host has

private:
    static constexpr uint64_t kMostPathBytes = 256 << 20;

    void add(FolderChange told, VirtualNodePtr node) {
        total++;
        m_pathBytes += told.path.size() + sizeof(Change);
        if (m_pathBytes <= kMostPathBytes) found.push_back({std::move(told), std::move(node)});
    }

    Errno addAllNames(const VirtualNodePtr& directory, const std::string& path,
                      std::set<std::string>& names) {
        uint64_t leftOut = 0;
        const auto now = m_tree.entries(directory, leftOut);
        if (!now) return now.error();
        for (const auto& entry : *now)
            names.insert(entry.name);
        const auto below = m_tree.below(path);
        if (below && below->filetype == Filetype::Directory) {
            OpenHow how;
            how.read = how.directory = true;
            auto opened = m_tree.lower()->open(path, how, nullptr);
            if (!opened) return opened.error();
            const auto before = (*opened)->asDirectory()->entries(leftOut);
            if (!before) return before.error();
            for (const auto& entry : *before)
                names.insert(entry.name);
        }
        names.erase(".");
        names.erase("..");
        return Errno::Success;
    }

    Errno compareEntry(const VirtualNodePtr& node, const std::string& path) {
        const auto inPlace = addIfChanged(node, path);
        if (!inPlace) return inPlace.error();
        return node && node->isDirectory() ? compare(node, path, *inPlace) : Errno::Success;
    }

    /// Whether it is the one below at this path.
    OrErrno<bool> addIfChanged(const VirtualNodePtr& node, const std::string& path) {
        const auto below = m_tree.below(path);
        const uint64_t before = below ? uint64_t{below->size} : 0;
        using Kind = FolderChange::Kind;
        if (!node) {
            if (below) add({Kind::Removed, path, below->filetype, before, 0}, nullptr);
            return false;
        }
        const bool inPlace = isSame(*node, below);
        const auto stat = m_tree.stat(node);
        if (!stat) return stat.error();
        const bool isNewDirectory =
            node->isDirectory() && !inPlace && !(below && below->filetype == Filetype::Directory);
        const bool isChanged = node->isDirectory() ? isNewDirectory
                               : inPlace           ? node->isFile() && (node->isTouched || node->modified)
                                                   : true;
        if (isChanged)
            add({below ? Kind::Changed : Kind::Added, path, node->type, before, (*stat).size}, node);
        return inPlace;
    }

    VirtualTree& m_tree;
    uint64_t m_pathBytes = 0;
};

/// Changes as text.
class Difference {
public:
    explicit Difference(const std::shared_ptr<VirtualTree>& tree) : m_tree(tree) {}

    engine::Result<std::string> of(const std::vector<Change>& changes) {
        for (const Change& change : changes) {
            if (const Errno e = add(change); e != Errno::Success)
                return engine::Error{engine::ErrorCode::Io,
                                     "cannot compare " + engine::printable(change.told.path) + ": " +
                                         std::string(errnoText(static_cast<uint16_t>(e)))};
            if (m_text.size() > kMostBytes) {
                m_text += "Only the first changes are shown: there are more than 16 MiB of them.\n";
                break;
            }
        }
        return std::move(m_text);
    }

private:
    static constexpr size_t kMostBytes = 16 << 20, kMostFileBytes = 1 << 20, kPartBytes = 64 << 10,
                            kMostCompared = 64 << 20, kMostComparedOfAll = 1 << 30;

    Errno add(const Change& change) {
        const std::string& path = change.told.path;
        const auto below = m_tree->below(path);
        const bool wasFile = below && below->filetype == Filetype::RegularFile;
        const bool isFile = change.node && change.node->isFile();
        if (!wasFile && !isFile) {
            m_text += toText(change.told) + "\n";
            return change.told.kind == FolderChange::Kind::Removed ? removedInside(change.told)
                                                                   : Errno::Success;
        }
        std::unique_ptr<File> before, now;
        if (wasFile) {
            auto opened = m_tree->lower()->open(path, {.read = true}, nullptr);
            if (!opened) return opened.error();
            before = std::move(*opened);
        }
        if (isFile) now = std::make_unique<VirtualFile>(m_tree, change.node, Fdflags::None);
        if (change.node && !isFile) m_text += toText(change.told) + "\n";
        return addFiles(path, before.get(), now.get());
    }

    /// What went with a directory.
    Errno removedInside(const FolderChange& directory) {
        if (directory.type != Filetype::Directory || m_text.size() > kMostBytes) return Errno::Success;
        auto opened = m_tree->lower()->open(directory.path, {.read = true, .directory = true}, nullptr);
        if (!opened) return opened.error();
        uint64_t leftOut = 0;
        auto entries = (*opened)->asDirectory()->entries(leftOut);
        if (!entries) return entries.error();
        std::sort((*entries).begin(), (*entries).end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        for (const auto& entry : *entries) {
            if (entry.name == "." || entry.name == "..") continue;
            if (m_text.size() > kMostBytes) break;
            const std::string path = directory.path + "/" + entry.name;
            const auto below = m_tree->below(path);
            if (!below) continue;
            const Change inside{{FolderChange::Kind::Removed, path, below->filetype, below->size, 0},
                                nullptr};
            if (const Errno e = add(inside); e != Errno::Success) return e;
        }
        return Errno::Success;
    }

    /// Null: there was none, or is none.
    Errno addFiles(const std::string& path, File* before, File* now) {
        const auto sizeOf = [](File* file) -> OrErrno<uint64_t> {
            if (!file) return uint64_t{0};
            const auto stat = file->stat();
            if (!stat) return stat.error();
            return uint64_t{(*stat).size};
        };
        const auto bytesBefore = sizeOf(before), bytesNow = sizeOf(now);
        if (!bytesBefore || !bytesNow) return bytesBefore ? bytesNow.error() : bytesBefore.error();
        if (std::max(*bytesBefore, *bytesNow) <= kMostFileBytes) {
            const auto a = read(before, 0, kMostFileBytes), b = read(now, 0, kMostFileBytes);
            if (!a || !b) return a ? b.error() : a.error();
            if (isPlainText(*a) && isPlainText(*b)) {
                const std::string shown = engine::printable(path);
                m_text += (before ? "--- a/" + shown : "--- /dev/null") + "\n" +
                          (now ? "+++ b/" + shown : "+++ /dev/null") + "\n" + unifiedDiff(*a, *b);
                return Errno::Success;
            }
        }
        const auto differs = firstDifference(before, now);
        if (!differs) return differs.error();
        m_text += "Binary file " + engine::printable(path) + ": " + std::to_string(*bytesBefore) + " -> " +
                  std::to_string(*bytesNow) + " bytes, " + *differs + "\n";
        return Errno::Success;
    }

    static OrErrno<std::string> read(File* file, uint64_t offset, size_t most) {
        std::string bytes(file ? most : 0, '\0');
        size_t done = 0;
        while (done < bytes.size()) {
            iovec part{bytes.data() + done, bytes.size() - done};
            const auto n = file->read({&part, 1}, offset + done);
            if (!n) return n.error();
            if (*n == 0) break;
            done += *n;
        }
        bytes.resize(done);
        return bytes;
    }

    OrErrno<std::string> firstDifference(File* before, File* now) {
        if (m_compared >= kMostComparedOfAll) return std::string("not compared, as much was before");
        for (uint64_t at = 0; at < kMostCompared; at += kPartBytes, m_compared += kPartBytes) {
            const auto a = read(before, at, kPartBytes), b = read(now, at, kPartBytes);
            if (!a || !b) return a ? b.error() : a.error();
            const auto [x, y] = std::mismatch((*a).begin(), (*a).end(), (*b).begin(), (*b).end());
            if (x != (*a).end() || y != (*b).end())
                return "the first that differs is " +
                       std::to_string(at + static_cast<uint64_t>(x - (*a).begin()));
            if ((*a).size() < kPartBytes) return std::string("with the same contents");
        }
        return std::string("the same in the first 64 MiB");
    }

    std::shared_ptr<VirtualTree> m_tree;
    std::string m_text;
    uint64_t m_compared = 0;  // bytes of large files
};

/// Changes being done on the host.
class Application {
public:
    Application(const std::shared_ptr<VirtualTree>& tree, Directory& to)
        : m_tree(tree), m_to(to), m_stagedName(unguessable()) {}

    engine::Result<> run(const std::vector<Change>& changes) {
        // All that is read below is read before anything there is removed or replaced.
        for (const auto& c : changes)
            if (c.node && !c.node->isDirectory()) TRY(stage(c));
        for (const auto& c : changes)
            if (!c.node || isOtherType(c)) TRY(removeAll(c.told.path));
        for (const auto& c : changes) {
            if (!c.node) continue;
            if (c.node->isDirectory())
                TRY(said(m_to.createDirectory(c.told.path), c.told.path));
            else if (c.node->isLink())
                TRY(putLink(c));
            else
                TRY(putFile(c));
        }
        return {};
    }
    ~Application() {
        for (const auto& [node, staged] : m_staged)
            if (!staged.name.empty()) (void)m_to.unlink(staged.name);
    }

private:
    /// So that no guest has made a file of that name, which would be taken for what is staged.
    static std::string unguessable() {
        std::random_device random;
        std::string name = ".wasiscope-";
        return name += std::to_string(uint64_t{random()} << 32 | random());
    }
    static engine::Result<> said(Errno error, const std::string& path) {
        if (error == Errno::Success) return {};
        const auto code = error == Errno::Acces || error == Errno::Perm || error == Errno::Notcapable
                              ? engine::ErrorCode::Denied
                              : engine::ErrorCode::Io;
        return engine::Error{code, "cannot apply the change of " + engine::printable(path) + ": " +
                                       std::string(errnoText(static_cast<uint16_t>(error)))};
    }
    bool isOtherType(const Change& c) const {
        const auto below = m_tree->below(c.told.path);
        return below && (below->filetype != c.node->type || c.node->isLink());
    }

    engine::Result<> stage(const Change& c) {
        if (m_staged.contains(c.node.get())) return {};
        const auto stat = m_tree->stat(c.node);
        if (!stat) return said(stat.error(), c.told.path);
        Staged staged{{}, {}, *stat};
        if (c.node->isLink()) {
            const auto target = m_tree->target(c.node);
            if (!target) return said(target.error(), c.told.path);
            staged.target = *target;
            m_staged.emplace(c.node.get(), std::move(staged));
            return {};
        }
        staged.name = m_stagedName + "-" + std::to_string(m_staged.size());
        OpenHow how;
        how.read = how.write = how.create = how.exclusive = true;
        auto file = m_to.open(staged.name, how, nullptr);
        if (!file) return said(file.error(), staged.name);
        m_staged.emplace(c.node.get(), std::move(staged));
        VirtualFile from(m_tree, c.node, Fdflags::None);
        return copy(from, **file, c.told.path);
    }

    static engine::Result<> copy(File& from, File& to, const std::string& path) {
        std::vector<uint8_t> buffer(256 << 10);
        const auto stat = from.stat();
        if (!stat) return said(stat.error(), path);
        // What is a hole in both is passed over: a guest makes a file of 8 EiB with one call.
        for (uint64_t at = 0;;) {
            const DataRange now = from.nextData(at), before = to.nextData(at);
            const DataRange next = now.begin <= before.begin ? now : before;
            at = next.begin;
            if (at >= (*stat).size) return said(to.setSize((*stat).size), path);
            iovec part{buffer.data(), std::min<uint64_t>(buffer.size(), next.end - at)};
            const auto n = from.read({&part, 1}, at);
            if (!n) return said(n.error(), path);
            if (*n == 0) return said(to.setSize(at), path);  // it has become shorter meanwhile
            for (uint64_t done = 0; done < *n;) {
                part = {buffer.data() + done, *n - done};
                const auto written = to.write({&part, 1}, at + done);
                if (!written) return said(written.error(), path);
                done += *written;
            }
            at += *n;
        }
    }

    engine::Result<> removeAll(const std::string& path) {
        const auto stat = m_to.statAt(path, false);
        if (!stat && stat.error() == Errno::Noent) return {};
        if (!stat) return said(stat.error(), path);
        if ((*stat).filetype != Filetype::Directory) return said(m_to.unlink(path), path);
        OpenHow how;
        how.read = how.directory = true;
        auto opened = m_to.open(path, how, nullptr);
        if (!opened) return said(opened.error(), path);
        uint64_t leftOut = 0;
        const auto inside = (*opened)->asDirectory()->entries(leftOut);
        if (!inside) return said(inside.error(), path);
        for (const auto& entry : *inside)
            if (entry.name != "." && entry.name != "..") TRY(removeAll(path + "/" + entry.name));
        return said(m_to.removeDirectory(path), path);
    }

    engine::Result<> putLink(const Change& c) {
        return said(m_to.symlink(m_staged.at(c.node.get()).target, c.told.path), c.told.path);
    }

    /// What exists is written anew, so that it keeps its mode and its other names; what is new is moved there.
    engine::Result<> putFile(const Change& c) {
        const std::string& path = c.told.path;
        const Staged& staged = m_staged.at(c.node.get());
        const bool isThere = m_to.statAt(path, false).error() == Errno::Success;
        // Some file systems know no second name, and another one may be mounted there: what is staged is copied then.
        const Errno linked = isThere ? Errno::Exist : m_to.link(staged.name, false, m_to, path);
        const bool isCopied = isThere || linked == Errno::Perm || linked == Errno::Notsup ||
                              linked == Errno::Mlink || linked == Errno::Xdev;
        if (isCopied) {
            OpenHow how;
            how.read = true;
            auto from = m_to.open(staged.name, how, nullptr);
            if (!from) return said(from.error(), staged.name);
            how.write = true;
            how.create = how.exclusive = !isThere;
            auto to = m_to.open(path, how, nullptr);
            if (!to) return said(to.error(), path);
            TRY(copy(**from, **to, path));
        } else {
            TRY(said(linked, path));
        }
        NewTimes times;
        times.accessed = uint64_t{staged.stat.atim};
        times.modified = uint64_t{staged.stat.mtim};
        return said(m_to.setTimesAt(path, false, times), path);
    }

    struct Staged {
        std::string name;    // of a file: in the folder's root
        std::string target;  // of a link
        Filestat stat;
    };
    std::shared_ptr<VirtualTree> m_tree;
    Directory& m_to;
    std::string m_stagedName;  // begins so
    std::map<const VirtualNode*, Staged> m_staged;
};

/// `only`: what stands at that path; empty: all.
engine::Result<Comparison> compared(VirtualTree& tree, const std::string& only = {}) {
    Comparison comparison(tree);
    const Errno e = only.empty() ? comparison.compare(tree.root(), "", true) : comparison.compareAt(only);
    if (e != Errno::Success)
        return engine::Error{engine::ErrorCode::Io, "cannot compare with the folder below: " +
                                                        std::string(errnoText(static_cast<uint16_t>(e)))};
    return comparison;
}

}  // namespace

engine::Result<TreeChanges> changesOf(VirtualTree& tree) {
    auto comparison = TRY(compared(tree));
    TreeChanges changes{{}, comparison.total};
    for (auto& change : comparison.found)
        changes.first.push_back(std::move(change.told));
    return changes;
}

engine::Result<std::string> diffOf(const std::shared_ptr<VirtualTree>& tree, const std::string& only) {
    return Difference(tree).of(TRY(compared(*tree, only)).found);
}

engine::Result<uint64_t> applyChanges(const std::shared_ptr<VirtualTree>& tree, Directory& to) {
    const auto changes = TRY(compared(*tree));
    if (!changes.tooDeep.empty())
        return engine::Error{engine::ErrorCode::Limit, "cannot apply the change of " +
                                                           engine::printable(changes.tooDeep.substr(0, 200)) +
                                                           "…: a path of the host has at most " +
                                                           std::to_string(PATH_MAX - 1) +
                                                           " bytes; nothing was changed"};
    if (changes.found.size() < changes.total)
        return engine::Error{engine::ErrorCode::Limit, "cannot apply " + std::to_string(changes.total) +
                                                           " changes at once; nothing was changed"};
    TRY(Application(tree, to).run(changes.found));
    tree->discard();
    return changes.total;
}

}  // namespace wasi
