// RaceField: the ground on which resolvers of paths are raced: a scratch folder with "inside", which is given to the resolver, and
// "outside" beside it, where only markers lie. A thread of its own keeps moving things inside, so that a path that was good a moment ago
// leads to the markers.
#pragma once

#include <sys/stat.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

#include "wasi/world.h"
#include "wasi/world/unique_fd.h"

namespace races {

/// What the other thread moves, over and over.
enum class Attack : uint8_t {
    Folder,  // inside/swap is a folder, and a link to ../outside
    Last,    // inside/last is a file, and a link to ../outside/f
    MoveOut  // inside/deep/d is moved to outside/d2 and back: `..` in it leads outside
};

class RaceField {
public:
    RaceField();
    ~RaceField();
    RaceField(const RaceField&) = delete;

    void begin(Attack attack);
    /// Ends the attack, with everything where it was. Number of moves.
    uint64_t end();

    const std::string& insidePath() const { return m_insidePath; }
    int inside() const { return m_inside.get(); }    // the folder of the resolver
    int real() const { return m_real.get(); }        // inside/swap, wherever it is called so
    int outside() const { return m_outside.get(); }  // the neighbour

    /// Is that one of the things outside?
    bool isOutside(const wasi::Filestat& stat) const;
    bool isOutside(int folder, const char* name) const;

private:
    void fill(int folder, const std::string& text) const;
    void move(Attack attack, bool isBack) const;

    std::string m_path, m_insidePath;
    wasi::UniqueFd m_inside, m_real, m_outside, m_deep;
    std::array<ino_t, 4> m_outsideInodes{};
    std::atomic<bool> m_isRunning{false};
    uint64_t m_moves = 0;
    std::thread m_mover;
};

bool exists(int folder, const char* name);
void writeFile(int folder, const char* name, const std::string& text);

}  // namespace races
