// MockRule: one rule of how a host call is answered in place of the host, or in spite of it. A plain value: what the command line, a
// JSON file, the prompt and the Mocks panel hold. Rules are an ordered list: the first one that fires decides.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "wasi/types.h"

namespace wasi {

enum class MockAction : uint8_t {
    Pass,     // the host answers (after the delay); later rules are not asked
    Errno,    // fails with that errno, without any effect
    Reply,    // succeeds with these results and bytes, without any effect on the host
    Short,    // the host reads or writes at most `count` bytes
    Corrupt,  // the host answers, then `count` bits of what it read are flipped
    Trap,     // the program traps there
    Stop,     // stops in the debugger; goes on as Pass
    Script    // does what the function of a script answers to the call
};

/// An entry of a directory that a reply to fd_readdir lists.
struct MockDirent {
    std::string name;  // UTF-8, 1 to 255 bytes, without "/" and NUL
    Filetype type = Filetype::RegularFile;
    uint64_t inode = 0;
    uint64_t cookie = 0;  // of what follows it; 0: its place, counted from 1
    bool operator==(const MockDirent&) const = default;
};

struct MockRule {
    std::string call;  // name of a function, or a pattern with * and ?
    std::string when;  // CallFilter of what is known before a call; empty = always

    // Which of the calls that match, counted from 1 by each rule for itself:
    uint64_t from = 1, to = 0;  // 0 = no end
    uint64_t every = 1;         // only those whose number it divides
    double probability = 1;     // … and of these so many, chosen by `seed` and the number
    uint64_t seed = 0;

    uint64_t delayNs = 0;  // of the host's time, before the action
    MockAction action = MockAction::Pass;
    uint16_t errno_ = 0;  // Errno
    std::vector<std::pair<std::string, std::string>> values =
        {};                                // Reply: results by name: "opened_fd", "buf.size"
    std::string bytes;                     // Reply: what is read
    std::vector<MockDirent> entries = {};  // Reply to fd_readdir: all that the directory holds
    uint64_t count = 1;                    // Short: bytes; Corrupt: bits
    std::string message;                   // Trap, Stop
    std::string script = {};               // Script: path of the file; see MockScript

    bool isPolicy = false;  // the log says that a policy decided, not a mock
    bool enabled = true;
    std::string note;
    bool operator==(const MockRule&) const = default;
};

/// A rule of a list. The id stays when rules are edited or moved.
struct MockEntry {
    uint32_t id = 0;  // 0 = a new one
    MockRule rule;
};
struct MockInfo {
    uint32_t id = 0;
    MockRule rule;
    uint64_t seen = 0;         // calls that matched, in this run
    uint64_t hits = 0;         // of these, those that it decided
    std::string problem = {};  // the first of its script: "answers.lua:3: …"; the calls passed
};

}  // namespace wasi
