// Calls at random, for tests that compare two ways of looking at one.
#pragma once

#include <random>

#include "wasi/host_function.h"
#include "wasi/syscall_record.h"

namespace wasi {

/// A record of that function as no host would make it: numbers at random, accesses where its pointers point, or not.
inline SyscallRecord anyRecord(uint16_t function, std::mt19937& random) {
    const auto upTo = [&](uint64_t most) { return std::uniform_int_distribution<uint64_t>(0, most)(random); };
    SyscallRecord r;
    r.function = function;
    r.argumentCount = static_cast<uint8_t>(allHostFunctions()[function].type.params.size());
    for (auto& argument : r.arguments)
        argument = upTo(3) ? upTo(upTo(1) ? 40 : 5) * (upTo(1) ? 8 : 1) : random();
    constexpr Outcome kOutcomes[] = {Outcome::Returned,   Outcome::Returned, Outcome::Pending,
                                     Outcome::Trapped,    Outcome::Exited,   Outcome::Dropped,
                                     Outcome::Interrupted};
    r.outcome = kOutcomes[upTo(upTo(3) ? 1 : std::size(kOutcomes) - 1)];
    r.errno_ = static_cast<uint16_t>(upTo(3) ? 0 : upTo(90));
    r.result = upTo(300);
    if (upTo(1)) r.subject = upTo(1) ? "/data/a" : "b\n\x1b";
    if (upTo(1)) r.subject += std::string(1, '\0') + "/second";
    for (uint64_t i = upTo(4); i > 0; i--) {
        MemoryAccess access;
        access.address = static_cast<uint32_t>(upTo(3) ? r.arguments[upTo(r.argumentCount)] : upTo(100));
        access.isWrite = upTo(1) != 0;
        access.bytes.resize(upTo(100));
        for (auto& byte : access.bytes)
            byte = static_cast<uint8_t>(upTo(2) ? upTo(3) : random());
        access.length = access.bytes.size() + (upTo(3) ? 0 : upTo(50));
        r.accesses.push_back(std::move(access));
    }
    return r;
}

}  // namespace wasi
