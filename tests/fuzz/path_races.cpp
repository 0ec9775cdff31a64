// path_races: makes each operation on a path while another thread keeps moving what the path leads to, and counts what got outside
// (reliability F10). A resolver that looks first and acts then is raced before ours, and has to be caught with each operation: else nothing
// is learnt from ours not being caught.
//
//   path_races [--tries N] [--seconds S] [--only OPERATION] [--list]
//
// N tries of each operation (1000000), or as many as S seconds allow. 1: something got outside, or the naive resolver was not caught.

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>

#include "engine/base/check.h"
#include "tests/fuzz/naive_directory.h"
#include "tests/fuzz/race_field.h"
#include "wasi/world/host_files.h"

namespace races {
namespace {

using wasi::Directory;
using wasi::Errno;
using Seconds = std::chrono::duration<double>;

struct Try {
    Errno error = Errno::Success;
    bool isOutside = false;
};

struct Operation {
    const char* name;
    Attack attack;
    std::function<Try(Directory&, RaceField&)> make;
};

constexpr uint64_t kTime = 123'456'789'000'000'000;  // that set_times sets

Try open(Directory& d, RaceField& field, const char* path, const wasi::OpenHow& how) {
    auto file = d.open(path, how, nullptr);
    if (!file) return {file.error()};
    const auto stat = (*file)->stat();
    return {Errno::Success, !stat || field.isOutside(*stat)};
}

Try truncate(Directory& d, RaceField& field, const char* path) {
    const Errno error =
        d.open(path, {.read = true, .write = true, .truncate = true, .follow = true}, nullptr).error();
    struct stat s {};
    const bool isOutside = fstatat(field.outside(), "f", &s, 0) == 0 && s.st_size == 0;
    if (isOutside) writeFile(field.outside(), "f", "out");
    return {error, isOutside};
}

Try stat(Directory& d, RaceField& field, const char* path, bool follow) {
    const auto found = d.statAt(path, follow);
    return {found.error(), found && field.isOutside(*found)};
}

Try setTimes(Directory& d, RaceField& field, const char* path) {
    const Errno error = d.setTimesAt(path, true, {kTime, kTime});
    struct stat s {};
    const bool isOutside =
        fstatat(field.outside(), "f", &s, 0) == 0 && s.st_mtim.tv_sec == kTime / 1'000'000'000;
    if (isOutside) (void)utimensat(field.outside(), "f", nullptr, 0);
    return {error, isOutside};
}

/// Something new is made at swap/new: it must not stand outside.
Try made(RaceField& field, Errno error) {
    const bool isOutside = exists(field.outside(), "new");
    for (const int folder : {isOutside ? field.outside() : -1, error == Errno::Success ? field.real() : -1})
        if (folder >= 0 && unlinkat(folder, "new", 0) != 0) (void)unlinkat(folder, "new", AT_REMOVEDIR);
    return {error, isOutside};
}

/// Something is taken away from swap: it must not be missing outside.
Try taken(RaceField& field, Errno error, const char* name, bool isFolder) {
    const auto put = [&](int folder) {
        isFolder ? (void)mkdirat(folder, name, 0777) : writeFile(folder, name, "put back");
    };
    const bool isOutside = !exists(field.outside(), name);
    if (isOutside) put(field.outside());
    if (error == Errno::Success && !exists(field.real(), name)) put(field.real());
    return {error, isOutside};
}

Try linked(Directory& d, RaceField& field, const char* path, bool follow) {
    const Errno error = d.link(path, follow, d, "linked");
    const bool isOutside = error == Errno::Success && field.isOutside(field.inside(), "linked");
    if (error == Errno::Success) (void)unlinkat(field.inside(), "linked", 0);
    return {error, isOutside};
}

Try listed(Directory& d, RaceField& field) {
    auto folder = d.open("swap", {.read = true, .directory = true, .follow = true}, nullptr);
    if (!folder) return {folder.error()};
    uint64_t leftOut = 0;
    const auto entries = (*folder)->asDirectory()->entries(leftOut);
    if (!entries || (*entries).empty()) return {entries.error(), false};
    wasi::Filestat self{};
    self.ino = (*entries)[0].inode;
    return {Errno::Success, field.isOutside(self)};
}

void putMine(RaceField& field) {
    if (!exists(field.inside(), "mine")) writeFile(field.inside(), "mine", "mine");
}

const Operation kOperations[] = {
    {"open", Attack::Folder,
     [](Directory& d, RaceField& f) { return open(d, f, "swap/f", {.read = true, .follow = true}); }},
    {"open-last", Attack::Last,
     [](Directory& d, RaceField& f) { return open(d, f, "last", {.read = true, .follow = true}); }},
    {"open-dots", Attack::MoveOut,
     [](Directory& d, RaceField& f) { return open(d, f, "deep/d/../f", {.read = true, .follow = true}); }},
    {"open-folder", Attack::Folder,
     [](Directory& d, RaceField& f) {
         return open(d, f, "swap", {.read = true, .directory = true, .follow = true});
     }},
    {"list", Attack::Folder, [](Directory& d, RaceField& f) { return listed(d, f); }},
    {"create", Attack::Folder,
     [](Directory& d, RaceField& f) {
         const wasi::OpenHow how{.write = true, .create = true, .exclusive = true};
         return made(f, d.open("swap/new", how, nullptr).error());
     }},
    {"truncate", Attack::Folder, [](Directory& d, RaceField& f) { return truncate(d, f, "swap/f"); }},
    {"truncate-last", Attack::Last, [](Directory& d, RaceField& f) { return truncate(d, f, "last"); }},
    {"stat", Attack::Folder, [](Directory& d, RaceField& f) { return stat(d, f, "swap/f", true); }},
    {"stat-last", Attack::Last, [](Directory& d, RaceField& f) { return stat(d, f, "last", true); }},
    {"lstat", Attack::Folder, [](Directory& d, RaceField& f) { return stat(d, f, "swap/f", false); }},
    {"set-times", Attack::Folder, [](Directory& d, RaceField& f) { return setTimes(d, f, "swap/f"); }},
    {"set-times-last", Attack::Last, [](Directory& d, RaceField& f) { return setTimes(d, f, "last"); }},
    {"mkdir", Attack::Folder,
     [](Directory& d, RaceField& f) { return made(f, d.createDirectory("swap/new")); }},
    {"rmdir", Attack::Folder,
     [](Directory& d, RaceField& f) { return taken(f, d.removeDirectory("swap/d"), "d", true); }},
    {"unlink", Attack::Folder,
     [](Directory& d, RaceField& f) { return taken(f, d.unlink("swap/victim"), "victim", false); }},
    {"rename-from", Attack::Folder,
     [](Directory& d, RaceField& f) {
         return taken(f, d.rename("swap/victim", d, "taken"), "victim", false);
     }},
    {"rename-to", Attack::Folder,
     [](Directory& d, RaceField& f) {
         putMine(f);
         return made(f, d.rename("mine", d, "swap/new"));
     }},
    {"link-from", Attack::Folder, [](Directory& d, RaceField& f) { return linked(d, f, "swap/f", false); }},
    {"link-from-last", Attack::Last, [](Directory& d, RaceField& f) { return linked(d, f, "last", true); }},
    {"link-to", Attack::Folder,
     [](Directory& d, RaceField& f) {
         putMine(f);
         return made(f, d.link("mine", false, d, "swap/new"));
     }},
    {"symlink", Attack::Folder,
     [](Directory& d, RaceField& f) { return made(f, d.symlink("anything", "swap/new")); }},
    {"readlink", Attack::Folder,
     [](Directory& d, RaceField&) {
         const auto text = d.readLink("swap/text");
         return Try{text.error(), text && *text == "out"};
     }},
};

struct Options {
    uint64_t tries = 1'000'000;
    std::optional<double> seconds;
    std::string only;
};

struct Result {
    uint64_t tries = 0, inside = 0, outside = 0, moves = 0;
    double seconds = 0;
};

/// Until so many tries or seconds have passed, or (`first`) something got outside.
Result race(const Operation& operation, Directory& directory, RaceField& field, uint64_t tries,
            double seconds, bool first) {
    Result result;
    const auto begun = std::chrono::steady_clock::now();
    const auto passed = [&] { return Seconds(std::chrono::steady_clock::now() - begun).count(); };
    field.begin(operation.attack);
    while (result.tries < tries && !(first && result.outside > 0)) {
        if (result.tries % 256 == 0 && passed() > seconds) break;
        const Try done = operation.make(directory, field);
        result.tries++;
        result.inside += done.error == Errno::Success && !done.isOutside;
        result.outside += done.isOutside;
    }
    result.seconds = passed();
    result.moves = field.end();
    return result;
}

void tell(const char* operation, const char* resolver, const Result& r) {
    std::printf("%-15s %-8s %9llu tries %8.0f /s %9llu moves %9llu inside %6llu outside\n", operation,
                resolver, static_cast<unsigned long long>(r.tries), static_cast<double>(r.tries) / r.seconds,
                static_cast<unsigned long long>(r.moves), static_cast<unsigned long long>(r.inside),
                static_cast<unsigned long long>(r.outside));
    std::fflush(stdout);
}

bool raceAll(const Operation& operation, const Options& options) {
    constexpr double kPatience = 60;  // seconds
    bool isGood = true;
    {
        RaceField field;
        NaiveDirectory naive(field.insidePath());
        const Result caught = race(operation, naive, field, ~uint64_t{0}, kPatience, true);
        tell(operation.name, "naive", caught);
        isGood = caught.outside > 0;
        if (!isGood)
            std::printf("%s: the naive resolver was not caught: this race shows nothing\n", operation.name);
    }
    for (const wasi::Resolution resolution : {wasi::Resolution::Openat2, wasi::Resolution::Walk}) {
        RaceField field;
        wasi::HostDirectory directory(wasi::UniqueFd(dup(field.inside())), field.insidePath(), false,
                                      resolution);
        const Result ours =
            race(operation, directory, field, options.tries, options.seconds.value_or(1e9), false);
        tell(operation.name, resolution == wasi::Resolution::Walk ? "walk" : "openat2", ours);
        isGood = isGood && ours.outside == 0;
    }
    return isGood;
}

std::optional<Options> parse(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; i++) {
        const std::string name = argv[i];
        if (name == "--list") {
            for (const Operation& operation : kOperations)
                std::puts(operation.name);
            return std::nullopt;
        }
        if (i + 1 == argc) return std::nullopt;
        const char* value = argv[++i];
        if (name == "--tries")
            options.tries = std::strtoull(value, nullptr, 10);
        else if (name == "--seconds")
            options.seconds = std::strtod(value, nullptr), options.tries = ~uint64_t{0};
        else if (name == "--only")
            options.only = value;
        else
            return std::nullopt;
    }
    return options;
}

}  // namespace
}  // namespace races

int main(int argc, char** argv) {
    const auto options = races::parse(argc, argv);
    if (!options) {
        std::fprintf(stderr, "usage: path_races [--tries N] [--seconds S] [--only OPERATION] [--list]\n");
        return 2;
    }
    bool isGood = true;
    int raced = 0;
    for (const races::Operation& operation : races::kOperations) {
        if (!options->only.empty() && options->only != operation.name) continue;
        isGood = races::raceAll(operation, *options) && isGood;
        raced++;
    }
    return isGood && raced > 0 ? 0 : 1;
}
