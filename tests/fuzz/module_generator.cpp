#include "tests/fuzz/module_generator.h"

#include <cstring>

#include "tests/fuzz/generator.h"

namespace fuzz {

bool Generator::offers(Feature feature) const {
    switch (feature) {
    case Feature::Mvp:
    case Feature::SignExtension:
    case Feature::SaturatingTruncation: return true;
    case Feature::BulkMemory: return m_profile.bulkMemory;
    case Feature::Simd: return m_profile.simd;
    case Feature::Threads: return m_profile.atomics;
    default: return false;
    }
}

void Generator::chooseRows() {
    m_numeric = m_profile.simd ? "iIfFv" : "iIfF";
    for (uint16_t i = 0; i < engine::kOpCount; ++i) {
        const auto o = static_cast<Op>(i);
        const OpRow& row = engine::row(o);
        if (!row.hasFixedSignature() || !offers(row.feature)) continue;
        // Nobody wakes a waiter here, and a guest may not grow without bound.
        if (o == Op::MemoryAtomicWait32 || o == Op::MemoryAtomicWait64) continue;
        const size_t colon = row.signature.find(':');
        const auto result = row.signature.substr(colon + 1);
        if (result.empty())
            m_effects.push_back(o);
        else if (result.size() == 1)
            m_producers[result[0] == 'm' ? 'i' : static_cast<size_t>(result[0])].push_back(o);
    }
}

std::string Generator::types(uint32_t most) {
    std::string list;
    for (uint32_t n = m_random.below(most + 1); n > 0; --n)
        list += anyType();
    return list;
}

Bytes Generator::run() {
    const uint32_t functions = 2 + m_random.below(5);
    for (uint32_t i = 0; i < 2 + functions / 2; ++i)
        m_types.push_back({types(3), types(m_random.oneIn(4) ? 3 : 1)});
    for (uint32_t i = 0; i < functions; ++i)
        m_functions.push_back({m_random.below(static_cast<uint32_t>(m_types.size())), {}});
    m_globals = "i" + types(4);

    Bytes module = {0, 'a', 's', 'm', 1, 0, 0, 0}, s;
    const bool hasTag = m_profile.legacyExceptions || m_profile.exceptions;
    unsignedLeb(s, m_types.size() + (hasTag ? 1 : 0));
    for (const Signature& type : m_types) {
        s.push_back(0x60);
        for (const std::string& list : {type.params, type.results}) {
            unsignedLeb(s, list.size());
            for (char t : list)
                s.push_back(binaryType(t));
        }
    }
    if (hasTag) s.insert(s.end(), {0x60, 1, 0x7f, 0});
    section(module, 1, s);

    s.clear();
    unsignedLeb(s, functions);
    for (const Function& f : m_functions)
        unsignedLeb(s, f.type);
    section(module, 3, s);
    section(module, 4, {1, 0x70, 0x01, kTableSize, kTableSize});
    section(module, 5, {1, 0x01, kPages, kMaxPages});
    if (hasTag) {
        s = {1, 0};
        unsignedLeb(s, m_types.size());
        section(module, 13, s);
    }

    m_code.clear();
    number(m_globals.size());
    for (char type : m_globals) {
        byte(binaryType(type));
        byte(1);
        constant(type);
        op(Op::End);
    }
    section(module, 6, m_code);

    s.clear();
    std::vector<std::pair<std::string, std::pair<uint8_t, uint32_t>>> exports = {{"memory", {2, 0}},
                                                                                 {"fuel", {3, kFuel}}};
    for (uint32_t i = 1; i < m_globals.size(); ++i)
        if (m_globals[i] != 'v') exports.push_back({"g" + std::to_string(i), {3, i}});
    for (uint32_t i = 0; i < functions; ++i) {
        const Signature& type = m_types[m_functions[i].type];
        if ((type.params + type.results).find('v') == std::string::npos)
            exports.push_back({"f" + std::to_string(i), {0, i}});
    }
    unsignedLeb(s, exports.size());
    for (const auto& [text, what] : exports) {
        name(s, text);
        s.push_back(what.first);
        unsignedLeb(s, what.second);
    }
    section(module, 7, s);

    // Element segments: all functions, put into the table, which is also what ref.func may name; and two for table.init.
    s = {2, 0, 0x41, 0, 0x0b};
    const uint32_t inTable = std::min(functions, kTableSize);
    unsignedLeb(s, inTable);
    for (uint32_t i = 0; i < inTable; ++i)
        unsignedLeb(s, i);
    s.insert(s.end(), {1, 0, 2, 0, 1});
    section(module, 9, s);
    section(module, 12, {2});

    Bytes code;
    unsignedLeb(code, functions);
    for (uint32_t i = 0; i < functions; ++i) {
        const Bytes b = body(i);
        unsignedLeb(code, b.size());
        code.insert(code.end(), b.begin(), b.end());
    }
    section(module, 10, code);
    section(module, 11, {2, 0, 0x41, 16, 0x0b, 5, 'h', 'e', 'l', 'l', 'o', 1, 7, 1, 2, 3, 4, 5, 0xff, 0x80});
    return module;
}

std::vector<uint8_t> generateModule(uint64_t seed, const Profile& profile) {
    return Generator(seed, profile).run();
}

std::vector<uint8_t> mutateModule(std::vector<uint8_t> bytes, uint64_t seed) {
    Random random(seed);
    const auto place = [&] { return random.below(static_cast<uint32_t>(bytes.size())); };
    for (uint32_t n = 1 + random.below(3); n > 0 && bytes.size() > 9; --n) {
        switch (random.below(5)) {
        case 0: bytes[place()] = static_cast<uint8_t>(random.next()); break;
        case 1: bytes[place()] ^= static_cast<uint8_t>(1u << random.below(8)); break;
        case 2: bytes.erase(bytes.begin() + place()); break;
        case 3: bytes.insert(bytes.begin() + place(), static_cast<uint8_t>(random.next())); break;
        default: {
            const uint8_t other = bytes[place()];
            bytes[place()] = other;
        }
        }
    }
    return bytes;
}

}  // namespace fuzz
