#include "debugger/sources.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "debugger/debuggee.h"

namespace debugger {

namespace fs = std::filesystem;
using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr size_t kMaxParts = 32;  // of the end of a path that are looked for in granted folders

/// Is `path` the folder or below it? Both canonical.
bool isBelow(const std::string& path, const std::string& folder) {
    return path.starts_with(folder) &&
           (path.size() == folder.size() || folder == "/" || path[folder.size()] == '/');
}

bool isSystemFolder(const std::string& path) {
    for (const char* folder : {"/proc", "/sys", "/dev", "/run"}) {
        if (isBelow(path, folder)) return true;
    }
    return false;
}

/// The project that a folder belongs to: the nearest one above it that looks like the top of a source tree.
std::string projectFolder(const std::string& folder) {
    static constexpr const char* kMarks[] = {".git",      ".hg",         "Cargo.toml",   "CMakeLists.txt",
                                             "Makefile",  "meson.build", "package.json", "go.mod",
                                             "build.zig", "configure",   "BUILD.bazel"};
    const char* home = std::getenv("HOME");
    std::error_code ignored;
    const std::string homeFolder = home ? fs::weakly_canonical(home, ignored).string() : "";
    fs::path at = folder;
    for (int levels = 0; levels < 8 && at.has_relative_path(); levels++, at = at.parent_path()) {
        if (at == "/" || at == homeFolder || isBelow(homeFolder, at.string())) break;
        for (const char* mark : kMarks) {
            if (fs::exists(at / mark, ignored)) return at.string();
        }
    }
    return {};
}

}  // namespace

SourceFinder::SourceFinder(const std::string& modulePath,
                           const std::vector<std::pair<std::string, std::string>>& pathMap,
                           const std::vector<std::string>& sourceRoots)
    : m_pathMap(pathMap) {
    std::error_code ignored;
    const fs::path module = fs::weakly_canonical(fs::absolute(modulePath, ignored), ignored);
    m_folder = module.parent_path().string();
    const auto grant = [&](const std::string& folder) {
        if (folder.empty()) return;
        const std::string canonical = fs::weakly_canonical(fs::absolute(folder, ignored), ignored).string();
        if (canonical.empty() || isSystemFolder(canonical)) return;
        if (std::find(m_roots.begin(), m_roots.end(), canonical) == m_roots.end())
            m_roots.push_back(canonical);
    };
    grant(m_folder);
    for (const std::string& root : sourceRoots)
        grant(root);
    for (const auto& [from, to] : pathMap)
        grant(to);
    grant(projectFolder(m_folder));
}

std::vector<std::string> SourceFinder::candidates(const std::string& path) const {
    std::vector<std::string> found;
    const auto add = [&](std::string candidate) {
        candidate = fs::path(candidate).lexically_normal().string();
        if (std::find(found.begin(), found.end(), candidate) == found.end())
            found.push_back(std::move(candidate));
    };
    for (const auto& [from, to] : m_pathMap) {
        const bool whole =
            from.empty() || from.back() == '/' || path.size() == from.size() || path[from.size()] == '/';
        if (path.starts_with(from) && whole)
            add((fs::path(to) / fs::path(path.substr(from.size())).relative_path()).string());
    }
    add(path.starts_with('/') ? path : (fs::path(m_folder) / path).string());

    // The end of the path, longest first: a tree that was compiled elsewhere and moved here.
    std::vector<std::string> parts;
    for (const fs::path& part : fs::path(path).lexically_normal()) {
        if (part != "/" && part != "." && part != "..") parts.push_back(part.string());
    }
    for (size_t skip = parts.size() - std::min(parts.size(), kMaxParts); skip < parts.size(); skip++) {
        fs::path tail;
        for (size_t i = skip; i < parts.size(); i++)
            tail /= parts[i];
        for (const std::string& root : m_roots)
            add((fs::path(root) / tail).string());
    }
    return found;
}

int SourceFinder::openGranted(const std::string& candidate) const {
    if (candidate.find('\0') != std::string::npos) return -1;
    // First by name, so that nothing outside is touched; then by what was really opened, as links may have moved meanwhile.
    std::error_code error;
    const std::string canonical = fs::canonical(candidate, error).string();
    const auto granted = [&](const std::string& path) {
        return !isSystemFolder(path) && std::any_of(m_roots.begin(), m_roots.end(),
                                                    [&](const auto& root) { return isBelow(path, root); });
    };
    if (error || !granted(canonical)) return -1;
    const int fd = open(canonical.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return -1;
    struct stat status = {};
    const std::string opened = fs::read_symlink("/proc/self/fd/" + std::to_string(fd), error).string();
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || error || !granted(opened)) {
        close(fd);
        return -1;
    }
    return fd;
}

const std::string& SourceFinder::resolve(const std::string& path) {
    static const std::string kNone;
    const auto known = m_resolved.find(path);
    if (known != m_resolved.end()) return known->second;
    std::string found;
    if (!path.empty() && path.size() < 4096) {
        for (const std::string& candidate : candidates(path)) {
            if (m_isStopped && m_isStopped()) return kNone;
            const int fd = openGranted(candidate);
            if (fd < 0) continue;
            close(fd);
            found = candidate;
            break;
        }
    }
    return m_resolved[path] = std::move(found);
}

Result<SourceFinder::Text> SourceFinder::read(const std::string& path) {
    m_resolved.erase(path);  // it may have appeared since
    const std::string resolved = resolve(path);
    const int fd = resolved.empty() ? -1 : openGranted(resolved);
    if (fd < 0) {
        std::string tried;
        if (path.size() < 4096) {
            size_t count = 0;
            for (const std::string& candidate : candidates(path)) {
                if (++count <= 6) tried += "\n  " + printable(candidate);
            }
            if (count > 6) tried += "\n  and " + std::to_string(count - 6) + " more";
        }
        return Error{ErrorCode::NotFound,
                     "no source file for \"" + printable(path) + "\"; looked for" + tried +
                         "\nGive its folder with --map FROM=TO, or put it beside the program."};
    }
    Text text;
    text.resolvedPath = resolved;
    struct stat status = {};
    if (fstat(fd, &status) == 0)
        text.modifiedNs = status.st_mtim.tv_sec * int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
    char buffer[1 << 16];
    ssize_t got = 0;
    while (text.bytes.size() <= kMaxBytes && (got = ::read(fd, buffer, sizeof buffer)) != 0) {
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) break;
        text.bytes.append(buffer, static_cast<size_t>(got));
    }
    const int failed = got < 0 ? errno : 0;
    close(fd);
    if (failed != 0) {
        return Error{ErrorCode::Io, "cannot read: " + std::generic_category().message(failed),
                     engine::Where{resolved, {}, {}, {}}};
    }
    text.isCut = text.bytes.size() > kMaxBytes;
    if (text.isCut) text.bytes.resize(kMaxBytes);
    return text;
}

std::string toUtf8(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size());
    if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
    for (size_t i = 0; i < bytes.size();) {
        const auto c = static_cast<unsigned char>(bytes[i]);
        size_t length = c < 0x80                ? 1
                        : c >= 0xf0 && c < 0xf5 ? 4
                        : c >= 0xe0 && c < 0xf0 ? 3
                        : c >= 0xc2 && c < 0xe0 ? 2
                                                : 0;
        bool valid = length > 0 && i + length <= bytes.size();
        for (size_t k = 1; valid && k < length; k++)
            valid = (static_cast<unsigned char>(bytes[i + k]) & 0xc0) == 0x80;
        if (valid && length > 2) {
            const auto second = static_cast<unsigned char>(bytes[i + 1]);
            valid = !(c == 0xe0 && second < 0xa0) && !(c == 0xed && second > 0x9f) &&
                    !(c == 0xf0 && second < 0x90) && !(c == 0xf4 && second > 0x8f);
        }
        if (valid && c != 0) {
            out.append(bytes, i, length);
            i += length;
        } else {
            out += "\xef\xbf\xbd";
            i++;
        }
    }
    return out;
}

}  // namespace debugger
