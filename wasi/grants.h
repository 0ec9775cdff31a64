// Grants: one capability as a value, and as people write it: behind `grant` at the prompt, and as an option of the command line.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "engine/base/result.h"
#include "wasi/capabilities.h"

namespace wasi {

struct Variable {
    std::string name, value;
    bool operator==(const Variable&) const = default;
};
using Grant = std::variant<Preopen, Listener, Variable>;

/// "HOST[::GUEST]"; of an in-memory folder "[HOST::]GUEST".
Preopen parsePreopen(const std::string& text, MountKind kind);
/// "127.0.0.1:8080", "[::1]:8080", "localhost:0". Error: BadArgument.
engine::Result<Listener> parseListener(const std::string& text);
/// "dir HOST[::GUEST] [ro|rw|overlay|memory]", "env NAME=VALUE", "listen ADDRESS:PORT". Error: BadArgument with the usage.
engine::Result<Grant> parseGrant(std::string_view text);

/// As parseGrant() takes it: "dir /etc::/etc ro".
std::string toText(const Grant& grant);
/// As an option of wscope, quoted for a shell: "--dir-ro /etc::/etc".
std::string toFlag(const Grant& grant);
/// "ro", "rw", "overlay", "memory".
std::string_view toText(MountKind kind);

/// As if it had been granted from the start: a folder of the same guest path, or a variable of the same name, gives way.
void apply(const Grant& grant, Capabilities& capabilities);
/// Takes away the folder of that guest path, the listener of that address or the variable of that name; false if there is none.
bool withdraw(const std::string& name, Capabilities& capabilities);

/// "HOST::GUEST": what stands behind its option …
std::string valueOf(const Preopen& preopen);
/// … which is --dir, --dir-ro, --dir-overlay or --dir-memory.
std::string_view flagOf(MountKind kind);

/// One word of a POSIX shell.
std::string shellQuoted(std::string_view text);
/// "--name value", quoted; "--name=value" where the value looks like an option.
std::string optionText(std::string_view name, std::string_view value);

}  // namespace wasi
