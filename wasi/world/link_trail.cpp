#include "wasi/world/link_trail.h"

#include <deque>

namespace wasi {

namespace {

using Parts = std::deque<std::string>;

Parts partsOf(const std::string& path) {
    Parts parts;
    for (size_t at = 0; at < path.size();) {
        const size_t slash = std::min(path.find('/', at), path.size());
        const std::string part = path.substr(at, slash - at);
        if (!part.empty() && part != ".") parts.push_back(part);
        at = slash + 1;
    }
    return parts;
}

std::string joined(const Parts& parts) {
    std::string path;
    for (const std::string& part : parts)
        path += (path.empty() ? "" : "/") + part;
    return path.empty() ? "." : path;
}

}  // namespace

std::vector<CrossedLink> linksOn(Directory& directory, const std::string& path, bool follow) {
    constexpr size_t kMostLinks = 40;   // as the kernel
    constexpr size_t kMostNames = 500;  // looked at: of 40 links of 4 KiB it would take a second
    std::vector<CrossedLink> crossed;
    if (path.starts_with('/') || !directory.mayCrossLinks(path, follow)) return crossed;
    Parts todo = partsOf(path), at;
    size_t names = 0;
    const bool followsLast = follow || path.ends_with('/');
    while (!todo.empty()) {
        const std::string name = std::move(todo.front());
        todo.pop_front();
        if (name == ".." && at.empty()) break;
        if (name == "..") {
            at.pop_back();
            continue;
        }
        at.push_back(name);
        if (todo.empty() && !followsLast) break;
        if (++names > kMostNames) {
            crossed.push_back({path, "."});
            break;
        }
        const auto target = directory.readLink(joined(at));
        if (!target) continue;
        if ((*target).starts_with('/') || crossed.size() == kMostLinks) break;
        const std::string link = joined(at);
        at.pop_back();
        const Parts parts = partsOf(*target);
        todo.insert(todo.begin(), parts.begin(), parts.end());
        // By its text as far as that leads: links in it are crossed next.
        Parts end = at;
        for (const std::string& part : parts) {
            if (part != "..")
                end.push_back(part);
            else if (!end.empty())
                end.pop_back();
        }
        crossed.push_back({link, joined(end)});
    }
    return crossed;
}

}  // namespace wasi
