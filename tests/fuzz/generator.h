// The generator of modules: expressions in generator_expressions.cpp, statements in generator_statements.cpp, sections in
// module_generator.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/module_generator.h"

namespace fuzz {

using engine::Feature;
using engine::Imm;
using engine::Op;
using engine::OpRow;
using Bytes = std::vector<uint8_t>;

/// SplitMix64: small, and the same everywhere.
class Random {
public:
    explicit Random(uint64_t seed) : m_state(seed) {}
    uint64_t next() {
        uint64_t z = (m_state += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
    uint32_t below(uint32_t n) { return static_cast<uint32_t>(next() % n); }
    bool oneIn(uint32_t n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& list) {
        return list[below(static_cast<uint32_t>(list.size()))];
    }

private:
    uint64_t m_state;
};

inline void unsignedLeb(Bytes& to, uint64_t n) {
    for (; n >= 0x80; n >>= 7)
        to.push_back(static_cast<uint8_t>(n | 0x80));
    to.push_back(static_cast<uint8_t>(n));
}
inline void signedLeb(Bytes& to, int64_t n) {
    while (true) {
        const auto low = static_cast<uint8_t>(n & 0x7f);
        n >>= 7;
        if ((n == 0 && !(low & 0x40)) || (n == -1 && (low & 0x40))) return to.push_back(low);
        to.push_back(low | 0x80);
    }
}
inline void name(Bytes& to, std::string_view text) {
    unsignedLeb(to, text.size());
    to.insert(to.end(), text.begin(), text.end());
}
inline void section(Bytes& module, uint8_t id, const Bytes& contents) {
    module.push_back(id);
    unsignedLeb(module, contents.size());
    module.insert(module.end(), contents.begin(), contents.end());
}

/// A type as the signatures of opcodes.def write it.
inline uint8_t binaryType(char type) {
    switch (type) {
    case 'i': return 0x7f;
    case 'I': return 0x7e;
    case 'f': return 0x7d;
    case 'F': return 0x7c;
    default: return 0x7b;
    }
}

struct Signature {
    std::string params, results;
};

constexpr uint32_t kFuel = 0;  // index of its global
constexpr uint32_t kPages = 1, kMaxPages = 3;
constexpr uint32_t kTableSize = 8;

class Generator {
public:
    Generator(uint64_t seed, const Profile& profile) : m_random(seed), m_profile(profile) { chooseRows(); }
    Bytes run();

private:
    struct Label {
        std::string branchTypes;  // what a branch to it takes
    };
    struct Function {
        uint32_t type;
        std::string locals;  // parameters first
    };

    void chooseRows();
    bool offers(Feature feature) const;
    std::string types(uint32_t most);
    char anyType() { return m_numeric[m_random.below(static_cast<uint32_t>(m_numeric.size()))]; }

    // The function that is written now.
    void op(Op o);
    void byte(uint8_t b) { m_code.push_back(b); }
    void number(uint64_t n) { unsignedLeb(m_code, n); }
    void constant(char type);
    void i32(int32_t n);
    void immediates(const OpRow& row);
    void address(const OpRow& row);
    void takeFuel();
    void noNan(const OpRow& row, char type);
    void instruction(Op o);
    void leaf(char type);
    void expression(char type, uint32_t depth);
    void expressions(const std::string& types, uint32_t depth);
    void blockType(char type) { byte(type == 0 ? 0x40 : binaryType(type)); }
    void control(char type, uint32_t depth);
    void exceptionBlock(char type, uint32_t depth);
    void call(char type, uint32_t depth);
    void statement(uint32_t depth);
    void statements(uint32_t most, uint32_t depth);
    void branch(uint32_t depth);
    void tableStatement(uint32_t depth);
    uint32_t scratch(char type);
    std::optional<uint32_t> localOf(char type);
    std::optional<uint32_t> globalOf(char type);
    Bytes body(uint32_t index);

    Random m_random;
    Profile m_profile;
    std::string m_numeric;
    std::vector<Op> m_producers[128];  // by result type
    std::vector<Op> m_effects;         // rows without result
    std::vector<Signature> m_types;
    std::vector<Function> m_functions;
    std::string m_globals;  // types; the first is the fuel
    Bytes m_code;
    Function* m_function = nullptr;
    std::vector<Label> m_labels;
    uint32_t m_budget = 0;
};

}  // namespace fuzz
