#include "wasi/grant_warnings.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "engine/base/printable.h"

namespace wasi {

namespace {

namespace fs = std::filesystem;

/// Of which folders, beside the one that is named.
enum class Besides : uint8_t { None, Above, Below };
struct Warning {
    std::string_view folder;
    Besides besides;
    std::string_view why;
};

constexpr std::string_view kHome = "$HOME";

constexpr Warning kWarnings[] = {
    {"/", Besides::None, "is the whole file system of this machine, with the keys and settings of its users"},
    {kHome, Besides::None, "is your home folder, with your keys, passwords and settings"},
    {"/home", Besides::None, "holds the home folders of all users"},
    {kHome, Besides::Above, "holds your home folder, with your keys, passwords and settings"},
    {"/etc", Besides::Below, "holds the settings of this machine"},
    {"/proc", Besides::Below,
     "shows the processes of this machine; its files are refused, but their names are told"},
    {"/sys", Besides::Below, "is the state of the kernel; its files are refused, but their names are told"},
    {"/dev", Besides::Below,
     "holds devices, which are refused, but their names are told, and files in /dev/shm are shared"},
};

fs::path resolved(const fs::path& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);
    return error ? fs::path() : real;
}

fs::path folderOf(const Warning& warning) {
    if (warning.folder != kHome) return resolved(warning.folder);
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
        const bool isMeant = path == folder || (warning.besides == Besides::Below && isIn(path, folder)) ||
                             (warning.besides == Besides::Above && isIn(folder, path));
        if (folder.empty() || !isMeant) continue;
        const std::string_view how = preopen.kind == MountKind::Real ? "the program may change all of it"
                                                                     : "the program may read all of it";
        return engine::printable(path.string()) + " " + std::string(warning.why) + "; " + std::string(how) +
               ": grant a folder in it if that is enough";
    }
    return {};
}

}  // namespace wasi
