#include "wasi/script/trust.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/base/printable.h"
#include "wasi/grants.h"
#include "wasi/script/trust_list.h"
#include "wasi/world/unique_fd.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;
namespace fs = std::filesystem;

namespace {

constexpr size_t kMostScriptBytes = 256 << 10;

Error io(const std::string& path, const std::string& what, int error) {
    return Error{error == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                 engine::printable(path) + ": " + what + ": " + std::strerror(error)};
}

/// Differs when the file was written anew; zeros if there is none.
std::array<int64_t, 5> stampOf(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return {};
    return {static_cast<int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, static_cast<int64_t>(status.st_mode)};
}

/// Until it is closed nobody else changes the list.
Result<UniqueFd> locked(const std::string& list) {
    constexpr int kMostTries = 500;
    const std::string path = list + ".lock";
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
    if (lock.get() < 0) return io(path, "cannot be written", errno);
    for (int i = 0; flock(lock.get(), LOCK_EX | LOCK_NB) != 0; i++) {
        if (errno != EWOULDBLOCK && errno != EINTR) return io(path, "cannot be locked", errno);
        if (i == kMostTries)
            return Error{
                ErrorCode::Limit,
                engine::printable(path) + ": another process has kept it locked for 5 seconds; try again"};
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return lock;
}

/// All of it or nothing: a list that is half written trusts the wrong folder.
Result<> replaceList(const std::string& list, const std::vector<std::string>& folders) {
    std::string text;
    for (const std::string& folder : folders)
        text += folder + "\n";
    std::string draft = list + ".XXXXXX";
    const UniqueFd file(mkostemp(draft.data(), O_CLOEXEC));
    if (file.get() < 0) return io(list, "cannot be written", errno);
    size_t written = 0;
    while (written < text.size()) {
        const ssize_t n = ::write(file.get(), text.data() + written, text.size() - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        written += static_cast<size_t>(n);
    }
    if (written < text.size() || fsync(file.get()) != 0 || std::rename(draft.c_str(), list.c_str()) != 0) {
        const Error error = io(list, "cannot be written", errno);
        ::unlink(draft.c_str());
        return error;
    }
    const UniqueFd folder(::open(fs::path(list).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) (void)fsync(folder.get());
    return {};
}

std::string nameOf(uid_t user) {
    const passwd* const known = getpwuid(user);
    return known ? engine::printable(known->pw_name) : "user " + std::to_string(user);
}
std::string nameOfGroup(gid_t id) {
    const group* const known = getgrgid(id);
    return known ? engine::printable(known->gr_name) : std::to_string(id);
}

}  // namespace

Result<fs::path> trustListPath() {
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

Result<> TrustedFolders::read() {
    m_stamp = stampOf(m_list);
    m_folders.clear();
    Result<> ok;
    // Whatever is wrong with the list, nothing of it is trusted, and programs without scripts run.
    const UniqueFd file(::open(m_list.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    const bool isOurs = file.get() >= 0 && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) &&
                        (status.st_uid == geteuid() || status.st_uid == 0) && !(status.st_mode & S_IWOTH);
    if (isOurs) {
        std::ifstream lines("/proc/self/fd/" + std::to_string(file.get()));
        for (std::string line; std::getline(lines, line);)
            if (line.size() > 1 && line[0] == '/') apply(true, line);
        if (!lines.eof()) {
            m_folders.clear();
            ok = io(m_list, "cannot be read", errno);
        }
    }
    for (const auto& [isAdded, folder] : m_changes)
        apply(isAdded, folder);
    return ok;
}

void TrustedFolders::apply(bool isAdded, const std::string& folder) {
    const auto known = std::find(m_folders.begin(), m_folders.end(), folder);
    if (isAdded && known == m_folders.end()) m_folders.push_back(folder);
    if (!isAdded && known != m_folders.end()) m_folders.erase(known);
}

Result<TrustedFolders> TrustedFolders::ofUser() {
    TrustedFolders trust;
    const auto path = trustListPath();
    if (!path) return trust;
    trust.m_list = path->string();
    TRY(trust.read());
    return trust;
}

void TrustedFolders::refresh() {
    if (!m_list.empty() && stampOf(m_list) != m_stamp) (void)read();
}

Result<> TrustedFolders::save() {
    m_list = TRY(trustListPath())
    .string();
    std::error_code error;
    fs::create_directories(fs::path(m_list).parent_path(), error);
    const UniqueFd lock = TRY(locked(m_list));
    TRY(read());
    // Where it is a link, what it leads to is written anew.
    const fs::path real = fs::canonical(m_list, error);
    TRY(replaceList(error ? m_list : real.string(), m_folders));
    m_changes.clear();
    m_stamp = stampOf(m_list);
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
    apply(true, real);
    m_changes.emplace_back(true, real);
    return {};
}

Result<> TrustedFolders::remove(const std::string& folder) {
    std::error_code error;
    const std::string real = fs::weakly_canonical(folder, error).string();
    for (const std::string& name : {real, folder}) {
        if (std::find(m_folders.begin(), m_folders.end(), name) == m_folders.end()) continue;
        apply(false, name);
        m_changes.emplace_back(false, name);
        return {};
    }
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

std::optional<std::string> whoElseWrites(const std::string& folder) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (error) return std::nullopt;
    for (fs::path at = real;; at = at.parent_path()) {
        struct stat status {};
        if (lstat(at.c_str(), &status) != 0) return std::nullopt;
        const std::string name = engine::printable(at.string());
        if (status.st_uid != geteuid() && status.st_uid != 0)
            return name + " belongs to " + nameOf(status.st_uid);
        // In a folder above with the sticky bit nobody can exchange what belongs to others.
        const bool isSafe = at != real && (status.st_mode & S_ISVTX);
        if (!isSafe && (status.st_mode & S_IWOTH)) return "anybody may write in " + name;
        if (!isSafe && (status.st_mode & S_IWGRP))
            return "all of group " + nameOfGroup(status.st_gid) + " may write in " + name;
        if (at == at.root_path()) return std::nullopt;
    }
}

Result<ScriptText> readScript(const std::string& path, const TrustedFolders& trust) {
    // Opening may already act, or wait: a FIFO, a device. So it is only named until it is judged.
    const UniqueFd named(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (named.get() < 0) return io(path, "the script cannot be read", errno);
    struct stat status {};
    if (fstat(named.get(), &status) != 0 || !S_ISREG(status.st_mode))
        return Error{ErrorCode::BadArgument, engine::printable(path) + ": it is no file"};
    const std::string link = "/proc/self/fd/" + std::to_string(named.get());
    std::error_code error;
    const fs::path real = fs::read_symlink(link, error);
    if (error) return io(path, "the script's folder is not known", error.value());
    if (!trust.covers(real.string())) {
        const std::string folder = engine::printable(real.parent_path().string());
        return Error{ErrorCode::Denied,
                     engine::printable(path) + ": the folder " + folder +
                         " is not trusted to run scripts; read it, then type: wscope trust " +
                         shellQuoted(folder) + " (or --trust-scripts " + shellQuoted(folder) +
                         " for one run)"};
    }
    const UniqueFd file(::open(link.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (file.get() < 0) return io(path, "the script cannot be read", errno);
    std::string text(kMostScriptBytes + 1, '\0');
    size_t size = 0;
    while (size < text.size()) {
        const ssize_t got = ::read(file.get(), text.data() + size, text.size() - size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io(path, "the script cannot be read", errno);
        if (got == 0) break;
        size += static_cast<size_t>(got);
    }
    if (size > kMostScriptBytes)
        return Error{ErrorCode::Limit, engine::printable(path) + ": a script is at most 256 KiB"};
    text.resize(size);
    return ScriptText{std::move(text), real.string()};
}

}  // namespace wasi
