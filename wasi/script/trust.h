// TrustedFolders: the folders of which the user has said that scripts in and below them may run. A value; the user's own list is a file
// in the configuration, one folder a line, which several processes may change at once.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace wasi {

class TrustedFolders {
public:
    /// Of $XDG_CONFIG_HOME/wasiscope/trusted-folders, or ~/.config/…; empty if there is none. Io.
    static engine::Result<TrustedFolders> ofUser();
    /// Reads the user's list again if it was written since ofUser(); what was added and removed here stays so. Costs one stat(2) otherwise.
    void refresh();
    /// Adds and removes in the user's list what was added and removed here; what others wrote meanwhile stays. Io with the path; Limit if
    /// another process keeps it locked.
    engine::Result<> save();

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
    using Stamp = std::array<int64_t, 5>;
    engine::Result<> read();
    void apply(bool isAdded, const std::string& folder);

    std::string m_list;  // the user's file; empty: it was never asked for
    Stamp m_stamp{};
    std::vector<std::string> m_folders;
    std::vector<std::pair<bool, std::string>> m_changes;  // added or removed, since it was read
};

/// Who but the user decides what lies in a folder, as others may write there or exchange one of the folders above: "anybody may write
/// in /srv/x". Nothing if nobody does.
std::optional<std::string> whoElseWrites(const std::string& folder);

struct ScriptText {
    std::string text;
    std::string place;  // where it really lies
};
/// A script, at most 256 KiB. Denied: its folder is not trusted, with what to do; Io, NotFound, Limit. What is judged is what is read, and it
/// is not opened before: links that lead out of a trusted folder are refused.
engine::Result<ScriptText> readScript(const std::string& path, const TrustedFolders& trust);

}  // namespace wasi
