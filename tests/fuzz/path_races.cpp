// path_races: makes each operation on a path while another thread keeps moving what the path leads to, and counts what got outside
// (reliability F10). A resolver that looks first and acts then is raced before ours, and has to be caught with each operation: else nothing
// is learnt from ours not being caught.
//
//   path_races [--tries N] [--seconds S] [--only OPERATION] [--resolver openat2|walk] [--scratch FOLDER] [--list]
//
// N tries of each operation (1000000), or as many as S seconds allow, of both ways of resolving or of one. "met" are the tries during which
// something was moved, "inside" those that succeeded. 1: something got outside, or the naive resolver was not caught.

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

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
    Try (*make)(Directory&, RaceField&);
};

// A try tells of what it got from outside. What it did to something outside is found by RaceField::isOutsideChanged().

Try open(Directory& d, RaceField& field, const char* path, const wasi::OpenHow& how) {
    auto file = d.open(path, how, nullptr);
    if (!file) return {file.error()};
    const auto stat = (*file)->stat();
    return {Errno::Success, !stat || field.isOutside(*stat)};
}

Try truncate(Directory& d, const char* path) {
    return {d.open(path, {.read = true, .write = true, .truncate = true, .follow = true}, nullptr).error()};
}

Try stat(Directory& d, RaceField& field, const char* path, bool follow) {
    const auto found = d.statAt(path, follow);
    return {found.error(), found && field.isOutside(*found)};
}

Try setTimes(Directory& d, const char* path) {
    constexpr uint64_t kTime = 123'456'789'000'000'000;
    return {d.setTimesAt(path, true, {kTime, kTime})};
}

/// Something new was made at swap/new: away with it, for the next try.
Try made(RaceField& field, Errno error, int flags = 0) {
    if (error == Errno::Success) (void)unlinkat(field.real(), "new", flags);
    return {error};
}

Try linked(Directory& d, RaceField& field, const char* path, bool follow) {
    const Errno error = d.link(path, follow, d, "linked");
    if (error == Errno::Success) (void)unlinkat(field.inside(), "linked", 0);
    return {error};
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
    {"truncate", Attack::Folder, [](Directory& d, RaceField&) { return truncate(d, "swap/f"); }},
    {"truncate-last", Attack::Last, [](Directory& d, RaceField&) { return truncate(d, "last"); }},
    {"stat", Attack::Folder, [](Directory& d, RaceField& f) { return stat(d, f, "swap/f", true); }},
    {"stat-last", Attack::Last, [](Directory& d, RaceField& f) { return stat(d, f, "last", true); }},
    {"lstat", Attack::Folder, [](Directory& d, RaceField& f) { return stat(d, f, "swap/f", false); }},
    {"set-times", Attack::Folder, [](Directory& d, RaceField&) { return setTimes(d, "swap/f"); }},
    {"set-times-last", Attack::Last, [](Directory& d, RaceField&) { return setTimes(d, "last"); }},
    {"mkdir", Attack::Folder,
     [](Directory& d, RaceField& f) { return made(f, d.createDirectory("swap/new"), AT_REMOVEDIR); }},
    {"rmdir", Attack::Folder,
     [](Directory& d, RaceField& f) {
         const Errno error = d.removeDirectory("swap/d");
         if (error == Errno::Success) (void)mkdirat(f.real(), "d", 0777);
         return Try{error};
     }},
    {"unlink", Attack::Folder,
     [](Directory& d, RaceField& f) {
         const Errno error = d.unlink("swap/victim");
         if (error == Errno::Success) (void)!linkat(f.inside(), "stock", f.real(), "victim", 0);
         return Try{error};
     }},
    {"rename-from", Attack::Folder,
     [](Directory& d, RaceField& f) {
         const Errno error = d.rename("swap/victim", d, "taken");
         if (error == Errno::Success) (void)renameat(f.inside(), "taken", f.real(), "victim");
         return Try{error};
     }},
    {"rename-to", Attack::Folder,
     [](Directory& d, RaceField& f) {
         const Errno error = d.rename("mine", d, "swap/new");
         if (error == Errno::Success) (void)renameat(f.real(), "new", f.inside(), "mine");
         return Try{error};
     }},
    {"link-from", Attack::Folder, [](Directory& d, RaceField& f) { return linked(d, f, "swap/f", false); }},
    {"link-from-last", Attack::Last, [](Directory& d, RaceField& f) { return linked(d, f, "last", true); }},
    {"link-to", Attack::Folder,
     [](Directory& d, RaceField& f) { return made(f, d.link("mine", false, d, "swap/new")); }},
    {"symlink", Attack::Folder,
     [](Directory& d, RaceField& f) { return made(f, d.symlink("anything", "swap/new")); }},
    {"readlink", Attack::Folder,
     [](Directory& d, RaceField&) {
         const auto text = d.readLink("swap/text");
         return Try{text.error(), text && *text == "out"};
     }},
};

constexpr const char* kNaive = "naive";
constexpr const char* kResolvers[] = {kNaive, "openat2", "walk"};

struct Options {
    uint64_t tries = 1'000'000;
    double seconds = 1e9;
    std::string only, resolver;
    std::string scratch;
};

struct Result {
    uint64_t tries = 0, met = 0, inside = 0, moves = 0;
    bool isOutside = false;
    double seconds = 0;
};

/// Until something got outside, or so many tries or seconds have passed.
Result race(const Operation& operation, Directory& directory, RaceField& field, uint64_t tries,
            double seconds, uint64_t batch) {
    Result result;
    const auto begun = std::chrono::steady_clock::now();
    const bool canChange = operation.attack != Attack::MoveOut;
    field.begin(operation.attack);
    while (result.tries < tries && result.seconds < seconds && !result.isOutside) {
        for (uint64_t i = 0; i < batch; i++) {
            field.beginTry();
            const Try done = operation.make(directory, field);
            result.met += field.endTry();
            result.inside += done.error == Errno::Success;
            result.isOutside = result.isOutside || done.isOutside;
        }
        result.tries += batch;
        result.isOutside = result.isOutside || (canChange && field.isOutsideChanged());
        const auto before =
            std::exchange(result.seconds, Seconds(std::chrono::steady_clock::now() - begun).count());
        field.setPace(std::chrono::nanoseconds(
            static_cast<int64_t>((result.seconds - before) * 1e9 / static_cast<double>(batch))));
    }
    result.moves = field.end();
    return result;
}

std::unique_ptr<Directory> resolver(std::string_view name, const RaceField& field) {
    if (name == kNaive) return std::make_unique<NaiveDirectory>(field.insidePath());
    return std::make_unique<wasi::HostDirectory>(
        wasi::UniqueFd(dup(field.inside())), field.insidePath(), false,
        name == "walk" ? wasi::Resolution::Walk : wasi::Resolution::Openat2);
}

void tell(const char* operation, const char* resolver, const Result& r) {
    std::printf("%-15s %-8s %9llu tries %8.0f /s %9llu moves %9llu met %9llu inside  %s\n", operation,
                resolver, static_cast<unsigned long long>(r.tries), static_cast<double>(r.tries) / r.seconds,
                static_cast<unsigned long long>(r.moves), static_cast<unsigned long long>(r.met),
                static_cast<unsigned long long>(r.inside), r.isOutside ? "OUTSIDE" : "none outside");
    std::fflush(stdout);
}

bool raceAll(const char* name, const Operation& operation, const Options& options) {
    const bool isNaive = name == kNaive;
    constexpr double kPatience = 60;  // seconds
    RaceField field(options.scratch);
    const auto directory = resolver(name, field);
    const Result result = isNaive ? race(operation, *directory, field, ~uint64_t{0}, kPatience, 1)
                                  : race(operation, *directory, field, options.tries, options.seconds, 64);
    tell(operation.name, name, result);
    if (isNaive && !result.isOutside)
        std::printf("%s: the naive resolver was not caught: this race shows nothing\n", operation.name);
    return result.isOutside == isNaive;
}

/// Memory, where the moves do not wait for a disk; else where temporary files are.
std::string scratchFolder() {
    const char* const memory = "/dev/shm";
    return access(memory, W_OK) == 0 ? memory : std::filesystem::temp_directory_path().string();
}

std::optional<Options> parse(int argc, char** argv) {
    Options options;
    options.scratch = scratchFolder();
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
        else if (name == "--resolver")
            options.resolver = value;
        else if (name == "--scratch")
            options.scratch = value;
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
        std::fprintf(stderr,
                     "usage: path_races [--tries N] [--seconds S] [--only OPERATION] [--resolver NAME] "
                     "[--scratch FOLDER] [--list]\n");
        return 2;
    }
    bool isGood = true;
    int raced = 0;
    for (const char* resolver : races::kResolvers) {
        if (!options->resolver.empty() && resolver != races::kNaive && options->resolver != resolver)
            continue;
        for (const races::Operation& operation : races::kOperations) {
            if (!options->only.empty() && options->only != operation.name) continue;
            isGood = races::raceAll(resolver, operation, *options) && isGood;
            raced += resolver != races::kNaive;
        }
    }
    return isGood && raced > 0 ? 0 : 1;
}
