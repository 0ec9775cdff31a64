#include "wasi/grant_warnings.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "engine/base/printable.h"

namespace wasi {

namespace {

namespace fs = std::filesystem;

/// Of the folder itself, and if `withInside` also of those below it.
struct Warning {
    std::string_view folder;
    bool withInside;
    std::string_view why;
};

constexpr std::string_view kHome = "$HOME";

constexpr Warning kWarnings[] = {
    {"/", false, "is the whole file system of this machine, with the keys and settings of its users"},
    {kHome, false, "is your home folder, with your keys, passwords and settings"},
    {"/home", false, "holds the home folders of all users"},
    {"/etc", true, "holds the settings of this machine"},
    {"/proc", true, "shows the processes of this machine; its files are refused, but their names are told"},
    {"/sys", true, "is the state of the kernel; its files are refused, but their names are told"},
    {"/dev", true,
     "holds devices, which are refused, but their names are told, and files in /dev/shm are shared"},
};

fs::path resolved(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    return error ? fs::path() : real;
}

fs::path folderOf(const Warning& warning) {
    if (warning.folder != kHome) return fs::path(warning.folder);
    const char* const home = std::getenv("HOME");
    return home && *home ? resolved(home) : fs::path();
}

bool isIn(const fs::path& path, const fs::path& folder) {
    return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

}  // namespace

std::string warningOf(const Preopen& preopen) {
    if (preopen.hostPath.empty()) return {};
    const fs::path path = resolved(preopen.hostPath);
    if (path.empty()) return {};
    for (const Warning& warning : kWarnings) {
        const fs::path folder = folderOf(warning);
        if (folder.empty() || !(path == folder || (warning.withInside && isIn(path, folder)))) continue;
        const std::string_view how = preopen.kind == MountKind::Real ? "the program may change all of it"
                                                                     : "the program may read all of it";
        return engine::printable(path.string()) + " " + std::string(warning.why) + "; " + std::string(how) +
               ": grant a folder in it if that is enough";
    }
    return {};
}

}  // namespace wasi
