#include "wasi/script/trust.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/base/printable.h"
#include "wasi/grants.h"
#include "wasi/world/unique_fd.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;
namespace fs = std::filesystem;

namespace {

constexpr size_t kMostScriptBytes = 256 << 10;

Result<fs::path> listPath() {
    const auto set = [](const char* name) {
        const char* value = std::getenv(name);
        return value && *value == '/' ? fs::path(value) : fs::path();
    };
    const fs::path home = set("HOME");
    const fs::path configuration = set("XDG_CONFIG_HOME");
    if (configuration.empty() && home.empty())
        return Error{ErrorCode::NotFound, "there is no place for trusted folders: HOME is not set"};
    return (configuration.empty() ? home / ".config" : configuration) / "wasiscope/trusted-folders";
}

Error io(const std::string& path, const std::string& what, int error) {
    return Error{error == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                 engine::printable(path) + ": " + what + ": " + std::strerror(error)};
}

}  // namespace

Result<TrustedFolders> TrustedFolders::ofUser() {
    TrustedFolders trust;
    const auto path = listPath();
    if (!path) return trust;
    // Whatever is wrong with the list, nothing of it is trusted, and programs without scripts run.
    const UniqueFd file(::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    const bool isOurs = file.get() >= 0 && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                        (status.st_uid == geteuid() || status.st_uid == 0) && !(status.st_mode & S_IWOTH);
    if (!isOurs) return trust;
    std::ifstream lines("/proc/self/fd/" + std::to_string(file.get()));
    for (std::string line; std::getline(lines, line);)
        if (line.size() > 1 && line[0] == '/') trust.m_folders.push_back(line);
    if (!lines.eof()) return io(path->string(), "cannot be read", errno);
    return trust;
}

Result<> TrustedFolders::save() const {
    const fs::path path = TRY(listPath());
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    // A list that is half written trusts the wrong folder.
    const std::string draft = path.string() + ".new";
    std::ofstream file(draft, std::ios::trunc);
    for (const std::string& folder : m_folders)
        file << folder << "\n";
    file.close();
    if (!file || std::rename(draft.c_str(), path.c_str()) != 0)
        return io(path.string(), "cannot be written", errno);
    return {};
}

Result<> TrustedFolders::add(const std::string& folder) {
    std::error_code error;
    const std::string real = fs::canonical(folder, error).string();
    if (error) return io(folder, "cannot be trusted", error.value());
    if (!fs::is_directory(real, error))
        return Error{ErrorCode::BadArgument,
                     engine::printable(folder) + ": it is no folder; name the script's folder"};
    if (real == "/") return Error{ErrorCode::BadArgument, "/ is everything; name the script's folder"};
    if (real.find('\n') != std::string::npos)
        return Error{ErrorCode::BadArgument, engine::printable(folder) + ": its name holds a line break"};
    if (std::find(m_folders.begin(), m_folders.end(), real) == m_folders.end()) m_folders.push_back(real);
    return {};
}

Result<> TrustedFolders::remove(const std::string& folder) {
    std::error_code error;
    const std::string real = fs::weakly_canonical(folder, error).string();
    if (std::erase_if(m_folders, [&](const std::string& f) { return f == real || f == folder; }) > 0)
        return {};
    std::string known;
    for (const std::string& f : m_folders)
        known += (known.empty() ? "" : ", ") + engine::printable(f);
    return Error{ErrorCode::NotFound, engine::printable(folder) + " is not trusted; " +
                                          (known.empty() ? "no folder is" : "these folders are: " + known)};
}

bool TrustedFolders::covers(std::string_view path) const {
    return std::any_of(m_folders.begin(), m_folders.end(), [&](const std::string& folder) {
        return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
    });
}

std::optional<std::string> TrustedFolders::untrustedFolderOf(const std::string& script) const {
    std::error_code error;
    const fs::path real = fs::canonical(script, error);
    if (error || covers(real.string())) return std::nullopt;
    return real.parent_path().string();
}

Result<std::string> readScript(const std::string& path, const TrustedFolders& trust) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0) return io(path, "the script cannot be read", errno);
    struct stat status {};
    if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return Error{ErrorCode::BadArgument, engine::printable(path) + ": it is no file"};
    std::error_code error;
    const fs::path real = fs::read_symlink("/proc/self/fd/" + std::to_string(file.get()), error);
    if (error) return io(path, "the script's folder is not known", error.value());
    if (!trust.covers(real.string())) {
        const std::string folder = engine::printable(real.parent_path().string());
        return Error{ErrorCode::Denied,
                     engine::printable(path) + ": the folder " + folder +
                         " is not trusted to run scripts; read it, then type: wscope trust " +
                         shellQuoted(folder) + " (or --trust-scripts " + shellQuoted(folder) +
                         " for one run)"};
    }
    if (static_cast<uint64_t>(status.st_size) > kMostScriptBytes)
        return Error{ErrorCode::Limit, engine::printable(path) + ": a script is at most 256 KiB"};
    std::string text(kMostScriptBytes + 1, '\0');
    size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io(path, "the script cannot be read", errno);
        if (got == 0) break;
        size += static_cast<size_t>(got);
    }
    text.resize(size);
    return text;
}

}  // namespace wasi
