#include "wasi/world/virtual_tree.h"

#include <algorithm>
#include <climits>
#include <deque>

#include "wasi/world/beneath.h"

namespace wasi {

namespace {

constexpr int kMaxLinks = 40;                // as Linux
constexpr uint64_t kNodeBytes = 1024;        // what a node of the guest's own is counted as, with its name
constexpr uint64_t kOwnInodes = 1ull << 62;  // numbers of the guest's own nodes: no file system has such

std::string below(const VirtualNode& directory, const std::string& name) {
    return *directory.lower == "." ? name : *directory.lower + "/" + name;
}

/// A path's components, and what stands at its end.
struct Components {
    std::deque<std::string> names;  // without "."
    bool endsInSlash = false, endsInDots = false, endsInParent = false;
};

OrErrno<Components> split(const std::string& path) {
    if (path.empty()) return Errno::Noent;
    if (path.size() >= PATH_MAX) return Errno::Nametoolong;
    if (path[0] == '/') return kOutside;
    Components parts;
    std::string last;
    for (size_t at = 0; at < path.size();) {
        const size_t slash = std::min(path.find('/', at), path.size());
        last = path.substr(at, slash - at);
        if (last.size() > NAME_MAX) return Errno::Nametoolong;
        if (!last.empty() && last != ".") parts.names.push_back(last);
        if (!last.empty()) {
            parts.endsInDots = last == "." || last == "..";
            parts.endsInParent = last == "..";
        }
        at = slash + 1;
    }
    parts.endsInSlash = path.back() == '/';
    return parts;
}

}  // namespace

/// Folders may stand in each other a million deep: those that go with this one are taken out of each other first, so that none ends within
/// another's end.
VirtualNode::~VirtualNode() {
    storage->giveBack(taken);
    std::multimap<std::string, VirtualNodePtr, std::less<>> gone;  // moved there without taking memory
    gone.merge(children);
    while (!gone.empty()) {
        const auto entry = gone.extract(gone.begin());
        if (const VirtualNodePtr& node = entry.mapped(); node && node.use_count() == 1)
            gone.merge(node->children);
    }
}

VirtualTree::VirtualTree(std::shared_ptr<VirtualStorage> storage, std::unique_ptr<Directory> lower,
                         uint64_t device)
    : m_storage(std::move(storage)), m_lower(std::move(lower)), m_device(device), m_nextInode(kOwnInodes) {
    discard();
}

void VirtualTree::discard() {
    m_linked.clear();
    if (!m_root) {
        m_root = newNode(Filetype::Directory);
        m_root->links = 1;
    }
    m_root->children.clear();
    if (!m_lower) {
        changedNow(*m_root);
        m_root->accessed = m_root->modified;
        return;
    }
    m_root->lower = ".";
    m_root->accessed = m_root->modified = m_root->changed = std::nullopt;
    if (const auto stat = m_lower->stat()) {
        m_root->device = (*stat).dev;
        m_root->inode = (*stat).ino;
    }
}

VirtualNodePtr VirtualTree::newNode(Filetype type) {
    auto node = std::make_shared<VirtualNode>(m_storage);
    node->type = type;
    node->device = m_root ? m_root->device : m_device;
    node->inode = m_nextInode++;
    return node;
}

VirtualNodePtr VirtualTree::fromBelow(const std::string& path, const Filestat& stat) {
    const bool hasMoreNames = stat.filetype == Filetype::RegularFile && stat.nlink > 1;
    const std::pair<uint64_t, uint64_t> number{stat.dev, stat.ino};
    if (hasMoreNames)
        if (const auto known = m_linked.find(number); known != m_linked.end())
            if (auto node = known->second.lock()) return node;
    auto node = std::make_shared<VirtualNode>(m_storage);
    node->type = stat.filetype;
    node->device = stat.dev;
    node->inode = stat.ino;
    node->links = stat.nlink;
    node->lower = path;
    node->isTouched = false;
    if (hasMoreNames) m_linked[number] = node;
    return node;
}

bool VirtualTree::isBelow(const VirtualNode& directory, const std::string& name) const {
    return directory.lower && m_lower->statAt(wasi::below(directory, name), false);
}

std::optional<Filestat> VirtualTree::below(const std::string& path) const {
    if (!m_lower) return std::nullopt;
    const auto stat = m_lower->statAt(path, false);
    return stat ? std::optional(*stat) : std::nullopt;
}

OrErrno<VirtualNodePtr> VirtualTree::child(const VirtualNodePtr& directory, const std::string& name) {
    const auto known = directory->children.find(name);
    if (known != directory->children.end()) return known->second;
    if (!directory->lower) return VirtualNodePtr();
    const std::string path = wasi::below(*directory, name);
    const auto stat = m_lower->statAt(path, false);
    if (!stat && stat.error() == Errno::Noent) return VirtualNodePtr();
    if (!stat) return stat.error();
    auto node = fromBelow(path, *stat);
    if (node->isDirectory()) node->parent = directory;
    directory->children.emplace(name, node);
    return node;
}

OrErrno<VirtualPlace> VirtualTree::find(const VirtualNodePtr& from, const std::string& path, Last last) {
    auto parts = split(path);
    if (!parts) return parts.error();
    VirtualPlace place;
    place.mustBeDirectory = (*parts).endsInSlash || (*parts).endsInDots;
    place.isParentDots = (*parts).endsInParent;
    const bool namesByDots = (*parts).endsInDots;
    std::vector<VirtualNodePtr> opened{from};
    auto& todo = (*parts).names;
    int links = 0;
    const auto expand = [&](const VirtualNodePtr& link) {
        if (++links > kMaxLinks) return Errno::Loop;
        const auto text = target(link);
        if (!text) return text.error();
        auto more = split(*text);
        if (!more) return more.error();
        if (todo.empty() && ((*more).endsInSlash || (*more).endsInDots)) place.mustBeDirectory = true;
        todo.insert(todo.begin(), (*more).names.begin(), (*more).names.end());
        return Errno::Success;
    };
    while (!todo.empty()) {
        const std::string name = std::move(todo.front());
        todo.pop_front();
        if (name == "..") {
            if (opened.size() == 1) return kOutside;
            opened.pop_back();
            continue;
        }
        auto found = child(opened.back(), name);
        if (!found) return found.error();
        const bool isLast = todo.empty() && !namesByDots;
        const bool follows =
            !isLast || last == Last::Follow || (last == Last::Opened && place.mustBeDirectory);
        if (*found && (*found)->isLink() && follows) {
            if (const Errno e = expand(*found); e != Errno::Success) return e;
            continue;
        }
        if (isLast) {
            place.parent = opened.back();
            place.name = name;
            place.node = *found;
            return place;
        }
        if (!*found) return Errno::Noent;
        if (!(*found)->isDirectory()) return Errno::Notdir;
        opened.push_back(*found);
    }
    place.node = opened.back();
    return place;
}

OrErrno<std::vector<DirectoryEntry>> VirtualTree::entries(const VirtualNodePtr& directory,
                                                          uint64_t& leftOut) {
    leftOut = 0;
    std::vector<DirectoryEntry> all{{".", directory->inode, Filetype::Directory},
                                    {"..", directory->inode, Filetype::Directory}};
    if (directory->links == 0) return std::vector<DirectoryEntry>{};
    if (directory->lower) {
        OpenHow how;
        how.read = how.directory = true;
        auto opened = m_lower->open(*directory->lower, how, nullptr);
        if (!opened) return opened.error();
        auto lower = (*opened)->asDirectory()->entries(leftOut);
        if (!lower) return lower.error();
        for (auto& entry : *lower)
            if (entry.name != "." && entry.name != ".." && !directory->children.contains(entry.name))
                all.push_back(std::move(entry));
    }
    for (const auto& [name, node] : directory->children)
        if (node) all.push_back({name, node->inode, node->type});
    return all;
}

OrErrno<Filestat> VirtualTree::stat(const VirtualNodePtr& node) {
    Filestat s;
    if (node->lower && (!node->isTouched || !node->modified || !node->accessed || !node->changed)) {
        const auto lower = m_lower->statAt(*node->lower, false);
        if (!lower) return lower.error();
        s = *lower;
    }
    s.dev = node->device;
    s.ino = node->inode;
    s.filetype = node->type;
    if (!node->isDirectory())
        s.nlink = node->links;
    else if (!node->lower)
        s.nlink = node->links ? 2 : 0;
    if (node->isFile() && node->isTouched) s.size = node->content.size();
    if (node->isLink() && !node->lower) s.size = node->target.size();
    if (node->accessed) s.atim = *node->accessed;
    if (node->modified) s.mtim = *node->modified;
    if (node->changed) s.ctim = *node->changed;
    return s;
}

OrErrno<std::string> VirtualTree::target(const VirtualNodePtr& link) {
    if (!link->isLink()) return Errno::Inval;
    return link->lower ? m_lower->readLink(*link->lower) : OrErrno<std::string>(link->target);
}

Errno VirtualTree::setTimes(VirtualNode& node, const NewTimes& times) {
    const uint64_t now = m_storage->now();
    const auto choose = [now](const auto& time) {
        const auto* given = std::get_if<uint64_t>(&*time);
        return given ? *given : now;
    };
    if (times.accessed) node.accessed = choose(times.accessed);
    if (times.modified) node.modified = choose(times.modified);
    node.changed = now;
    return Errno::Success;
}

void VirtualTree::changedNow(VirtualNode& directory) {
    directory.modified = directory.changed = m_storage->now();
}

Errno VirtualTree::takeRoom(VirtualNode& node, uint64_t besides) {
    if (!m_storage->take(kNodeBytes + besides)) return Errno::Nospc;
    node.taken += kNodeBytes + besides;
    return Errno::Success;
}

OrErrno<VirtualNodePtr> VirtualTree::make(const VirtualPlace& at, Filetype type, const std::string& target) {
    if (at.parent->links == 0) return Errno::Noent;
    auto node = newNode(type);
    if (const Errno e = takeRoom(*node, target.size()); e != Errno::Success) return e;
    node->target = target;
    node->accessed = node->modified = node->changed = m_storage->now();
    if (type == Filetype::Directory) node->parent = at.parent;
    at.parent->children[at.name] = node;
    changedNow(*at.parent);
    return node;
}

Errno VirtualTree::link(const VirtualPlace& at, const VirtualNodePtr& node) {
    if (at.parent->links == 0) return Errno::Noent;
    if (const Errno e = takeRoom(*node); e != Errno::Success) return e;
    at.parent->children[at.name] = node;
    node->links++;
    node->changed = m_storage->now();
    changedNow(*at.parent);
    return Errno::Success;
}

/// The name no longer stands there, also if it does below.
void VirtualTree::takeOut(const VirtualPlace& at) {
    if (isBelow(*at.parent, at.name))
        at.parent->children[at.name] = nullptr;
    else
        at.parent->children.erase(at.name);
    changedNow(*at.parent);
}

Errno VirtualTree::remove(const VirtualPlace& at) {
    if (at.node->isDirectory()) {
        const auto& known = at.node->children;
        if (std::any_of(known.begin(), known.end(),
                        [](const auto& child) { return child.second != nullptr; }))
            return Errno::Notempty;
        uint64_t leftOut = 0;
        const auto inside = entries(at.node, leftOut);
        if (!inside) return inside.error();
        if ((*inside).size() > 2 || leftOut > 0) return Errno::Notempty;
        at.node->links = 0;
    } else if (at.node->links > 0 && --at.node->links > 0 && at.node->taken >= kNodeBytes) {
        at.node->taken -= kNodeBytes;
        m_storage->giveBack(kNodeBytes);
    }
    at.node->changed = m_storage->now();
    takeOut(at);
    return Errno::Success;
}

Errno VirtualTree::rename(const VirtualPlace& from, const VirtualPlace& to) {
    if (to.parent->links == 0) return Errno::Noent;
    if (from.node == to.node) return Errno::Success;
    for (VirtualNodePtr above = to.parent; above; above = above->parent.lock())
        if (above == from.node) return Errno::Inval;
    if (to.node) {
        if (from.node->isDirectory() && !to.node->isDirectory()) return Errno::Notdir;
        if (!from.node->isDirectory() && to.node->isDirectory()) return Errno::Isdir;
        if (const Errno e = remove(to); e != Errno::Success) return e;
    }
    takeOut(from);
    to.parent->children[to.name] = from.node;
    if (from.node->isDirectory()) from.node->parent = to.parent;
    from.node->changed = m_storage->now();
    changedNow(*to.parent);
    return Errno::Success;
}

OrErrno<File*> VirtualTree::lowerFile(VirtualNode& node) {
    const bool isNeeded = !node.isTouched || node.content.needsLower();
    if (!isNeeded || !node.lower) return static_cast<File*>(nullptr);
    if (!node.lowerFile) {
        OpenHow how;
        how.read = true;
        auto opened = m_lower->open(*node.lower, how, nullptr);
        if (!opened) return opened.error();
        node.lowerFile = std::move(*opened);
    }
    return node.lowerFile.get();
}

Errno VirtualTree::touch(VirtualNode& node) {
    if (!node.isTouched) {
        const auto stat = m_lower->statAt(*node.lower, false);
        if (!stat) return stat.error();
        node.content.startFrom((*stat).size);
        if (!node.accessed) node.accessed = uint64_t{(*stat).atim};
        node.isTouched = true;
    }
    changedNow(node);
    return Errno::Success;
}

Errno VirtualTree::copyUp(const VirtualNodePtr& node) {
    if (const Errno e = takeRoom(*node); e != Errno::Success) return e;
    const auto now = stat(node);
    if (!now) return now.error();
    if (node->isDirectory()) {
        uint64_t leftOut = 0;
        const auto inside = entries(node, leftOut);
        if (!inside) return inside.error();
        for (const auto& entry : *inside) {
            if (entry.name == "." || entry.name == "..") continue;
            auto below = child(node, entry.name);
            if (!below) return below.error();
            // FIFOs, sockets and devices are not opened either.
            if (*below && !(*below)->isDirectory() && !(*below)->isFile() && !(*below)->isLink())
                node->children.erase(entry.name);
            else if (*below && (*below)->lower)
                if (const Errno e = copyUp(*below); e != Errno::Success) return e;
        }
    } else if (node->isLink()) {
        auto text = target(node);
        if (!text) return text.error();
        node->target = std::move(*text);
    } else {
        const auto file = lowerFile(*node);
        if (!file) return file.error();
        std::vector<uint8_t> buffer(256 << 10);
        for (uint64_t at = 0;;) {
            iovec part{buffer.data(), buffer.size()};
            const auto n = (*file)->read({&part, 1}, at);
            if (!n) return n.error();
            if (*n == 0) break;
            part.iov_len = *n;
            const auto kept = node->content.write({&part, 1}, at, nullptr);
            if (!kept) return kept.error();
            at += *n;
        }
        node->isTouched = true;
        node->lowerFile.reset();
    }
    node->accessed = uint64_t{(*now).atim};
    node->modified = uint64_t{(*now).mtim};
    node->changed = uint64_t{(*now).ctim};
    node->lower.reset();
    return Errno::Success;
}

Errno VirtualTree::detachFromLower() {
    const Errno e = copyUp(m_root);
    m_lower.reset();
    m_linked.clear();
    return e;
}

}  // namespace wasi
