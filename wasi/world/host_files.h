// HostFile, HostDirectory: files and directories of the host, below a preopen. Descriptors of the host are opened O_NONBLOCK and looked at
// before they are used, so that a FIFO or device in a preopen neither hangs nor acts.
#pragma once

#include <sys/types.h>

#include "wasi/world.h"
#include "wasi/world/beneath.h"

namespace wasi {

OrErrno<uint64_t> hostSeek(int fd, int64_t offset, Whence whence);

class HostFile : public File {
public:
    HostFile(UniqueFd fd, std::string hostPath, bool isReadOnly, std::string_view kind = "file")
        : m_fd(std::move(fd)), m_hostPath(std::move(hostPath)), m_isReadOnly(isReadOnly), m_kind(kind) {}
    Filetype type() const override { return Filetype::RegularFile; }
    std::string_view kind() const override { return m_kind; }
    std::string hostPath() const override { return m_hostPath; }
    OrErrno<Filestat> stat() override;
    OrErrno<uint64_t> read(std::span<const iovec> to, std::optional<uint64_t> offset) override;
    OrErrno<uint64_t> write(std::span<const iovec> from, std::optional<uint64_t> offset) override;
    OrErrno<uint64_t> seek(int64_t offset, Whence whence) override;
    Errno setSize(uint64_t size) override;
    Errno setTimes(const NewTimes& times) override;
    Errno setFlags(Fdflags flags) override;
    Errno sync(bool dataOnly) override;
    Errno advise(uint64_t offset, uint64_t length, Advice advice) override;
    Errno allocate(uint64_t offset, uint64_t length) override;
    DataRange nextData(uint64_t offset) override;
    uint64_t available() override;

private:
    UniqueFd m_fd;
    std::string m_hostPath;
    bool m_isReadOnly;
    std::string_view m_kind;
};

class HostDirectory : public Directory {
public:
    /// `device`: where it is, as stat(2) tells, 0 = unknown; `isPlain`: that is not /proc or /sys.
    HostDirectory(UniqueFd fd, std::string hostPath, bool isReadOnly, Resolution resolution, dev_t device = 0,
                  bool isPlain = false)
        : m_fd(std::move(fd)),
          m_hostPath(std::move(hostPath)),
          m_isReadOnly(isReadOnly),
          m_resolution(resolution),
          m_device(device),
          m_isPlain(isPlain) {}
    Filetype type() const override { return Filetype::Directory; }
    std::string_view kind() const override { return "directory"; }
    std::string hostPath() const override { return m_hostPath; }
    OrErrno<Filestat> stat() override;
    Errno setTimes(const NewTimes& times) override;
    Errno sync(bool dataOnly) override;

    OrErrno<std::unique_ptr<File>> open(const std::string& path, const OpenHow& how,
                                        std::string* why) override;
    OrErrno<Filestat> statAt(const std::string& path, bool follow) override;
    Errno setTimesAt(const std::string& path, bool follow, const NewTimes& times) override;
    Errno createDirectory(const std::string& path) override;
    Errno removeDirectory(const std::string& path) override;
    Errno unlink(const std::string& path) override;
    Errno symlink(const std::string& target, const std::string& path) override;
    OrErrno<std::string> readLink(const std::string& path) override;
    /// Asked behind the call that went that way, by calls of two paths twice; may speak of the call before.
    bool mayCrossLinks(const std::string&, bool) override {
        if (std::exchange(m_hasCrossed, false)) m_answers = 2;
        if (m_answers == 0) return false;
        m_answers--;
        return true;
    }
    Errno link(const std::string& path, bool follow, Directory& to, const std::string& newPath) override;
    Errno rename(const std::string& path, Directory& to, const std::string& newPath) override;
    OrErrno<std::vector<DirectoryEntry>> entries(uint64_t& leftOut) override;

    /// The same folder, wherever it is called so now, to be written.
    OrErrno<std::unique_ptr<Directory>> writable() const;

private:
    OrErrno<UniqueFd> openPath(const std::string& path, int flags, mode_t mode = 0) const {
        return openBeneath(m_resolution, m_fd.get(), path, flags, mode, m_hasCrossed);
    }
    OrErrno<Place> place(const std::string& path) const {
        return placeBeneath(m_resolution, m_fd.get(), path, m_hasCrossed);
    }
    OrErrno<Place> placeOfTarget(const std::string& path) const;
    /// Changing entries of both is allowed and of one permission domain (reliability F7).
    Errno mayMoveTo(const HostDirectory* to) const;

    UniqueFd m_fd;
    std::string m_hostPath;
    bool m_isReadOnly;
    Resolution m_resolution;
    dev_t m_device;  // which no other file system can be meanwhile, as we hold a descriptor there
    bool m_isPlain;  // else nobody has looked yet
    mutable bool m_hasCrossed = false;  // a symbolic link
    int m_answers = 0;                  // that are yet to tell of it
};

}  // namespace wasi
