#include "wasi/preview1/functions.h"

#include <algorithm>

#include "wasi/preview1/preview1.h"

namespace wasi {

namespace {

using Names = std::vector<std::string_view>;

// ROW(method, family, its parameters as the standard names them (results behind them), what it does)
#define ROW(method, family, names, ...) \
    hostRow<&Preview1::method>(kModule, #method, Family::family, Names names, __VA_ARGS__)

constexpr std::string_view kModule = "wasi_snapshot_preview1", kUnstable = "wasi_unstable";

}  // namespace

std::vector<HostRow> preview1Rows() {
    return {
        ROW(args_get, Process, ({"argv", "argv_buf"}),
            "Writes the command-line arguments and a table of their addresses."),
        ROW(args_sizes_get, Process, ({"argc", "argv_buf_size"}),
            "Tells the number of arguments and the bytes they take."),
        ROW(environ_get, Process, ({"environ", "environ_buf"}),
            "Writes the environment as NAME=VALUE strings and a table of their addresses."),
        ROW(environ_sizes_get, Process, ({"environc", "environ_buf_size"}),
            "Tells the number of environment variables and the bytes they take."),
        ROW(clock_res_get, Clocks, ({"id", "resolution"}), "Tells the resolution of a clock."),
        ROW(clock_time_get, Clocks, ({"id", "precision", "time"}), "Reads a clock."),
        ROW(fd_advise, Files, ({"fd", "offset", "len", "advice"}),
            "Tells how a part of a file is going to be used."),
        ROW(fd_allocate, Files, ({"fd", "offset", "len"}), "Reserves space for a part of a file."),
        ROW(fd_close, Files, ({"fd"}), "Closes a descriptor."),
        ROW(fd_datasync, Files, ({"fd"}), "Writes a file's data through to the disk."),
        ROW(fd_fdstat_get, Files, ({"fd", "stat"}), "Tells a descriptor's file type, flags and rights."),
        ROW(fd_fdstat_set_flags, Files, ({"fd", "flags"}),
            "Changes a descriptor's flags (append, nonblock)."),
        ROW(fd_fdstat_set_rights, Files, ({"fd", "fs_rights_base", "fs_rights_inheriting"}),
            "Drops rights of a descriptor."),
        ROW(fd_filestat_get, Files, ({"fd", "buf"}),
            "Tells the attributes of an open file: size, times, type."),
        ROW(fd_filestat_set_size, Files, ({"fd", "size"}), "Cuts or extends an open file."),
        ROW(fd_filestat_set_times, Files, ({"fd", "atim", "mtim", "fst_flags"}),
            "Sets access and modification time of an open file."),
        ROW(fd_pread, Files, ({"fd", "iovs", "offset", "nread"}),
            "Reads at an offset; the descriptor's position stays."),
        ROW(fd_prestat_get, Files, ({"fd", "prestat"}),
            "Tells whether a descriptor is a preopened directory, and how long its name is."),
        ROW(fd_prestat_dir_name, Files, ({"fd", "path", "path_len"}),
            "Writes the name of a preopened directory."),
        ROW(fd_pwrite, Files, ({"fd", "iovs", "offset", "nwritten"}),
            "Writes at an offset; the descriptor's position stays."),
        ROW(fd_read, Files, ({"fd", "iovs", "nread"}), "Reads at the descriptor's position."),
        ROW(fd_readdir, Files, ({"fd", "buf", "buf_len", "cookie", "bufused"}),
            "Reads directory entries, from a cookie on."),
        ROW(fd_renumber, Files, ({"fd", "to"}),
            "Moves a descriptor to another number, closing what was there."),
        ROW(fd_seek, Files, ({"fd", "offset", "whence", "newoffset"}), "Moves the descriptor's position."),
        ROW(fd_sync, Files, ({"fd"}), "Writes a file's data and attributes through to the disk."),
        ROW(fd_tell, Files, ({"fd", "offset"}), "Tells the descriptor's position."),
        ROW(fd_write, Files, ({"fd", "iovs", "nwritten"}), "Writes at the descriptor's position."),
        ROW(path_create_directory, Files, ({"fd", "path"}), "Makes a directory."),
        ROW(path_filestat_get, Files, ({"fd", "flags", "path", "buf"}),
            "Tells the attributes of a file by its path."),
        ROW(path_filestat_set_times, Files, ({"fd", "flags", "path", "atim", "mtim", "fst_flags"}),
            "Sets access and modification time of a file by its path."),
        ROW(path_link, Files, ({"old_fd", "old_flags", "old_path", "new_fd", "new_path"}),
            "Makes a hard link."),
        ROW(path_open, Files,
            ({"fd", "dirflags", "path", "oflags", "fs_rights_base", "fs_rights_inheriting", "fdflags",
              "opened_fd"}),
            "Opens a file or directory."),
        ROW(path_readlink, Files, ({"fd", "path", "buf", "buf_len", "bufused"}),
            "Reads where a symbolic link leads."),
        ROW(path_remove_directory, Files, ({"fd", "path"}), "Removes an empty directory."),
        ROW(path_rename, Files, ({"fd", "old_path", "new_fd", "new_path"}),
            "Renames or moves a file or directory."),
        ROW(path_symlink, Files, ({"old_path", "fd", "new_path"}), "Makes a symbolic link."),
        ROW(path_unlink_file, Files, ({"fd", "path"}), "Removes a file."),
        ROW(poll_oneoff, Poll, ({"in", "out", "nsubscriptions", "nevents"}),
            "Waits until a clock has passed or a descriptor is ready."),
        ROW(proc_exit, Process, ({"rval"}), "Ends the program."),
        ROW(proc_raise, Process, ({"sig"}), "Sends a signal to the program itself."),
        ROW(sched_yield, Process, ({}), "Gives up the processor for a moment."),
        ROW(random_get, Random, ({"buf", "buf_len"}), "Fills a buffer with random bytes."),
        ROW(sock_accept, Network, ({"fd", "flags", "connection"}),
            "Accepts a connection on a listening socket."),
        ROW(sock_recv, Network, ({"fd", "ri_data", "ri_flags", "ro_datalen", "ro_flags"}),
            "Receives from a socket."),
        ROW(sock_send, Network, ({"fd", "si_data", "si_flags", "so_datalen"}), "Sends to a socket."),
        ROW(sock_shutdown, Network, ({"fd", "how"}), "Shuts down one or both directions of a socket."),
    };
}

std::vector<HostRow> unstableRows() {
    std::vector<HostRow> rows;
    for (auto& row : preview1Rows()) {
        if (row.function.name == "sock_accept") continue;  // came with WASI 0.1
        row.function.module = kUnstable;
        rows.push_back(std::move(row));
    }
    const auto replace = [&]<auto M>(std::string_view name) {
        const auto row =
            std::find_if(rows.begin(), rows.end(), [&](const HostRow& r) { return r.function.name == name; });
        CHECK(row != rows.end());
        Names names;
        for (const auto* part : {&row->function.parameters, &row->function.results})
            for (const auto& p : *part)
                names.push_back(p.name);
        *row = hostRow<M>(kUnstable, name, row->function.family, names, row->function.summary);
    };
    replace.operator()<&Unstable::fd_seek>("fd_seek");
    replace.operator()<&Unstable::fd_filestat_get>("fd_filestat_get");
    replace.operator()<&Unstable::path_filestat_get>("path_filestat_get");
    replace.operator()<&Unstable::poll_oneoff>("poll_oneoff");
    return rows;
}

}  // namespace wasi
