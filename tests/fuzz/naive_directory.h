// NaiveDirectory: a resolver as others have written it: looks where a path leads, and if that is inside, uses it. Between the two it may
// lead elsewhere. Here to show that the races catch such a thing; never to be used on anything but a RaceField.
#pragma once

#include <string>

#include "tests/wasi/unchecked_directory.h"

namespace races {

class NaiveDirectory : public wasi::UncheckedDirectory {
public:
    explicit NaiveDirectory(const std::string& root) : UncheckedDirectory(root) {}

    wasi::OrErrno<std::unique_ptr<wasi::File>> open(const std::string& path, const wasi::OpenHow& how,
                                                    std::string* why) override;
    wasi::OrErrno<wasi::Filestat> statAt(const std::string& path, bool follow) override;
    wasi::Errno setTimesAt(const std::string& path, bool follow, const wasi::NewTimes& times) override;
    wasi::Errno createDirectory(const std::string& path) override;
    wasi::Errno removeDirectory(const std::string& path) override;
    wasi::Errno unlink(const std::string& path) override;
    wasi::Errno symlink(const std::string& target, const std::string& path) override;
    wasi::OrErrno<std::string> readLink(const std::string& path) override;
    wasi::Errno link(const std::string& path, bool follow, wasi::Directory& to,
                     const std::string& newPath) override;
    wasi::Errno rename(const std::string& path, wasi::Directory& to, const std::string& newPath) override;

private:
    /// Of a path with dots, component by component, counting how deep it is, and going up as the kernel sees it.
    wasi::OrErrno<std::unique_ptr<wasi::File>> walk(const std::string& path) const;
    std::string whole(const std::string& path) const { return hostPath() + "/" + path; }
    /// Does the path, or the folder that holds its last component, lead inside just now?
    bool leadsInside(const std::string& path, bool follow) const;
};

}  // namespace races
