// UncheckedDirectory: a folder of the host as it would be without the resolver: paths lead wherever the host's own calls take them. For
// tests of what holds a guest back where the resolver fails; only ever for a scratch folder, and paths that stay in its neighbourhood.
#pragma once

#include "wasi/world/host_files.h"

namespace wasi {

class UncheckedDirectory : public HostDirectory {
public:
    explicit UncheckedDirectory(const std::string& folder);

    OrErrno<std::unique_ptr<File>> open(const std::string& path, const OpenHow& how,
                                        std::string* why) override;
    OrErrno<Filestat> statAt(const std::string& path, bool follow) override;
    Errno setTimesAt(const std::string& path, bool follow, const NewTimes& times) override;
    Errno createDirectory(const std::string& path) override;
    Errno removeDirectory(const std::string& path) override;
    Errno unlink(const std::string& path) override;
    Errno symlink(const std::string& target, const std::string& path) override;
    OrErrno<std::string> readLink(const std::string& path) override;
    /// Within this folder only.
    Errno link(const std::string& path, bool follow, Directory&, const std::string& newPath) override;
    Errno rename(const std::string& path, Directory&, const std::string& newPath) override;

private:
    UncheckedDirectory(UniqueFd fd, const std::string& folder);
    UniqueFd m_folder;
};

}  // namespace wasi
