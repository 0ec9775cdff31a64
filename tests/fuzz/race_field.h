// RaceField: the ground on which resolvers of paths are raced: a scratch folder with "inside", which is given to the resolver, and
// "outside" beside it, where only markers lie. A thread of its own, the mover, moves things inside, once in each try and at a random moment
// of it, so that a path that was good a moment ago leads to the markers.
#pragma once

#include <sys/stat.h>

#include <array>
#include <atomic>
#include <chrono>
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
    /// Below `scratch`, a folder.
    explicit RaceField(const std::string& scratch);
    ~RaceField();
    RaceField(const RaceField&) = delete;

    void begin(Attack attack);
    /// Ends the attack, with everything where it was. Number of moves.
    uint64_t end();

    /// To be called around each try: the mover moves once behind beginTry(). endTry(): was something moved meanwhile?
    void beginTry();
    bool endTry() const { return m_begun.load() != m_movedBefore; }
    /// How long a try takes, so that the mover's moment is at any point of it.
    void setPace(std::chrono::nanoseconds perTry) { m_paceNs = perTry.count(); }

    const std::string& insidePath() const { return m_insidePath; }
    int inside() const { return m_inside.get(); }  // the folder of the resolver
    int real() const { return m_real.get(); }      // inside/swap, wherever it is called so

    /// Is that one of the things outside?
    bool isOutside(const wasi::Filestat& stat) const;
    /// Was something outside made, taken away, linked or changed since begin()? Not to be asked of Attack::MoveOut, which does so itself.
    bool isOutsideChanged() const { return stateOutside() != m_stateOutside; }

private:
    struct State {  // of a file or folder outside: any change to it shows in its time
        ino_t inode;
        time_t changed;
        long changedNs;
        bool operator==(const State&) const = default;
    };
    using States = std::array<State, 4>;

    void fill(int folder, const std::string& text) const;
    void move(Attack attack, bool isBack) const;
    void moveOncePerTry(Attack attack);
    States stateOutside() const;

    std::string m_path, m_insidePath;
    wasi::UniqueFd m_inside, m_real, m_outside, m_deep;
    std::array<wasi::UniqueFd, 4> m_markers;  // what lies outside, and that folder
    States m_stateOutside{};
    std::thread m_mover;
    std::atomic<bool> m_isRunning{false};
    std::atomic<int64_t> m_paceNs{5000};
    uint64_t m_movedBefore = 0;  // m_moved when the try began
    alignas(64) std::atomic<uint64_t> m_tries{0};
    alignas(64) std::atomic<uint64_t> m_begun{0};  // moves
    std::atomic<uint64_t> m_moved{0};              // moves that are done
};

void writeFile(int folder, const char* name, const std::string& text);

}  // namespace races
