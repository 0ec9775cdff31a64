#include "tests/fuzz/race_field.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/check.h"

namespace races {

namespace {

wasi::UniqueFd openFolder(int at, const char* name) {
    wasi::UniqueFd fd(openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    CHECK(fd);
    return fd;
}

}  // namespace

bool exists(int folder, const char* name) {
    struct stat s {};
    return fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0;
}

void writeFile(int folder, const char* name, const std::string& text) {
    const wasi::UniqueFd fd(
        openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
    CHECK(fd && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

RaceField::RaceField() {
    m_path = (std::filesystem::temp_directory_path() / "wasi_race.XXXXXX").string();
    CHECK(mkdtemp(m_path.data()));
    const wasi::UniqueFd scratch = openFolder(AT_FDCWD, m_path.c_str());
    for (const char* name : {"inside", "outside", "inside/swap", "inside/deep", "inside/deep/d"})
        CHECK(mkdirat(scratch.get(), name, 0777) == 0);
    m_insidePath = m_path + "/inside";
    m_inside = openFolder(scratch.get(), "inside");
    m_outside = openFolder(scratch.get(), "outside");
    m_real = openFolder(m_inside.get(), "swap");
    m_deep = openFolder(m_inside.get(), "deep");
    fill(m_real.get(), "in");
    fill(m_outside.get(), "out");
    for (const char* name : {"f", "last"})
        writeFile(name[0] == 'f' ? m_deep.get() : m_inside.get(), name, "in");
    CHECK(symlinkat("../outside", m_inside.get(), "link") == 0);
    CHECK(symlinkat("../outside/f", m_inside.get(), "lastlink") == 0);
    const char* const names[] = {".", "f", "victim", "d"};
    for (size_t i = 0; i < m_outsideInodes.size(); i++) {
        struct stat s {};
        CHECK(fstatat(m_outside.get(), names[i], &s, 0) == 0);
        m_outsideInodes[i] = s.st_ino;
    }
}

RaceField::~RaceField() {
    (void)end();
    std::error_code ignored;
    std::filesystem::remove_all(m_path, ignored);
}

void RaceField::fill(int folder, const std::string& text) const {
    writeFile(folder, "f", text);
    writeFile(folder, "victim", text);
    CHECK(mkdirat(folder, "d", 0777) == 0);
    CHECK(symlinkat(text.c_str(), folder, "text") == 0);
}

void RaceField::move(Attack attack, bool isBack) const {
    const int in = m_inside.get();
    switch (attack) {
    case Attack::Folder: (void)renameat2(in, "swap", in, "link", RENAME_EXCHANGE); return;
    case Attack::Last: (void)renameat2(in, "last", in, "lastlink", RENAME_EXCHANGE); return;
    case Attack::MoveOut:
        if (isBack)
            (void)renameat(m_outside.get(), "d2", m_deep.get(), "d");
        else
            (void)renameat(m_deep.get(), "d", m_outside.get(), "d2");
        return;
    }
}

void RaceField::begin(Attack attack) {
    m_isRunning = true;
    m_moves = 0;
    m_mover = std::thread([this, attack] {
        do {
            move(attack, m_moves % 2 == 1);
            m_moves++;
        } while (m_isRunning || m_moves % 2 == 1);
    });
}

uint64_t RaceField::end() {
    m_isRunning = false;
    if (m_mover.joinable()) m_mover.join();
    return m_moves;
}

bool RaceField::isOutside(const wasi::Filestat& stat) const {
    return std::find(m_outsideInodes.begin(), m_outsideInodes.end(), uint64_t{stat.ino}) !=
           m_outsideInodes.end();
}

bool RaceField::isOutside(int folder, const char* name) const {
    struct stat s {};
    return fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) == 0 &&
           std::find(m_outsideInodes.begin(), m_outsideInodes.end(), s.st_ino) != m_outsideInodes.end();
}

}  // namespace races
