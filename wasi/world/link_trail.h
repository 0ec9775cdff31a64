// linksOn(): over which symbolic links a path leads, for whoever has to know what a program needs beside what its paths say.
#pragma once

#include <string>
#include <vector>

#include "wasi/world.h"

namespace wasi {

/// Both as paths below the directory, without dots and links: where the link stands, and what it leads to.
struct CrossedLink {
    std::string link, target;
};
/// In the order in which they are crossed; a link in the last place counts if `follow`. Ends where the path leaves the directory, or after
/// as many links as a path may have; after 500 names as if the path then led to the directory itself, which is never too little. For
/// information only: nothing is opened by it.
std::vector<CrossedLink> linksOn(Directory& directory, const std::string& path, bool follow);

}  // namespace wasi
