#include "wasi/world/virtual_files.h"

#include <climits>

#include "wasi/world/beneath.h"

namespace wasi {

namespace {

std::string hostPathOf(const VirtualTree& tree, const VirtualNode& node) {
    if (!node.lower || !tree.lower()) return {};
    const std::string root = tree.lower()->hostPath();
    const std::string path = *node.lower == "." ? root : root + "/" + *node.lower;
    return path + (node.isFile() && node.isTouched ? " (changed in memory)" : "");
}

/// As Linux judges it, before it looks at the file.
bool endsBeyondAll(std::span<const iovec> parts, uint64_t at) {
    uint64_t bytes = 0;
    for (const iovec& part : parts)
        bytes += part.iov_len;
    return at > INT64_MAX || bytes > INT64_MAX - at;
}

}  // namespace

// ----------------------------------------------------------------------------------------------------------------- files

VirtualFile::VirtualFile(std::shared_ptr<VirtualTree> tree, VirtualNodePtr node, Fdflags flags)
    : m_tree(std::move(tree)), m_node(std::move(node)), m_appends(has(flags, Fdflags::Append)) {
    m_node->opens++;
}

VirtualFile::~VirtualFile() {
    if (--m_node->opens == 0) m_node->lowerFile.reset();
}

std::string VirtualFile::hostPath() const { return hostPathOf(*m_tree, *m_node); }

OrErrno<uint64_t> VirtualFile::size() {
    if (m_node->isTouched) return m_node->content.size();
    const auto s = m_tree->stat(m_node);
    if (!s) return s.error();
    return uint64_t{(*s).size};
}

OrErrno<uint64_t> VirtualFile::read(std::span<const iovec> to, std::optional<uint64_t> offset) {
    const uint64_t at = offset.value_or(m_position);
    if (endsBeyondAll(to, at)) return Errno::Inval;
    const auto lower = m_tree->lowerFile(*m_node);
    if (!lower) return lower.error();
    const auto n = m_node->isTouched ? m_node->content.read(to, at, *lower) : (*lower)->read(to, at);
    if (n && !offset) m_position += *n;
    return n;
}

OrErrno<uint64_t> VirtualFile::write(std::span<const iovec> from, std::optional<uint64_t> offset) {
    if (endsBeyondAll(from, offset.value_or(m_appends ? 0 : m_position))) return Errno::Inval;
    if (const Errno e = m_tree->touch(*m_node); e != Errno::Success) return e;
    const uint64_t at = m_appends ? m_node->content.size() : offset.value_or(m_position);
    const auto lower = m_tree->lowerFile(*m_node);
    if (!lower) return lower.error();
    const auto n = m_node->content.write(from, at, *lower);
    if (n && !offset) m_position = at + *n;
    return n;
}

OrErrno<uint64_t> VirtualFile::seek(int64_t offset, Whence whence) {
    int64_t base = 0;
    if (whence == Whence::Cur) base = static_cast<int64_t>(m_position);
    if (whence == Whence::End) {
        const auto end = size();
        if (!end) return end.error();
        base = static_cast<int64_t>(*end);
    }
    int64_t to = 0;
    if (__builtin_add_overflow(base, offset, &to)) return Errno::Overflow;
    if (to < 0) return Errno::Inval;
    m_position = static_cast<uint64_t>(to);
    return m_position;
}

Errno VirtualFile::setSize(uint64_t size) {
    if (size > VirtualContent::kMaxSize) return Errno::Inval;
    if (const Errno e = m_tree->touch(*m_node); e != Errno::Success) return e;
    return m_node->content.setSize(size);
}

Errno VirtualFile::setFlags(Fdflags flags) {
    m_appends = has(flags, Fdflags::Append);
    return Errno::Success;
}

Errno VirtualFile::advise(uint64_t offset, uint64_t length, Advice) {
    constexpr uint64_t kMost = VirtualContent::kMaxSize;
    return offset > kMost || length > kMost || offset + length > kMost ? Errno::Inval : Errno::Success;
}

Errno VirtualFile::allocate(uint64_t offset, uint64_t length) {
    constexpr uint64_t kMost = VirtualContent::kMaxSize;
    if (length == 0) return Errno::Inval;
    if (offset > kMost || length > kMost || offset + length > kMost) return Errno::Fbig;
    // Nothing is stored for bytes that nobody wrote, but what is promised has to fit.
    if (!m_tree->storage().hasRoomFor(length)) return Errno::Nospc;
    if (const Errno e = m_tree->touch(*m_node); e != Errno::Success) return e;
    return offset + length > m_node->content.size() ? m_node->content.setSize(offset + length)
                                                    : Errno::Success;
}

DataRange VirtualFile::nextData(uint64_t offset) {
    const auto lower = m_tree->lowerFile(*m_node);
    if (!lower) return {offset, ~uint64_t{0}};  // reading says why
    return m_node->isTouched ? m_node->content.nextData(offset, *lower) : (*lower)->nextData(offset);
}

uint64_t VirtualFile::available() {
    const auto end = size();
    return end && *end > m_position ? *end - m_position : 0;
}

// ----------------------------------------------------------------------------------------------------------- directories

std::string VirtualDirectory::hostPath() const { return hostPathOf(*m_tree, *m_node); }

OrErrno<VirtualPlace> VirtualDirectory::existing(const std::string& path, Last last) {
    auto place = m_tree->find(m_node, path, last);
    if (place && place->isMissing()) return Errno::Noent;
    if (place && place->mustBeDirectory && !place->node->isDirectory()) return Errno::Notdir;
    return place;
}

OrErrno<VirtualPlace> VirtualDirectory::free(const std::string& path, bool forDirectory) {
    auto place = m_tree->find(m_node, path, Last::Entry);
    if (!place) return place;
    if (place->isSelf()) return Errno::Exist;
    if (forDirectory) return place->isMissing() ? std::move(place) : Errno::Exist;
    if (place->mustBeDirectory)
        return place->isMissing() ? Errno::Noent : place->node->isDirectory() ? Errno::Exist : Errno::Notdir;
    return place->isMissing() ? std::move(place) : Errno::Exist;
}

OrErrno<std::unique_ptr<File>> VirtualDirectory::open(const std::string& path, const OpenHow& how,
                                                      std::string* why) {
    const auto refuse = [&](Errno error, std::string_view reason) {
        if (why) *why = reason;
        return error;
    };
    if (how.create && how.directory) return refuse(Errno::Inval, "creat and directory exclude each other");
    const bool mustBeNew = how.create && how.exclusive;
    auto place = m_tree->find(m_node, path, how.follow && !mustBeNew ? Last::Follow : Last::Opened);
    if (!place) return place.error();
    VirtualNodePtr node = place->node;
    if (!node) {
        if (!how.create) return Errno::Noent;
        if (place->mustBeDirectory) return Errno::Isdir;
        auto made = m_tree->make(*place, Filetype::RegularFile);
        if (!made) return made.error();
        return std::unique_ptr<File>(std::make_unique<VirtualFile>(m_tree, std::move(*made), how.flags));
    }
    if (mustBeNew) return Errno::Exist;
    if (node->isLink()) return Errno::Loop;
    if (node->isDirectory()) {
        if (how.create || how.write || how.truncate) return Errno::Isdir;
        return std::unique_ptr<File>(std::make_unique<VirtualDirectory>(m_tree, std::move(node)));
    }
    if (how.directory || place->mustBeDirectory) return Errno::Notdir;
    if (!node->isFile())
        return refuse(Errno::Notsup,
                      "it is no file (a FIFO, socket or device); only files and directories are opened");
    auto file = std::make_unique<VirtualFile>(m_tree, node, how.flags);
    if (how.truncate)
        if (const Errno e = file->setSize(0); e != Errno::Success) return e;
    // Whether it can be read is known now, not at the first read.
    const auto lower = m_tree->lowerFile(*node);
    if (!lower) return lower.error();
    return std::unique_ptr<File>(std::move(file));
}

OrErrno<Filestat> VirtualDirectory::statAt(const std::string& path, bool follow) {
    const auto place = existing(path, follow ? Last::Follow : Last::Opened);
    if (!place) return place.error();
    return m_tree->stat((*place).node);
}

Errno VirtualDirectory::setTimesAt(const std::string& path, bool follow, const NewTimes& times) {
    const auto place = existing(path, follow ? Last::Follow : Last::Opened);
    if (!place) return place.error();
    return m_tree->setTimes(*(*place).node, times);
}

Errno VirtualDirectory::createDirectory(const std::string& path) {
    const auto place = free(path, true);
    if (!place) return place.error();
    return m_tree->make(*place, Filetype::Directory).error();
}

Errno VirtualDirectory::removeDirectory(const std::string& path) {
    const auto place = m_tree->find(m_node, path, Last::Entry);
    if (!place) return place.error();
    if ((*place).isSelf()) return (*place).isParentDots ? Errno::Notempty : Errno::Inval;
    if ((*place).isMissing()) return Errno::Noent;
    if (!(*place).node->isDirectory()) return Errno::Notdir;
    return m_tree->remove(*place);
}

Errno VirtualDirectory::unlink(const std::string& path) {
    const auto place = m_tree->find(m_node, path, Last::Entry);
    if (!place) return place.error();
    if ((*place).isSelf()) return Errno::Isdir;
    if ((*place).isMissing()) return Errno::Noent;
    if ((*place).node->isDirectory()) return Errno::Isdir;
    if ((*place).mustBeDirectory) return Errno::Notdir;
    return m_tree->remove(*place);
}

Errno VirtualDirectory::symlink(const std::string& target, const std::string& path) {
    if (target.starts_with('/')) return kOutside;
    if (target.empty()) return Errno::Noent;
    if (target.size() >= PATH_MAX) return Errno::Nametoolong;
    const auto place = free(path, false);
    if (!place) return place.error();
    return m_tree->make(*place, Filetype::SymbolicLink, target).error();
}

OrErrno<std::string> VirtualDirectory::readLink(const std::string& path) {
    const auto place = existing(path, Last::Entry);
    if (!place) return place.error();
    return m_tree->target((*place).node);
}

Errno VirtualDirectory::link(const std::string& path, bool follow, Directory& directory,
                             const std::string& newPath) {
    auto* const to = dynamic_cast<VirtualDirectory*>(&directory);
    if (!to || to->m_tree != m_tree) return Errno::Xdev;
    const auto from = existing(path, follow ? Last::Follow : Last::Entry);
    if (!from) return from.error();
    const auto at = to->free(newPath, false);
    if (!at) return at.error();
    if ((*from).node->isDirectory()) return Errno::Perm;
    return m_tree->link(*at, (*from).node);
}

Errno VirtualDirectory::rename(const std::string& path, Directory& directory, const std::string& newPath) {
    auto* const to = dynamic_cast<VirtualDirectory*>(&directory);
    if (!to || to->m_tree != m_tree) return Errno::Xdev;
    const auto from = m_tree->find(m_node, path, Last::Entry);
    if (!from) return from.error();
    const auto at = m_tree->find(to->m_node, newPath, Last::Entry);
    if (!at) return at.error();
    if ((*from).isSelf() || (*at).isSelf()) return Errno::Busy;
    if ((*from).isMissing()) return Errno::Noent;
    if (((*from).mustBeDirectory || (*at).mustBeDirectory) && !(*from).node->isDirectory())
        return Errno::Notdir;
    return m_tree->rename(*from, *at);
}

}  // namespace wasi
