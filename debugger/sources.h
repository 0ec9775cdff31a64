// SourceFinder: which file on this machine is meant by a path in the debug info, and its text. The paths are a stranger's: only
// regular files below granted folders are opened, whatever the debug info says. Owned by the session; session thread only.
//
// Granted are: the module's folder; the project around it (the nearest folder above with a .git, Cargo.toml, CMakeLists.txt …, never the home
// folder or what is above it), so that who compiled on this machine sees sources at once; LaunchOptions::sourceRoots; and what the path map
// maps to. Tried, in this order: the path map, the path as recorded (relative ones from the module's folder), then the end of the path (its last
// 32 parts at most), longest first, below each granted folder.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace debugger {

class SourceFinder {
public:
    static constexpr uint64_t kMaxBytes = uint64_t{32} << 20;

    SourceFinder() = default;
    SourceFinder(const std::string& modulePath,
                 const std::vector<std::pair<std::string, std::string>>& pathMap,
                 const std::vector<std::string>& sourceRoots);

    /// Asked between files: true ends long searches, whose answers are then empty and not kept.
    void stopIf(std::function<bool()> isStopped) { m_isStopped = std::move(isStopped); }
    /// Path on this machine, or empty. Answers are kept.
    const std::string& resolve(const std::string& path);
    bool has(const std::string& path) { return !resolve(path).empty(); }

    struct Text {
        std::string resolvedPath;
        std::string bytes;  // at most kMaxBytes, as they are
        bool isCut = false;
        int64_t modifiedNs = 0;
    };
    /// NotFound lists what was tried and how to grant a folder; Io.
    engine::Result<Text> read(const std::string& path);
    const std::vector<std::string>& roots() const { return m_roots; }

private:
    std::vector<std::string> candidates(const std::string& path) const;
    /// A descriptor of the file if it is a regular one below a granted folder, else -1.
    int openGranted(const std::string& candidate) const;

    std::function<bool()> m_isStopped;
    std::string m_folder;
    std::vector<std::pair<std::string, std::string>> m_pathMap;
    std::vector<std::string> m_roots;  // canonical
    std::unordered_map<std::string, std::string> m_resolved;
};

/// Makes valid UTF-8: each invalid byte becomes U+FFFD, a byte order mark goes.
std::string toUtf8(std::string_view bytes);

}  // namespace debugger
