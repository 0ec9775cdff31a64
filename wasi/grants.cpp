#include "wasi/grants.h"

#include <algorithm>
#include <charconv>

#include "engine/base/printable.h"
#include "wasi/abi.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;

namespace {

constexpr std::string_view kKinds[] = {"rw", "ro", "overlay", "memory"};
constexpr std::string_view kFlags[] = {"--dir", "--dir-ro", "--dir-overlay", "--dir-memory"};

template <class... T>
struct Overloaded : T... {
    using T::operator()...;
};
template <class... T>
Overloaded(T...) -> Overloaded<T...>;

std::string textOf(const Listener& l) {
    const bool isV6 = l.address.find(':') != std::string::npos;
    return (isV6 ? "[" + l.address + "]" : l.address) + ":" + std::to_string(l.port);
}

std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Result<Grant> usage() {
    return Error{ErrorCode::BadArgument,
                 "use: grant dir HOST[::GUEST] [ro|rw|overlay|memory], grant env NAME=VALUE, or "
                 "grant listen ADDRESS:PORT"};
}

/// A folder is read-only unless more is asked for.
Result<Grant> parseFolder(std::string_view text) {
    MountKind kind = MountKind::ReadOnly;
    const size_t space = text.find_last_of(" \t");
    if (space != std::string_view::npos) {
        const auto* const found = std::find(std::begin(kKinds), std::end(kKinds), text.substr(space + 1));
        if (found != std::end(kKinds)) {
            kind = static_cast<MountKind>(found - std::begin(kKinds));
            text = trimmed(text.substr(0, space));
        } else {
            return Error{ErrorCode::BadArgument,
                         "\"" + engine::printable(text.substr(space + 1)) +
                             "\" is neither ro, rw, overlay nor memory; behind a path with blanks one of "
                             "them has to stand"};
        }
    }
    if (text.empty()) return usage();
    Preopen preopen = parsePreopen(std::string(text), kind);
    if (preopen.guestPath.empty() || (preopen.hostPath.empty() && kind != MountKind::InMemory))
        return usage();
    return Grant(std::move(preopen));
}

}  // namespace

Preopen parsePreopen(const std::string& text, MountKind kind) {
    const size_t separator = text.rfind("::");
    Preopen preopen;
    preopen.hostPath = text.substr(0, separator);
    preopen.guestPath = separator == std::string::npos ? preopen.hostPath : text.substr(separator + 2);
    preopen.kind = kind;
    if (kind == MountKind::InMemory && separator == std::string::npos) preopen.hostPath.clear();
    return preopen;
}

Result<Listener> parseListener(const std::string& text) {
    std::string_view rest = text;
    if (rest.starts_with("tcp:")) rest.remove_prefix(4);
    const size_t colon = std::min(rest.rfind(':'), rest.size());
    std::string_view address = rest.substr(0, colon);
    const std::string_view digits = colon < rest.size() ? rest.substr(colon + 1) : "";
    const bool isBracketed = address.starts_with('[') && address.ends_with(']');
    if (isBracketed) address = address.substr(1, address.size() - 2);
    uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool isPort = !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
    if (!isPort || address.empty() || isBracketed != (address.find(':') != std::string_view::npos))
        return Error{ErrorCode::BadArgument,
                     "a listener is ADDRESS:PORT, such as 127.0.0.1:8080, [::1]:8080 or localhost:0, not \"" +
                         engine::printable(text) + "\""};
    return Listener{std::string(address), port};
}

Result<Grant> parseGrant(std::string_view text) {
    text = trimmed(text);
    const size_t space = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view what = text.substr(0, space), rest = trimmed(text.substr(space));
    if (what == "dir") return parseFolder(rest);
    if (what == "listen") return Grant(TRY(parseListener(std::string(rest))));
    const size_t equals = rest.find('=');
    if (what != "env" || equals == 0 || equals == std::string_view::npos) return usage();
    return Grant(Variable{std::string(rest.substr(0, equals)), std::string(rest.substr(equals + 1))});
}

std::string_view toText(MountKind kind) { return kKinds[static_cast<size_t>(kind)]; }

std::string toText(const Grant& grant) {
    return std::visit(
        Overloaded{
            [](const Preopen& p) { return "dir " + valueOf(p) + " " + std::string(toText(p.kind)); },
            [](const Listener& l) { return "listen " + textOf(l); },
            [](const Variable& v) { return "env " + v.name + "=" + v.value; },
        },
        grant);
}

std::string toFlag(const Grant& grant) {
    return std::visit(Overloaded{
                          [](const Preopen& p) { return optionText(flagOf(p.kind), valueOf(p)); },
                          [](const Listener& l) { return optionText("--listen", textOf(l)); },
                          [](const Variable& v) { return optionText("--env", v.name + "=" + v.value); },
                      },
                      grant);
}

void apply(const Grant& grant, Capabilities& c) {
    const auto put = [](auto& all, const auto& isSame, auto value) {
        const auto known = std::find_if(all.begin(), all.end(), isSame);
        known == all.end() ? all.push_back(std::move(value)) : void(*known = std::move(value));
    };
    std::visit(Overloaded{
                   [&](const Preopen& p) {
                       put(
                           c.preopens, [&](const Preopen& o) { return o.guestPath == p.guestPath; }, p);
                   },
                   [&](const Listener& l) { c.listeners.push_back(l); },
                   [&](const Variable& v) {
                       put(
                           c.environment, [&](const auto& o) { return o.first == v.name; },
                           std::pair(v.name, v.value));
                   },
               },
               grant);
}

bool withdraw(const std::string& name, Capabilities& c) {
    return std::erase_if(c.preopens, [&](const Preopen& p) { return p.guestPath == name; }) +
               std::erase_if(c.listeners, [&](const Listener& l) { return textOf(l) == name; }) +
               std::erase_if(c.environment, [&](const auto& v) { return v.first == name; }) >
           0;
}

std::string valueOf(const Preopen& p) {
    if (p.kind == MountKind::InMemory && p.hostPath.empty()) return p.guestPath;
    if (p.hostPath == "." && p.guestPath == ".") return ".";
    return p.hostPath + "::" + p.guestPath;
}
std::string_view flagOf(MountKind kind) { return kFlags[static_cast<size_t>(kind)]; }

std::string optionText(std::string_view name, std::string_view value) {
    return std::string(name) + (value.starts_with('-') ? "=" : " ") + shellQuoted(value);
}

namespace {

/// Between single quotes: what a terminal that is pasted to, or shown this, would obey, and what a text is not made of, is made by the
/// shell instead.
std::string printed(std::string_view control) {
    char octal[8];
    std::string text = "'\"$(printf '";
    for (const char c : control) {
        std::snprintf(octal, sizeof octal, "\\%03o", static_cast<uint8_t>(c));
        text += octal;
    }
    return text + "')\"'";
}

}  // namespace

std::string shellQuoted(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
    // zsh looks for the program whose name stands behind "=".
    const bool isPlain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
    if (isPlain && text[0] != '=') return std::string(text);
    std::string quoted = "'";
    for (size_t i = 0; i < text.size(); i++) {
        const auto c = static_cast<uint8_t>(text[i]);
        const auto next = static_cast<uint8_t>(i + 1 < text.size() ? text[i + 1] : 0);
        const size_t length = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (c == '\'')
            quoted += "'\\''";
        else if ((c < ' ' && c != '\n') || c == 0x7f)
            quoted += printed({&text[i], 1});
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0)
            quoted += printed({&text[i++], 2});
        else if (length > 1 && !isUtf8(text.substr(i, length)))
            quoted += printed({&text[i], 1});
        else if (length > 1)
            quoted += text.substr(i, length), i += length - 1;
        else
            quoted += text[i];
    }
    return quoted + "'";
}

}  // namespace wasi
