#include "wasi/guest_path.h"

#include <vector>

namespace wasi {

bool isTidyName(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos;
}

bool isTidyPath(std::string_view path) {
    if (path == "." || path == "/") return true;
    // A component that begins with a dot may be what it seems; whoever asks does it the slow way then.
    return !path.empty() && !path.starts_with('.') && !path.ends_with('/') &&
           path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos;
}

std::string joinTidy(std::string_view directory, std::string_view name) {
    if (directory == ".") return std::string(name);
    std::string joined;
    joined.reserve(directory.size() + 1 + name.size());
    joined = directory;
    if (directory != "/") joined += '/';
    return joined += name;
}

std::string displayPath(std::string_view directory, std::string_view path) {
    if (isTidyPath(directory) && isTidyName(path)) return joinTidy(directory, path);
    std::vector<std::string_view> parts;
    const bool isAbsolute = path.starts_with('/') || directory.starts_with('/');
    const auto add = [&](std::string_view text) {
        for (size_t at = 0; at < text.size();) {
            const size_t slash = std::min(text.find('/', at), text.size());
            const auto part = text.substr(at, slash - at);
            if (part == ".." && !parts.empty() && parts.back() != "..")
                parts.pop_back();
            else if (part == ".." && isAbsolute) {
            } else if (!part.empty() && part != ".")
                parts.push_back(part);
            at = slash + 1;
        }
    };
    if (!path.starts_with('/')) add(directory);
    add(path);
    std::string text;
    for (const auto part : parts) {
        if (isAbsolute || !text.empty()) text += '/';
        text += part;
    }
    return !text.empty() ? text : isAbsolute ? "/" : ".";
}

std::string commonFolder(const std::string& a, const std::string& b) {
    if (a == "." || b == ".") return ".";
    size_t at = 0, end = 0;
    while (at < a.size() && at < b.size() && a[at] == b[at]) {
        if (a[at] == '/') end = at;
        at++;
    }
    const bool aEnds = at == a.size() && (at == b.size() || b[at] == '/');
    if (aEnds || (at == b.size() && a[at] == '/')) end = at;
    if (end == 0) return a.starts_with('/') ? "/" : ".";
    return a.substr(0, end);
}

bool isBelow(const std::string& path, const std::string& folder) {
    if (folder == "." || folder == "/") return true;
    return !folder.empty() && path.size() > folder.size() && path.starts_with(folder) &&
           path[folder.size()] == '/';
}

std::string parentFolder(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace wasi
