#include "wasi/capabilities_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/printable.h"
#include "engine/module.h"
#include "wasi/guest_path.h"

namespace wasi {

using engine::Error, engine::ErrorCode, engine::Result;
using Json = nlohmann::ordered_json;

namespace {

constexpr uint64_t kMostExact = uint64_t{1} << 53;  // what every reader of JSON keeps

constexpr std::string_view kMountKinds[] = {"read-write", "read-only", "overlay", "in-memory"};
constexpr std::string_view kStdioKinds[] = {"inherit", "session", "file", "null", "text"};
constexpr std::string_view kClockKinds[] = {"real", "fixed", "scaled", "offset"};

// The fields, each once. An archive is Reader, Writer or KeyList.

template <class A>
void fields(A& a, Preopen& p) {
    a.text("host", p.hostPath);
    a.needed("guest", p.guestPath);
    a.choice("kind", p.kind, kMountKinds);
}
template <class A>
void fields(A& a, Listener& l) {
    a.needed("address", l.address);
    a.number("port", l.port);
}
template <class A>
void fields(A& a, StdioGrant& s) {
    a.choice("kind", s.kind, kStdioKinds);
    a.text("path", s.path);
    a.text("text", s.text);
}
template <class A>
void fields(A& a, ClockGrant& c) {
    a.choice("kind", c.kind, kClockKinds);
    a.number("fixedNs", c.fixedNs);
    a.factor("scale", c.scale);
    a.number("offsetNs", c.offsetNs);
}
template <class A>
void fields(A& a, RandomGrant& r) {
    a.number("seed", r.seed);
}
template <class A>
void fields(A& a, Budgets& b) {
    a.number("maxMemoryBytes", b.maxMemoryBytes);
    a.number("maxOutputBytes", b.maxOutputBytes);
    a.number("maxOpenFiles", b.maxOpenFiles);
    a.number("maxVirtualBytes", b.maxVirtualBytes);
    a.number("maxLogBytes", b.maxLogBytes);
    a.number("timeoutMs", b.timeoutMs);
}
template <class A>
void fields(A& a, Capabilities& c) {
    a.note("$schema");
    a.texts("arguments", c.arguments);
    a.map("environment", c.environment);
    a.list("directories", c.preopens);
    a.list("listeners", c.listeners);
    a.object("stdin", c.standardInput);
    a.object("stdout", c.standardOutput);
    a.object("stderr", c.standardError);
    a.object("clock", c.clock);
    a.object("random", c.random);
    a.object("limits", c.budgets);
}

using Variables = std::vector<std::pair<std::string, std::string>>;

class Writer {
public:
    template <class T>
    static Json write(const T& value) {
        Writer writer;
        T copy = value;
        fields(writer, copy);
        return std::move(writer.m_json);
    }

    void note(const char*) {}
    void text(const char* key, const std::string& value) {
        if (!value.empty()) m_json[key] = value;
    }
    void needed(const char* key, const std::string& value) { m_json[key] = value; }
    template <class E, size_t N>
    void choice(const char* key, E value, const std::string_view (&names)[N]) {
        m_json[key] = names[static_cast<size_t>(value)];
    }
    template <class N>
    void number(const char* key, N value) {
        if (value > 0 && static_cast<uint64_t>(value) > kMostExact)
            m_json[key] = std::to_string(value);
        else
            m_json[key] = value;
    }
    void number(const char* key, const std::optional<uint64_t>& value) {
        if (value) number(key, *value);
    }
    void factor(const char* key, double value) { m_json[key] = value; }
    void texts(const char* key, const std::vector<std::string>& values) { m_json[key] = values; }
    void map(const char* key, const Variables& values) {
        m_json[key] = Json::object();
        for (const auto& [name, value] : values)
            m_json[key][name] = value;
    }
    template <class T>
    void list(const char* key, const std::vector<T>& values) {
        m_json[key] = Json::array();
        for (const T& value : values)
            m_json[key].push_back(write(value));
    }
    template <class T>
    void object(const char* key, const T& value) {
        m_json[key] = write(value);
    }

private:
    Json m_json = Json::object();
};

/// Takes one object apart; the first thing that is wrong is kept.
class Reader {
public:
    template <class T>
    static Result<> read(const Json& json, const std::string& path, T& value) {
        Reader reader(json, path);
        if (!json.is_object()) reader.refuse("", "must be an object");
        fields(reader, value);
        reader.checkKeys();
        if (reader.m_error) return *reader.m_error;
        return {};
    }

    void note(const char* key) { (void)find(key); }
    void text(const char* key, std::string& value) {
        if (const Json* json = find(key)) takeText(key, *json, value);
    }
    void needed(const char* key, std::string& value) {
        text(key, value);
        if (!m_json.contains(key)) refuse(key, "is missing");
    }
    template <class E, size_t N>
    void choice(const char* key, E& value, const std::string_view (&names)[N]) {
        const Json* json = find(key);
        if (!json) return;
        const std::string_view* found = json->is_string() ? std::find(std::begin(names), std::end(names),
                                                                      json->get_ref<const std::string&>())
                                                          : std::end(names);
        if (found != std::end(names)) {
            value = static_cast<E>(found - std::begin(names));
            return;
        }
        std::string all;
        for (const auto name : names)
            all += (all.empty() ? "" : ", ") + std::string(name);
        refuse(key, "must be one of " + all);
    }
    template <class N>
    void number(const char* key, N& value) {
        if (const Json* json = find(key)) takeNumber(key, *json, value);
    }
    void number(const char* key, std::optional<uint64_t>& value) {
        const Json* json = find(key);
        if (!json) return;
        uint64_t taken = 0;
        takeNumber(key, *json, taken);
        value = taken;
    }
    void factor(const char* key, double& value) {
        const Json* json = find(key);
        if (!json) return;
        if (json->is_number()) value = json->get<double>();
        if (!json->is_number() || !(value > 0 && value <= 1e9))
            refuse(key, "must be a number above 0, at most 1e9");
    }
    void texts(const char* key, std::vector<std::string>& values) {
        elements(key, values, [&](const std::string& at, const Json& json, std::string& value) {
            takeText(at, json, value);
        });
    }
    void map(const char* key, Variables& values) {
        const Json* json = find(key);
        if (!json) return;
        if (!json->is_object()) return refuse(key, "must be an object of texts");
        values.clear();
        for (const auto& [name, value] : json->items()) {
            const std::string at = std::string(key) + "." + engine::printable(name);
            if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos)
                refuse(at, "is no name of a variable");
            takeText(at, value, values.emplace_back(name, "").second);
        }
    }
    template <class T>
    void list(const char* key, std::vector<T>& values) {
        elements(key, values, [&](const std::string& at, const Json& json, T& value) {
            const auto result = read(json, m_path + at + ".", value);
            if (!result && !m_error) m_error = result.error();
        });
    }
    template <class T>
    void object(const char* key, T& value) {
        const Json* json = find(key);
        if (!json) return;
        const auto result = read(*json, m_path + key + ".", value);
        if (!result && !m_error) m_error = result.error();
    }

private:
    Reader(const Json& json, const std::string& path) : m_json(json), m_path(path) {}

    const Json* find(const char* key) {
        m_known.emplace_back(key);
        if (!m_json.is_object()) return nullptr;
        const auto found = m_json.find(key);
        return found == m_json.end() ? nullptr : &*found;
    }
    void refuse(const std::string& key, const std::string& why) {
        std::string at = m_path + key;
        if (at.ends_with('.')) at.pop_back();
        if (!m_error) m_error = Error{ErrorCode::BadArgument, (at.empty() ? "" : at + ": ") + why};
    }
    void checkKeys() {
        if (!m_json.is_object()) return;
        for (const auto& [key, value] : m_json.items()) {
            if (std::find(m_known.begin(), m_known.end(), key) != m_known.end()) continue;
            std::string all;
            for (const auto& known : m_known)
                all += (all.empty() ? "" : ", ") + known;
            refuse(engine::printable(key), "is not known here; known are " + all);
        }
    }
    void takeText(const std::string& key, const Json& json, std::string& value) {
        if (!json.is_string()) return refuse(key, "must be a text");
        value = json.get<std::string>();
        // C strings end there: the guest, or the host, would see another text than the one that stands here. Input may be anything.
        if (value.find('\0') != std::string::npos && key != "text") refuse(key, "must not contain NUL");
    }
    template <class N>
    void takeNumber(const std::string& key, const Json& json, N& value) {
        constexpr auto kMost = std::numeric_limits<N>::max();
        constexpr auto kLeast = std::numeric_limits<N>::min();
        if (json.is_string()) {
            const auto& text = json.get_ref<const std::string&>();
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (error == std::errc() && end == text.data() + text.size()) return;
        } else if (json.is_number_unsigned()) {
            const auto number = json.get<uint64_t>();
            if (number <= static_cast<uint64_t>(kMost)) {
                value = static_cast<N>(number);
                return;
            }
        } else if (json.is_number_integer() && std::is_signed_v<N>) {
            value = static_cast<N>(json.get<int64_t>());
            return;
        } else if (json.is_number_float()) {
            // 5.0 and 1e3 are whole numbers of JSON too. One more than the most is a power of 2, which a double holds.
            const auto number = json.get<double>();
            const double above = std::ldexp(1.0, std::numeric_limits<N>::digits);
            if (number == std::trunc(number) && number < above && number >= static_cast<double>(kLeast)) {
                value = static_cast<N>(number);
                return;
            }
        }
        refuse(key, "must be a whole number from " + std::to_string(kLeast) + " to " + std::to_string(kMost));
    }
    template <class T, class Take>
    void elements(const char* key, std::vector<T>& values, const Take& take) {
        const Json* json = find(key);
        if (!json) return;
        if (!json->is_array()) return refuse(key, "must be a list");
        values.clear();
        for (size_t i = 0; i < json->size() && !m_error; i++)
            take(std::string(key) + "[" + std::to_string(i) + "]", (*json)[i], values.emplace_back());
    }

    const Json& m_json;
    std::string m_path;
    std::vector<std::string> m_known;
    std::optional<Error> m_error;
};

class KeyList {
public:
    template <class T>
    static void add(std::vector<std::string>& keys, const std::string& path) {
        KeyList list(keys, path);
        T value{};
        fields(list, value);
    }
    void note(const char* key) { m_keys.push_back(m_path + key); }
    void text(const char* key, const std::string&) { note(key); }
    void needed(const char* key, const std::string&) { note(key); }
    template <class E, size_t N>
    void choice(const char* key, E, const std::string_view (&)[N]) {
        note(key);
    }
    template <class N>
    void number(const char* key, N) {
        note(key);
    }
    void factor(const char* key, double) { note(key); }
    void texts(const char* key, const std::vector<std::string>&) { note(key); }
    void map(const char* key, const Variables&) { note(key); }
    template <class T>
    void list(const char* key, const std::vector<T>&) {
        note(key);
        add<T>(m_keys, m_path + key + "[].");
    }
    template <class T>
    void object(const char* key, const T&) {
        note(key);
        add<T>(m_keys, m_path + key + ".");
    }

private:
    KeyList(std::vector<std::string>& keys, const std::string& path) : m_keys(keys), m_path(path) {}
    std::vector<std::string>& m_keys;
    std::string m_path;
};

/// Of what is an object in both, members that are equal go.
void dropEqual(Json& json, const Json& defaults) {
    for (const auto& [key, value] : defaults.items()) {
        const auto member = json.find(key);
        if (member == json.end()) continue;
        if (*member == value)
            json.erase(key);
        else if (member->is_object() && value.is_object())
            dropEqual(*member, value);
    }
}

/// What only shows when a value is whole.
Result<> checkMeaning(const Json& json, const Capabilities& c) {
    const auto wrong = [](const std::string& at, const std::string& why) {
        return Error{ErrorCode::BadArgument, at + ": " + why};
    };
    if (c.budgets.timeoutMs > kMostTimeoutMs)
        return wrong("limits.timeoutMs", "must be at most " + std::to_string(kMostTimeoutMs) + " (31 years)");
    if (!json.contains("directories")) return {};
    std::set<std::string> seen;
    for (size_t i = 0; i < c.preopens.size(); i++) {
        const std::string& path = c.preopens[i].guestPath;
        const std::string folder = "directories[" + std::to_string(i) + "]";
        const std::string at = folder + ".guest";
        if (c.preopens[i].hostPath.empty() && c.preopens[i].kind != MountKind::InMemory)
            return wrong(folder + ".host", "is missing; only an in-memory folder needs none");
        if (path.empty()) return wrong(at, "must not be empty; write \"/\" or \".\"");
        const std::string tidy = displayPath("", path);
        if (path != tidy)
            return wrong(at, "\"" + engine::printable(path) + "\" is \"" + engine::printable(tidy) +
                                 "\"; write it so");
        if (!seen.insert(path).second)
            return wrong(
                at, "\"" + engine::printable(path) + "\" stands twice; a program finds one folder of a name");
    }
    return {};
}

}  // namespace

std::string toJson(const Capabilities& capabilities) {
    Json json = Writer::write(capabilities);
    dropEqual(json, Writer::write(Capabilities{}));
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Result<Capabilities> capabilitiesFromJson(std::string_view text, Capabilities base) {
    // The parser itself would keep the last of two members of one name, and look through all others for each.
    constexpr size_t kMostMembers = 10'000;
    std::vector<std::set<std::string>> open;
    std::string wrong;
    const auto watch = [&](int, Json::parse_event_t event, Json& value) {
        if (event == Json::parse_event_t::object_start) open.emplace_back();
        if (event == Json::parse_event_t::object_end) open.pop_back();
        if (event != Json::parse_event_t::key) return true;
        const auto& key = value.get_ref<const std::string&>();
        if (!open.back().insert(key).second)
            wrong = "\"" + engine::printable(key) + "\" stands twice in one object; which is meant?";
        if (open.back().size() > kMostMembers) wrong = "more than 10000 members in one object";
        return wrong.empty();
    };
    // The parser takes it for the end, whatever follows.
    if (const size_t nul = text.find('\0'); nul != std::string_view::npos)
        return Error{ErrorCode::BadArgument, "not JSON: byte " + std::to_string(nul) + " is NUL"};
    Json json;
    try {
        json = Json::parse(text, watch);
    } catch (const Json::parse_error& problem) {
        const auto line =
            1 + std::count(text.begin(), text.begin() + std::min(problem.byte, text.size()), '\n');
        std::string why = problem.what();
        if (const size_t colon = why.find("parse error"); colon != std::string::npos) why.erase(0, colon);
        return Error{ErrorCode::BadArgument,
                     "line " + std::to_string(line) + ": not JSON: " + engine::printable(why)};
    }
    if (!wrong.empty()) return Error{ErrorCode::BadArgument, wrong};
    TRY(Reader::read(json, "", base));
    TRY(checkMeaning(json, base));
    return base;
}

Result<Capabilities> loadCapabilities(const std::string& path) {
    const auto bytes = TRY(engine::readFile(path));
    auto read = capabilitiesFromJson({reinterpret_cast<const char*>(bytes->data()), bytes->size()});
    if (!read) read.error().where.file = path;
    return read;
}

std::vector<std::string> capabilityKeys() {
    std::vector<std::string> keys;
    KeyList::add<Capabilities>(keys, "");
    return keys;
}

}  // namespace wasi
