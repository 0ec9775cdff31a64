// Which rights apply to what kind of file (WASI 0.1, `rights`).
#pragma once

#include "wasi/world.h"

namespace wasi {

inline constexpr Rights kFileRights =
    Rights::FdDatasync | Rights::FdRead | Rights::FdSeek | Rights::FdFdstatSetFlags | Rights::FdSync |
    Rights::FdTell | Rights::FdWrite | Rights::FdAdvise | Rights::FdAllocate | Rights::FdFilestatGet |
    Rights::FdFilestatSetSize | Rights::FdFilestatSetTimes | Rights::PollFdReadwrite;
inline constexpr Rights kDirectoryRights =
    Rights::FdDatasync | Rights::FdFdstatSetFlags | Rights::FdSync | Rights::PathCreateDirectory |
    Rights::PathCreateFile | Rights::PathLinkSource | Rights::PathLinkTarget | Rights::PathOpen |
    Rights::FdReaddir | Rights::PathReadlink | Rights::PathRenameSource | Rights::PathRenameTarget |
    Rights::PathFilestatGet | Rights::PathFilestatSetSize | Rights::PathFilestatSetTimes |
    Rights::FdFilestatGet | Rights::FdFilestatSetTimes | Rights::PathSymlink | Rights::PathRemoveDirectory |
    Rights::PathUnlinkFile | Rights::PollFdReadwrite;
/// Terminals and pipes. That they lack seek and tell is how programs know a terminal.
inline constexpr Rights kStreamRights = Rights::FdRead | Rights::FdFdstatSetFlags | Rights::FdWrite |
                                        Rights::FdFilestatGet | Rights::PollFdReadwrite;
/// Other devices: /dev/null and the like.
inline constexpr Rights kDeviceRights = kStreamRights | Rights::FdSeek | Rights::FdTell;
inline constexpr Rights kConnectionRights = kStreamRights | Rights::SockShutdown;
/// fd_read is what polling for a caller needs.
inline constexpr Rights kListenerRights = (kConnectionRights | Rights::SockAccept) & ~Rights::FdWrite;
inline constexpr Rights kSocketRights = kConnectionRights | kListenerRights;

inline Rights rightsThatApply(const File& file) {
    switch (file.type()) {
    case Filetype::RegularFile: return kFileRights;
    case Filetype::Directory: return kDirectoryRights;
    case Filetype::SocketDgram:
    case Filetype::SocketStream: return kSocketRights;
    case Filetype::CharacterDevice: return file.isTerminal() ? kStreamRights : kDeviceRights;
    default: return kStreamRights;
    }
}
/// Those that make a file be opened for reading.
inline constexpr Rights kReadingRights = Rights::FdRead | Rights::FdReaddir;
/// Those that need a file to be open for writing, but that libraries (Go's) ask for also when they only read.
inline constexpr Rights kResizingRights = Rights::FdAllocate | Rights::FdFilestatSetSize;

}  // namespace wasi
