// Capabilities as command lines: what each runtime's own parser makes of them was read in its source.

#include "wasi/command_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "wasi/abi.h"
#include "wasi/grants.h"

namespace wasi {
namespace {

using enum Runtime;

std::string text(const Capabilities& c, Runtime runtime, const ProgramStart& start = {"p.wasm"}) {
    return commandLine(c, runtime, start).text;
}
std::vector<std::string> notes(const Capabilities& c, Runtime runtime,
                               const ProgramStart& start = {"p.wasm"}) {
    return commandLine(c, runtime, start).notes;
}
using Texts = std::vector<std::string>;

TEST(CommandLine, IsWrittenAsEachWantsIt) {
    Capabilities c;
    c.arguments = {"p.wasm", "a b"};
    c.environment = {{"N", "$v=w"}};
    c.preopens = {{"/h/x", "/x", MountKind::ReadOnly}, {"/h/y", "/y", MountKind::Real}};
    c.listeners = {{"127.0.0.1", 80}};
    c.random.seed = 7;
    EXPECT_EQ(text(c, Wasiscope),
              "wscope run --dir-ro /h/x::/x --dir /h/y::/y --env 'N=$v=w' --listen 127.0.0.1:80 "
              "--random seed:7 p.wasm 'a b'");
    EXPECT_EQ(text(c, Wasmtime), "wasmtime run --dir /h/x::/x --dir /h/y::/y --env 'N=$v=w' p.wasm 'a b'");
    EXPECT_EQ(text(c, Wasmer), "wasmer run --volume /h/x:/x --volume /h/y:/y --env 'N=$v=w' p.wasm -- 'a b'");
    EXPECT_EQ(text(c, WasmEdge), "wasmedge --dir /x:/h/x:readonly --dir /y:/h/y --env 'N=$v=w' p.wasm 'a b'");
    EXPECT_EQ(text(c, Wazero),
              "wazero run -mount=/h/x:/x:ro -mount=/h/y:/y -env='N=$v=w' -listen=127.0.0.1:80 "
              "p.wasm -- 'a b'");
    const std::string node = text(c, Node);
    for (const char* part : {R"(args: ["p.wasm","a b"])", R"(env: {"N":"$v=w"})",
                             R"(preopens: {"/x":"/h/x","/y":"/h/y"})", R"(readFileSync("p.wasm"))"})
        EXPECT_NE(node.find(part), std::string::npos) << part << " in " << node;
}

TEST(CommandLine, TellsWhatIsNotThere) {
    Capabilities c;
    c.preopens = {{"/h/x", "/x", MountKind::ReadOnly}, {"", "/m", MountKind::InMemory}};
    c.listeners = {{"::1", 80}};
    c.standardInput = {StdioKind::Text, "", "a\\\n"};
    c.standardOutput = {StdioKind::File, "out put"};
    EXPECT_EQ(notes(c, Wasmer), (Texts{"wasmer has no read-only folders: /x can be written there",
                                       "wasmer has no folders in memory: /m is missing there",
                                       "wasmer grants no sockets that listen: [::1]:80 is missing there",
                                       "wasmer has no option for a text as standard input: pipe it in",
                                       "redirect standard output: > 'out put'"}));
    EXPECT_EQ(text(c, Wasmer), "wasmer run --volume /h/x:/x p.wasm");
    EXPECT_EQ(
        text(c, Wasiscope),
        "wscope run --dir-ro /h/x::/x --dir-memory /m --listen '[::1]:80' --stdin-text 'a\\\\\\n' p.wasm");
    EXPECT_EQ(notes(c, Wasiscope), Texts{"redirect standard output: > 'out put'"});
    EXPECT_TRUE(notes({}, Wasiscope).empty());
}

// What stands between two colons is a part of its own for their parsers.
TEST(CommandLine, FoldersThatCannotBeNamedAreLeftOut) {
    struct Row {
        const char *host, *guest;
        std::vector<Runtime> cannot;
    };
    const Row rows[] = {
        {"/a b", "/g", {}},
        {"/h:i", "/g", {Wasmer, WasmEdge}},
        {"/h", "/g:i", {Wasmer, WasmEdge, Wazero}},
        {"/h::i", "/g", {Wasmtime, Wasmer, WasmEdge}},
        {"/h", "/g::i", {Wasiscope, Wasmtime, Wasmer, WasmEdge, Wazero}},
        {"/h:", "/g", {Wasmtime, Wasmer, WasmEdge}},
        {"/h", ":g", {Wasiscope, Wasmer, WasmEdge, Wazero}},
        {"/h", "ro", {Wazero}},
    };
    for (const Row& row : rows)
        for (const Runtime runtime : {Wasiscope, Wasmtime, Wasmer, WasmEdge, Wazero, Node}) {
            Capabilities c;
            c.preopens = {{row.host, row.guest, MountKind::Real}};
            const bool can = std::count(row.cannot.begin(), row.cannot.end(), runtime) == 0;
            const CommandLine line = commandLine(c, runtime, {"p.wasm"});
            EXPECT_EQ(line.notes.empty(), can) << row.host << " as " << row.guest << ": " << line.text;
            EXPECT_EQ(line.text.find("/h") != std::string::npos, can && row.host[1] == 'h') << line.text;
        }
    Capabilities c;
    c.preopens = {{"/h", "ro", MountKind::ReadOnly}};
    EXPECT_EQ(text(c, Wazero), "wazero run -mount=/h:ro:ro p.wasm");
}

TEST(CommandLine, NothingIsTakenForAnOption) {
    Capabilities c;
    c.arguments = {"-p", "--", "-v", ""};
    c.environment = {{"-A", "it's"}, {"E", ""}};
    c.preopens = {{"-h", "/g", MountKind::Real}};
    const ProgramStart start{"-p"};
    EXPECT_EQ(text(c, Wasiscope, start),
              "wscope run --dir=-h::/g --env='-A=it'\\''s' --env E= ./-p -- -v ''");
    EXPECT_EQ(text(c, Wasmtime, start),
              "wasmtime run --dir=-h::/g --env='-A=it'\\''s' --env E= ./-p -- -v ''");
    EXPECT_EQ(text(c, Wasmer, start), "wasmer run --volume=-h:/g --env='-A=it'\\''s' ./-p -- -- -v ''");
    EXPECT_EQ(notes(c, Wasmer, start).at(0), "wasmer takes no empty variables: E is missing there");
    EXPECT_EQ(text(c, Wazero, start), "wazero run -mount=-h:/g -env='-A=it'\\''s' -env=E= ./-p -- -- -v ''");
    EXPECT_EQ(text({}, WasmEdge, {"compile"}), "wasmedge ./compile") << "which is a subcommand";
}

TEST(CommandLine, HasTheNameOfTheProgramAndTheExport) {
    Capabilities c;
    c.arguments = {"ls", "x"};
    EXPECT_EQ(text(c, Wasiscope, {"/b/busybox.wasm"}), "wscope run --arg0 ls /b/busybox.wasm x");
    EXPECT_EQ(text(c, Wasmtime, {"/b/busybox.wasm"}), "wasmtime run --argv0 ls /b/busybox.wasm x");
    EXPECT_EQ(notes(c, Wazero, {"/b/busybox.wasm"}),
              Texts{"wazero names programs itself: argv[0] is not ls there"});
    const ProgramStart add{"lib.wasm", "add", {"2", "-3"}};
    EXPECT_EQ(text({}, Wasiscope, add), "wscope run --invoke add lib.wasm 2 -3");
    EXPECT_EQ(text({}, Wasmtime, add), "wasmtime run --invoke add lib.wasm 2 -3");
    EXPECT_EQ(text({}, Wasmer, add), "wasmer run --invoke add lib.wasm -- 2 -3");
    EXPECT_EQ(text({}, WasmEdge, add), "wasmedge --reactor lib.wasm add 2 -3");
    EXPECT_EQ(notes({}, Wazero, add), Texts{"wazero calls _start only, not add"});
}

TEST(CommandLine, RuntimesHaveNames) {
    for (size_t i = 0; i < std::size(kRuntimeNames); i++)
        EXPECT_EQ(findRuntime(kRuntimeNames[i]), static_cast<Runtime>(i));
    EXPECT_FALSE(findRuntime("nodejs"));
}

/// What a file of capabilities says may have been written by somebody else: a shell that the line is pasted to makes of it what it was, and
/// finds nothing in it to obey before.
TEST(CommandLine, HoldsNoControlCharactersAndNoBytesThatAreNoText) {
    for (const std::string& value :
         {std::string("a\x1b[201~\x03\nid #"), std::string("\x7f\t\x01"), std::string("\xc2\x9bm \xc3\xa9"),
          std::string("it's \x15"), std::string("=ls"), std::string("\xc2"),
          std::string("/srv/\xff\xe2\x82/\xf0\x9f\x98\x80 \xe2\x82\xac")}) {
        const std::string quoted = shellQuoted(value);
        EXPECT_TRUE(isUtf8(quoted)) << "a clipboard holds text";
        for (const char c : quoted)
            EXPECT_TRUE(c == '\n' || !std::iscntrl(static_cast<unsigned char>(c))) << quoted;
        EXPECT_EQ(quoted.find("\xc2\x9b"), std::string::npos);
        EXPECT_EQ(quoted[0], '\'');
        FILE* const shell = popen(("printf %s " + quoted).c_str(), "r");
        ASSERT_NE(shell, nullptr);
        std::string made(100, 0);
        made.resize(fread(made.data(), 1, made.size(), shell));
        pclose(shell);
        EXPECT_EQ(made, value);
    }
}

TEST(CommandLine, NodeIsToldNamesAsTheyAre) {
    Capabilities c;
    c.environment = {{"__proto__", "1"}, {"A", "\xff"}, {"B", "2"}};
    EXPECT_NE(text(c, Node).find(R"(env: JSON.parse("{\"__proto__\":\"1\",\"B\":\"2\"}"))"),
              std::string::npos)
        << text(c, Node);
    EXPECT_EQ(notes(c, Node), Texts{"a script for node is UTF-8, and A is not: it is missing there"});
}

}  // namespace
}  // namespace wasi
