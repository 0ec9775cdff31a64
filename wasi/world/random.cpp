#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "wasi/world.h"
#include "wasi/world/host_errno.h"

namespace wasi {

namespace {

class RealRandom : public Random {
public:
    Errno fill(std::span<uint8_t> bytes) override {
        while (!bytes.empty()) {
            const ssize_t n = getrandom(bytes.data(), bytes.size(), 0);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return lastErrno();
            bytes = bytes.subspan(static_cast<size_t>(n));
        }
        return Errno::Success;
    }
};

/// SplitMix64: for repeatable runs, not for secrets. The stream of bytes does not depend on how it is cut into calls.
class SeededRandom : public Random {
public:
    explicit SeededRandom(uint64_t seed) : m_state(seed) {}
    Errno fill(std::span<uint8_t> bytes) override {
        for (auto& byte : bytes) {
            if (m_left == 0) {
                m_word = next();
                m_left = 8;
            }
            byte = static_cast<uint8_t>(m_word);
            m_word >>= 8;
            m_left--;
        }
        return Errno::Success;
    }

private:
    uint64_t next() {
        uint64_t z = m_state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    uint64_t m_state, m_word = 0;
    int m_left = 0;
};

}  // namespace

std::unique_ptr<Random> makeRandom(const RandomGrant& grant) {
    if (grant.seed) return std::make_unique<SeededRandom>(*grant.seed);
    return std::make_unique<RealRandom>();
}

}  // namespace wasi
