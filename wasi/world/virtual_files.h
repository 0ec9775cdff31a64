// VirtualFile, VirtualDirectory: what is open in a VirtualTree. They behave as those of a Linux file system: an unlinked file lives on
// while it is open, a removed directory takes nothing in any more.
#pragma once

#include "wasi/world/virtual_tree.h"

namespace wasi {

class VirtualFile : public File {
public:
    VirtualFile(std::shared_ptr<VirtualTree> tree, VirtualNodePtr node, Fdflags flags);
    ~VirtualFile() override;
    Filetype type() const override { return Filetype::RegularFile; }
    std::string_view kind() const override { return "file"; }
    std::string hostPath() const override;
    OrErrno<Filestat> stat() override { return m_tree->stat(m_node); }
    OrErrno<uint64_t> read(std::span<const iovec> to, std::optional<uint64_t> offset) override;
    OrErrno<uint64_t> write(std::span<const iovec> from, std::optional<uint64_t> offset) override;
    OrErrno<uint64_t> seek(int64_t offset, Whence whence) override;
    Errno setSize(uint64_t size) override;
    Errno setTimes(const NewTimes& times) override { return m_tree->setTimes(*m_node, times); }
    Errno setFlags(Fdflags flags) override;
    Errno advise(uint64_t offset, uint64_t length, Advice advice) override;
    Errno allocate(uint64_t offset, uint64_t length) override;
    DataRange nextData(uint64_t offset) override;
    uint64_t available() override;

private:
    OrErrno<uint64_t> size();

    std::shared_ptr<VirtualTree> m_tree;
    VirtualNodePtr m_node;
    uint64_t m_position = 0;
    bool m_appends;
};

class VirtualDirectory : public Directory {
public:
    VirtualDirectory(std::shared_ptr<VirtualTree> tree, VirtualNodePtr node)
        : m_tree(std::move(tree)), m_node(std::move(node)) {}
    Filetype type() const override { return Filetype::Directory; }
    std::string_view kind() const override { return "directory"; }
    std::string hostPath() const override;
    OrErrno<Filestat> stat() override { return m_tree->stat(m_node); }
    Errno setTimes(const NewTimes& times) override { return m_tree->setTimes(*m_node, times); }

    OrErrno<std::unique_ptr<File>> open(const std::string& path, const OpenHow& how,
                                        std::string* why) override;
    OrErrno<Filestat> statAt(const std::string& path, bool follow) override;
    Errno setTimesAt(const std::string& path, bool follow, const NewTimes& times) override;
    Errno createDirectory(const std::string& path) override;
    Errno removeDirectory(const std::string& path) override;
    Errno unlink(const std::string& path) override;
    Errno symlink(const std::string& target, const std::string& path) override;
    OrErrno<std::string> readLink(const std::string& path) override;
    Errno link(const std::string& path, bool follow, Directory& to, const std::string& newPath) override;
    Errno rename(const std::string& path, Directory& to, const std::string& newPath) override;
    OrErrno<std::vector<DirectoryEntry>> entries(uint64_t& leftOut) override {
        return m_tree->entries(m_node, leftOut);
    }

private:
    using Last = VirtualTree::Last;
    /// An existing node; Noent.
    OrErrno<VirtualPlace> existing(const std::string& path, Last last);
    /// A name that is free; Exist, Notdir.
    OrErrno<VirtualPlace> free(const std::string& path, bool forDirectory);

    std::shared_ptr<VirtualTree> m_tree;
    VirtualNodePtr m_node;
};

}  // namespace wasi
