// What was changed in a VirtualTree against what lies below it, and doing that on the host.
#pragma once

#include "wasi/world/virtual_tree.h"

namespace wasi {

struct TreeChanges {
    std::vector<FolderChange> first;  // by path; of what was removed only the topmost
    uint64_t total = 0;  // more than `first` has, where their paths are longer than 256 MiB together
};
/// New times alone count as a change of a file. What stands deeper than the host's paths may lead is not told.
engine::Result<TreeChanges> changesOf(VirtualTree& tree);

/// The changes as a unified diff with contents, paths as patch -p1 takes them. Files that are no plain text, or larger than 1 MiB, are named
/// with their sizes and the first byte that differs in their first 64 MiB; directories and links in a line. Ends with a note where it gets longer than 16 MiB.
/// `only`: of the change at that path; empty = of all.
engine::Result<std::string> diffOf(const std::shared_ptr<VirtualTree>& tree, const std::string& only = {});

/// Does them in `to`, which is the tree's lower directory, granted for writing; the tree then has none any more. Contents are written
/// beside what is there before anything is replaced; holes stay holes. Number of changes. Errors: Io, Denied with the path, Limit where
/// there are more than changesOf() tells, or deeper ones; the tree then keeps its changes, and they can be applied again.
engine::Result<uint64_t> applyChanges(const std::shared_ptr<VirtualTree>& tree, Directory& to);

}  // namespace wasi
