#include "wasi/capabilities_json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/wasi/guest.h"

namespace wasi {
namespace {

using Json = nlohmann::json;

Capabilities everything() {
    Capabilities c;
    c.arguments = {"prog", "", "b c"};
    c.environment = {{"Z", "1"}, {"A", "=x="}};
    c.preopens = {{"/home", "/data", MountKind::Overlay},
                  {"", "/tmp", MountKind::InMemory},
                  {"relative", ".", MountKind::Real},
                  {"/etc", "/etc", MountKind::ReadOnly}};
    c.listeners = {{"::1", 8080}, {"127.0.0.1", 0}};
    c.standardInput = {StdioKind::Text, "", std::string("a\0b\n", 4)};
    c.standardOutput = {StdioKind::File, "out.txt"};
    c.standardError.kind = StdioKind::Null;
    c.clock = {ClockGrant::Kind::Offset, ~uint64_t{0}, 2.5, -12};
    c.random.seed = ~uint64_t{0};
    c.budgets = {1, 2, 3, (uint64_t{1} << 53) + 1, 5, 6};
    return c;
}

TEST(CapabilitiesJson, ComesBackAsItWas) {
    const auto again = capabilitiesFromJson(toJson(everything()));
    ASSERT_TRUE(again.ok()) << again.error().text();
    EXPECT_EQ(*again, everything());
}

TEST(CapabilitiesJson, LeavesOutDefaultsAndKeepsWhatIsNotSaid) {
    EXPECT_EQ(toJson({}), "{}");
    EXPECT_EQ(*capabilitiesFromJson("{}", everything()), everything());
    const auto changed =
        capabilitiesFromJson(R"({"directories": [], "limits": {"timeoutMs": 9}})", everything());
    ASSERT_TRUE(changed.ok());
    EXPECT_TRUE(changed->preopens.empty());
    EXPECT_EQ(changed->budgets.timeoutMs, 9u);
    EXPECT_EQ(changed->budgets.maxMemoryBytes, 1u);
    EXPECT_EQ(changed->environment, everything().environment);
}

TEST(CapabilitiesJson, SaysWhatIsWrongAndWhere) {
    const std::pair<const char*, const char*> cases[] = {
        {"[]", "must be an object"},
        {"{\n\n!", "line 3: not JSON"},
        {"", "line 1: not JSON"},
        {R"({"dirs": []})",
         "dirs: is not known here; known are $schema, arguments, environment, directories"},
        {R"({"directories": {}})", "directories: must be a list"},
        {R"({"directories": [{"guest": "/"}, {"host": "/"}]})", "directories[1].guest: is missing"},
        {R"({"directories": [7]})", "directories[0]: must be an object"},
        {R"({"directories": [{"guest": "/", "kind": "rw"}]})",
         "directories[0].kind: must be one of read-write, read-only, overlay, in-memory"},
        {R"({"directories": [{"guest": "/", "kind": 1}]})", "directories[0].kind: must be one of"},
        {R"({"arguments": ["a", 1]})", "arguments[1]: must be a text"},
        {R"({"arguments": ["a\u0000b"]})", "arguments[0]: must not contain NUL"},
        {R"({"environment": {"A": 1}})", "environment.A: must be a text"},
        {R"({"environment": {"A=B": "1"}})", "environment.A=B: is no name of a variable"},
        {R"({"listeners": [{"address": "::1", "port": 65536}]})",
         "listeners[0].port: must be a whole number from 0 to 65535"},
        {R"({"limits": {"timeoutMs": 9300000000000000}})",
         "limits.timeoutMs: must be at most 1000000000000 (31 years)"},
        {R"({"limits": {"timeoutMs": "18446744073709551615"}})", "limits.timeoutMs: must be at most"},
        {R"({"directories": [{"host": "/", "guest": ""}]})",
         "directories[0].guest: must not be empty; write \"/\" or \".\""},
        {R"({"directories": [{"host": "/", "guest": "/a/"}]})",
         "directories[0].guest: \"/a/\" is \"/a\"; write it so"},
        {R"({"directories": [{"host": "/", "guest": "/a//b"}]})",
         "directories[0].guest: \"/a//b\" is \"/a/b\"; write it so"},
        {R"({"directories": [{"host": "/", "guest": "/a/../b"}]})",
         "directories[0].guest: \"/a/../b\" is \"/b\"; write it so"},
        {R"({"directories": [{"host": "/", "guest": "./a"}]})",
         "directories[0].guest: \"./a\" is \"a\"; write it so"},
        {R"({"directories": [{"host": "/", "guest": "/a"}, {"host": "/b", "guest": "/a"}]})",
         "directories[1].guest: \"/a\" stands twice; a program finds one folder of a name"},
        {R"({"limits": {"timeoutMs": -1}})", "limits.timeoutMs: must be a whole number"},
        {R"({"directories": [{"guest": "/a", "kind": "overlay"}]})",
         "directories[0].host: is missing; only an in-memory folder needs none"},
        {R"({"directories": [{"guest": "/a", "host": ""}]})", "directories[0].host: is missing"},
        {R"({"clock": {"fixedNs": 18446744073709551616.0}})", "clock.fixedNs: must be a whole number"},
        {R"({"clock": {"fixedNs": -1.0}})", "clock.fixedNs: must be a whole number"},
        {R"({"clock": {"offsetNs": 9223372036854775808.0}})", "clock.offsetNs: must be a whole number"},
        {R"({"limits": {"timeoutMs": 1.5}})", "limits.timeoutMs: must be a whole number"},
        {R"({"limits": {"timeoutMs": "1s"}})", "limits.timeoutMs: must be a whole number"},
        {R"({"clock": {"scale": 0}})", "clock.scale: must be a number above 0"},
        {R"({"clock": {"x\u001b": 0}})", "clock.x\\x1b: is not known here"},
        {R"({"stdin": {}, "stdin": {}})", "\"stdin\" stands twice"},
    };
    for (const auto& [text, why] : cases) {
        const auto read = capabilitiesFromJson(text);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().message.substr(0, std::string(why).size()), why) << text;
    }
}

TEST(CapabilitiesJson, TakesWholeNumbersHoweverTheyAreWritten) {
    const auto read = capabilitiesFromJson(
        R"({"clock": {"fixedNs": 5.0, "offsetNs": -2e3}, "limits": {"maxOpenFiles": 1e3},
            "listeners": [{"address": "::1", "port": 80.0}], "random": {"seed": -0.0}})");
    ASSERT_TRUE(read.ok()) << read.error().text();
    EXPECT_EQ(read->clock.fixedNs, 5u);
    EXPECT_EQ(read->clock.offsetNs, -2000);
    EXPECT_EQ(read->budgets.maxOpenFiles, 1000u);
    EXPECT_EQ(read->listeners[0].port, 80);
    EXPECT_EQ(read->random.seed, 0u);
}

TEST(CapabilitiesJson, DoesNotEndAtANul) {
    EXPECT_EQ(capabilitiesFromJson(std::string("{}\0{", 4)).error().message, "not JSON: byte 2 is NUL");
}

TEST(CapabilitiesJson, TakesNoLongTimeForWhatIsLarge) {
    std::string many = R"({"environment": {)";
    for (int i = 0; i < 200'000; i++)
        many += "\"v" + std::to_string(i) + "\": \"\",";
    many.back() = '}';
    EXPECT_FALSE(capabilitiesFromJson(many + "}").ok());
    EXPECT_FALSE(capabilitiesFromJson(std::string(1'000'000, '[')).ok());
}

TEST(CapabilitiesJson, NamesTheFile) {
    const Scratch scratch;
    scratch.put("bad.json", R"({"clock": 1})");
    const auto bad = loadCapabilities(scratch.path("bad.json"));
    ASSERT_FALSE(bad.ok());
    EXPECT_EQ(bad.error().text(), scratch.path("bad.json").string() + ": clock: must be an object");
    scratch.put("good.json", toJson(everything()));
    EXPECT_EQ(*loadCapabilities(scratch.path("good.json")), everything());
    EXPECT_FALSE(loadCapabilities(scratch.path("none.json")).ok());
}

// ------------------------------------------------------------------------------------- the published schema and the reader

/// Keys of the schema as capabilityKeys() names them, and the choices that it offers.
struct Published {
    Json root;
    std::set<std::string> keys;
    std::map<std::string, std::vector<std::string>> choices;
    std::vector<std::string> open;  // objects that would take any key

    const Json& resolved(const Json& schema) const {
        if (!schema.contains("$ref")) return schema;
        return root.at(Json::json_pointer(schema["$ref"].get<std::string>().substr(1)));
    }
    void walk(const Json& given, const std::string& path) {
        const Json& schema = resolved(given);
        if (schema.contains("enum")) choices[path] = schema["enum"].get<std::vector<std::string>>();
        if (schema.contains("items")) return walk(schema["items"], path + "[]");
        if (!schema.contains("properties")) return;
        if (schema.value("additionalProperties", Json(true)) != Json(false)) open.push_back(path);
        for (const auto& [key, value] : schema["properties"].items()) {
            const std::string at = path.empty() ? key : path + "." + key;
            keys.insert(at);
            walk(value, at);
        }
    }
};

Published published() {
    std::ostringstream text;
    text << std::ifstream(WASISCOPE_SOURCE_DIR "/resources/schema/capabilities.schema.json").rdbuf();
    Published schema{Json::parse(text.str()), {}, {}, {}};
    schema.walk(schema.root, "");
    return schema;
}

TEST(CapabilitiesSchema, HasTheKeysOfTheReaderAndNoOthers) {
    const Published schema = published();
    const auto keys = capabilityKeys();
    EXPECT_EQ(schema.keys, std::set<std::string>(keys.begin(), keys.end()));
    EXPECT_TRUE(schema.open.empty()) << schema.open.front() << " takes any key";
}

TEST(CapabilitiesSchema, OffersTheChoicesOfTheReader) {
    const auto choices = published().choices;
    EXPECT_EQ(choices.size(), 5u);
    for (const auto& [path, names] : choices) {
        std::string all;
        for (const auto& name : names)
            all += (all.empty() ? "" : ", ") + name;
        const bool isDirectory = path.starts_with("directories");
        const std::string parent = path.substr(0, path.find_first_of("[."));
        for (const std::string& value : {names.front(), names.back(), std::string("?")}) {
            Json object = {{"kind", value}};
            if (isDirectory) object.update({{"guest", "/"}, {"host", "/"}});
            const Json document = {{parent, isDirectory ? Json::array({object}) : object}};
            const auto read = capabilitiesFromJson(document.dump());
            EXPECT_EQ(read.ok(), value != "?") << document;
            if (read) continue;
            EXPECT_TRUE(read.error().message.ends_with(": must be one of " + all)) << path;
        }
    }
}

TEST(ScriptedInput, IsReadToItsEnd) {
    auto c = Guest::quiet();
    c.standardInput = {StdioKind::Text, "", "one\ntwo\n"};
    Guest guest(c);
    EXPECT_EQ(guest.read(0, 100), "one\ntwo\n");
    EXPECT_EQ(guest.read(0, 100), "");
}

}  // namespace
}  // namespace wasi
