// TrustedFolders: the folders of which the user has said that scripts in and below them may run. A value; the user's own list is a file
// in the configuration, one folder a line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace wasi {

class TrustedFolders {
public:
    /// Of $XDG_CONFIG_HOME/wasiscope/trusted-folders, or ~/.config/…; empty if there is none. Io.
    static engine::Result<TrustedFolders> ofUser();
    /// Writes it there. Io, Denied with the path.
    engine::Result<> save() const;

    /// As it is really called: links are followed now. NotFound; BadArgument: it is no folder, or the root.
    engine::Result<> add(const std::string& folder);
    /// NotFound with what there is. A folder that is gone can still be taken off.
    engine::Result<> remove(const std::string& folder);
    /// `path` without links: does it lie in or below one of them?
    bool covers(std::string_view path) const;
    /// The folder in which a script really lies, if it is not covered; nothing if the script is not there either.
    std::optional<std::string> untrustedFolderOf(const std::string& script) const;
    const std::vector<std::string>& folders() const { return m_folders; }

private:
    std::vector<std::string> m_folders;
};

/// The text of a script, at most 256 KiB. Denied: its folder is not trusted, with what to do; Io, NotFound, Limit. What is opened is what is
/// judged: links that lead out of a trusted folder are refused.
engine::Result<std::string> readScript(const std::string& path, const TrustedFolders& trust);

}  // namespace wasi
