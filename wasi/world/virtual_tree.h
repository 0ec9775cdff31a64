// VirtualTree: a file system of the guest's own: nodes in memory, over a lower directory of the host or over nothing. It is one tree for both
// mounts: an overlay shows what lies below until something is changed, an in-memory folder has nothing below. The lower directory is
// only ever read, through a Directory that allows nothing else. Owned by the directories and files that are open in it.
//
// A node that comes from below remembers where (`lower`), wherever it is moved: so a rename copies nothing. Names of the lower directory
// that were removed or moved away are kept as null children.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wasi/folder_changes.h"
#include "wasi/world.h"
#include "wasi/world/virtual_content.h"

namespace wasi {

struct VirtualNode {
    explicit VirtualNode(const std::shared_ptr<VirtualStorage>& in) : storage(in), content(in) {}
    VirtualNode(const VirtualNode&) = delete;
    ~VirtualNode();
    bool isDirectory() const { return type == Filetype::Directory; }
    bool isLink() const { return type == Filetype::SymbolicLink; }
    bool isFile() const { return type == Filetype::RegularFile; }

    std::shared_ptr<VirtualStorage> storage;
    uint64_t taken = 0;  // of it, beside the content
    Filetype type = Filetype::RegularFile;
    uint64_t device = 0, inode = 0;
    uint64_t links = 1;                                   // 0: it stands nowhere any more
    std::optional<std::string> lower;                     // its path in the lower directory
    std::optional<uint64_t> accessed, modified, changed;  // absent: as below

    std::map<std::string, std::shared_ptr<VirtualNode>, std::less<>> children;
    std::weak_ptr<VirtualNode> parent;  // of a directory

    std::string target;  // of a link; read from below when it is asked for

    VirtualContent content;
    bool isTouched = true;  // false: the content is that of the lower file, as it is now
    uint32_t opens = 0;
    std::unique_ptr<File> lowerFile;  // while something is open
};
using VirtualNodePtr = std::shared_ptr<VirtualNode>;

/// Where a path leads.
struct VirtualPlace {
    VirtualNodePtr parent;
    std::string name;     // in it; empty if the path names a directory by dots, which is then `node`
    VirtualNodePtr node;  // null: there is none of that name
    bool mustBeDirectory = false;
    bool isParentDots = false;
    bool isSelf() const { return name.empty(); }
    bool isMissing() const { return node == nullptr; }
};

class VirtualTree {
public:
    /// `lower` is null for a folder in memory.
    VirtualTree(std::shared_ptr<VirtualStorage> storage, std::unique_ptr<Directory> lower, uint64_t device);

    const VirtualNodePtr& root() const { return m_root; }
    VirtualStorage& storage() const { return *m_storage; }
    Directory* lower() const { return m_lower.get(); }

    enum class Last : uint8_t {
        Entry,   // the entry itself, also if it is a link
        Follow,  // what a link in the last place leads to
        Opened,  // the entry, but what it leads to where a slash behind it demands a directory
    };
    /// Walks from `from`, which no path leaves: kOutside.
    OrErrno<VirtualPlace> find(const VirtualNodePtr& from, const std::string& path, Last last);
    /// The child, or null.
    OrErrno<VirtualNodePtr> child(const VirtualNodePtr& directory, const std::string& name);
    OrErrno<std::vector<DirectoryEntry>> entries(const VirtualNodePtr& directory, uint64_t& leftOut);
    OrErrno<Filestat> stat(const VirtualNodePtr& node);
    OrErrno<std::string> target(const VirtualNodePtr& link);
    Errno setTimes(VirtualNode& node, const NewTimes& times);

    /// A new node of that type at an empty place; `target`: of a link.
    OrErrno<VirtualNodePtr> make(const VirtualPlace& at, Filetype type, const std::string& target = {});
    Errno link(const VirtualPlace& at, const VirtualNodePtr& node);
    Errno remove(const VirtualPlace& at);
    Errno rename(const VirtualPlace& from, const VirtualPlace& to);

    // Contents of files that are open (VirtualFile counts `opens`).
    /// The file below, if its bytes are still needed; null if not.
    OrErrno<File*> lowerFile(VirtualNode& node);
    /// Before content or size is changed.
    Errno touch(VirtualNode& node);

    /// Copies all that lies below into the tree, which then is one of its own.
    Errno detachFromLower();
    /// What stands below at that path.
    std::optional<Filestat> below(const std::string& path) const;
    /// Back to how it was at first.
    void discard();

private:
    VirtualNodePtr newNode(Filetype type);
    VirtualNodePtr fromBelow(const std::string& path, const Filestat& stat);
    bool isBelow(const VirtualNode& directory, const std::string& name) const;
    void takeOut(const VirtualPlace& at);
    void changedNow(VirtualNode& directory);
    Errno copyUp(const VirtualNodePtr& node);
    Errno takeRoom(VirtualNode& node, uint64_t besides = 0);

    std::shared_ptr<VirtualStorage> m_storage;
    std::unique_ptr<Directory> m_lower;
    uint64_t m_device, m_nextInode;
    VirtualNodePtr m_root;
    std::map<std::pair<uint64_t, uint64_t>, std::weak_ptr<VirtualNode>>
        m_linked;  // files below with more names
};

}  // namespace wasi
