#include "app/launch/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "debugger/debuggee.h"
#include "wasi/capabilities_json.h"
#include "wasi/grants.h"
#include "wasi/mock_json.h"

extern char** environ;

namespace launch {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// The usage line of a command that ends in a program and what is the program's.
class GuestFormatter : public CLI::Formatter {
public:
    std::string make_usage(const CLI::App* app, std::string name) const override {
        std::string usage = CLI::Formatter::make_usage(app, std::move(name));
        while (usage.ends_with('\n'))
            usage.pop_back();
        return usage + " PROGRAM [ARG...]\nOptions stand before PROGRAM; all behind it is the program's.\n";
    }
};

}  // namespace

void addLaunchOptions(CLI::App& command, TypedOptions& typed) {
    command.prefix_command();
    command.formatter(std::make_shared<GuestFormatter>());
    command
        .add_option("--policy", typed.policy,
                    "Grant what this file (JSON) says; other options come on top of it. "
                    "wscope policy writes one")
        ->type_name("FILE");
    command.add_option("--dir", typed.dirs, "Grant a folder for reading and writing: HOST[::GUEST]")
        ->type_name("HOST[::GUEST]")
        ->allow_extra_args(false);
    command.add_option("--dir-ro", typed.readOnlyDirs, "Grant a folder for reading: HOST[::GUEST]")
        ->type_name("HOST[::GUEST]")
        ->allow_extra_args(false);
    command
        .add_option("--dir-overlay", typed.overlayDirs,
                    "Grant a folder that is only seemingly written: HOST[::GUEST]")
        ->type_name("HOST[::GUEST]")
        ->allow_extra_args(false);
    command
        .add_option("--dir-memory", typed.memoryDirs,
                    "Grant a folder in memory, empty or a copy: [HOST::]GUEST")
        ->type_name("[HOST::]GUEST")
        ->allow_extra_args(false);
    command
        .add_option(
            "--listen", typed.listeners,
            "Grant a socket that listens, behind the folders' descriptors; port 0: any, which is told")
        ->type_name("ADDRESS:PORT")
        ->allow_extra_args(false);
    command.add_option("--env", typed.environment, "Set a variable; without a value, pass on ours")
        ->type_name("NAME[=VALUE]")
        ->allow_extra_args(false);
    command.add_flag("--inherit-env", typed.inheritEnvironment, "Pass on all our environment variables");
    command.add_option("--arg0", typed.arg0, "The program's name for itself (argv[0])")->type_name("NAME");
    auto* input = command.add_option("--stdin", typed.input, "Read standard input from a file");
    input->type_name("FILE");
    command
        .add_option("--stdin-text", typed.inputText, "Read standard input from this text; \\n is a newline")
        ->type_name("TEXT")
        ->excludes(input);
    command
        .add_option("--invoke", typed.invoke,
                    "Call this export instead of _start, with ARG… by its signature")
        ->type_name("NAME");
    command
        .add_option("--tier", typed.tier,
                    "Which tier runs: interp, jit (all compiled) or auto (compiled when hot; if not given)")
        ->check(CLI::IsMember({"interp", "jit", "auto"}));
    command.add_option("--clock", typed.clock, "real, fixed:NANOSECONDS, scaled:FACTOR or offset:SECONDS")
        ->type_name("CLOCK");
    command.add_option("--random", typed.random, "real or seed:NUMBER")->type_name("RANDOM");
    command
        .add_option(
            "--mock", typed.mocks,
            "Answer host calls by the rules in this JSON file, such as {\"rules\": [{\"call\": \"fd_write\", "
            "\"nth\": 3, \"errno\": \"nospc\"}]}; other answers are reply, short, corrupt, trap, stop, pass "
            "and script, "
            "each also with a delay (schema/mocks.schema.json has them all)")
        ->type_name("FILE");
    command
        .add_option(
            "--trust-scripts", typed.trustedFolders,
            "Let scripts of mocks in and below this folder run this time; wscope trust does so for good")
        ->type_name("FOLDER")
        ->allow_extra_args(false);
    command.add_option("--max-memory", typed.maxMemory, "Most memory that the program may have, e.g. 512M")
        ->type_name("SIZE");
    command
        .add_option("--max-output", typed.maxOutput, "Most bytes that it may write to its standard streams")
        ->type_name("SIZE");
    command.add_option("--max-files", typed.maxFiles, "Most files that it may have open")
        ->type_name("COUNT")
        ->check(CLI::Range(0, 1'000'000));
    command
        .add_option(
            "--max-log", typed.maxLog,
            "Most memory for the log of host calls (2G if not given), which then keeps the newest calls")
        ->type_name("SIZE");
    command
        .add_option("--max-virtual", typed.maxVirtual,
                    "Most memory for overlays and in-memory folders (1G if not given)")
        ->type_name("SIZE");
    command.add_flag(
        "--show-denied", typed.showDenied,
        "Show what C libraries refuse by themselves: the program finds one more folder, the root, "
        "in which nothing is granted, and is refused there, with an explanation");
    command.add_option("--timeout", typed.timeout, "End it after this time: 10s, 500ms, 2m")
        ->type_name("TIME");
    command.add_option("--map", typed.maps, "Look for sources named FROM… in the debug info under TO")
        ->type_name("FROM=TO")
        ->allow_extra_args(false);
}

namespace {

/// Does the value of this word stand in the next one?
bool wantsNext(const CLI::App& command, const std::string& word) {
    const auto takesValue = [&](const std::string& name) {
        const CLI::Option* option = command.get_option_no_throw(name);
        return option && option->get_items_expected_min() > 0;
    };
    if (word.starts_with("--")) return word.find('=') == std::string::npos && takesValue(word);
    for (size_t i = 1; i < word.size(); i++)
        if (takesValue({'-', word[i]})) return i + 1 == word.size();
    return false;
}

}  // namespace

std::vector<std::string> withoutDashes(const CLI::App& command, std::vector<std::string> words) {
    for (size_t i = 0; i < words.size() && words[i].starts_with('-'); i++) {
        if (words[i] != "--") {
            i += wantsNext(command, words[i]);
            continue;
        }
        words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
        if (i < words.size() && words[i].starts_with('-')) words[i].insert(0, "./");
        break;
    }
    return words;
}

Result<ProgramAndArguments> programOf(const CLI::App& command) {
    std::string name = command.get_name();
    if (command.get_parent()) name = command.get_parent()->get_name() + " " + name;
    std::vector<std::string> rest = command.remaining();
    if (!rest.empty() && rest[0] == "--")
        rest.erase(rest.begin());
    else if (!rest.empty() && rest[0].starts_with('-')) {
        return Error{ErrorCode::BadArgument,
                     "unknown option " + debugger::printable(rest[0]) + "; " + name + " --help lists them"};
    }
    if (rest.empty())
        return Error{ErrorCode::BadArgument, "no program given; " + name + " [options] PROGRAM [ARG…]"};
    return ProgramAndArguments{rest[0], {rest.begin() + 1, rest.end()}};
}

Result<uint64_t> parseSize(const std::string& text) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    std::string unit = end;
    if (unit.ends_with("iB"))
        unit.resize(unit.size() - 2);
    else if (unit.size() > 1 && unit.ends_with("B"))
        unit.resize(unit.size() - 1);
    double factor = 0;
    if (unit.empty() || unit == "B")
        factor = 1;
    else if (unit == "K" || unit == "k")
        factor = 1024;
    else if (unit == "M" || unit == "m")
        factor = 1024.0 * 1024;
    else if (unit == "G" || unit == "g")
        factor = 1024.0 * 1024 * 1024;
    const double bytes = number * factor;
    if (end == text.c_str() || factor == 0 || !(bytes > 0) || bytes > 1e18) {
        return Error{ErrorCode::BadArgument,
                     "\"" + debugger::printable(text) + "\" is not a size; write 100000, 64K, 512M or 2G"};
    }
    return static_cast<uint64_t>(bytes);
}

namespace {

Result<uint64_t> parseMilliseconds(const std::string& text) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    const std::string unit = end;
    const double factor = unit == "ms"                  ? 1
                          : unit.empty() || unit == "s" ? 1000
                          : unit == "m"                 ? 60'000
                          : unit == "h"                 ? 3'600'000
                                                        : 0;
    const double milliseconds = number * factor;
    if (end == text.c_str() || factor == 0 || !(milliseconds >= 1) ||
        milliseconds > static_cast<double>(wasi::kMostTimeoutMs)) {
        return Error{ErrorCode::BadArgument,
                     "\"" + debugger::printable(text) + "\" is not a time; write 10s, 500ms or 2m"};
    }
    return static_cast<uint64_t>(milliseconds);
}

Result<uint64_t> parseInteger(std::string_view text, const std::string& what) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return Error{ErrorCode::BadArgument,
                     what + ": \"" + debugger::printable(text) + "\" is not a number"};
    }
    return value;
}

Result<wasi::ClockGrant> parseClock(const std::string& text) {
    wasi::ClockGrant clock;
    if (text == "real") return clock;
    if (text.starts_with("fixed:")) {
        clock.kind = wasi::ClockGrant::Kind::Fixed;
        clock.fixedNs = TRY(parseInteger(std::string_view(text).substr(6), "--clock fixed:T"));
        return clock;
    }
    if (text.starts_with("scaled:")) {
        char* end = nullptr;
        clock.kind = wasi::ClockGrant::Kind::Scaled;
        clock.scale = std::strtod(text.c_str() + 7, &end);
        if (*end == '\0' && clock.scale > 0 && clock.scale <= 1e9) return clock;
    }
    if (text.starts_with("offset:")) {
        char* end = nullptr;
        const double seconds = std::strtod(text.c_str() + 7, &end);
        clock.kind = wasi::ClockGrant::Kind::Offset;
        clock.offsetNs = static_cast<int64_t>(std::clamp(seconds, -9e9, 9e9) * 1e9);
        if (*end == '\0' && end != text.c_str() + 7 && std::abs(seconds) <= 9e9) return clock;
    }
    return Error{ErrorCode::BadArgument,
                 "--clock takes real, fixed:NANOSECONDS, scaled:FACTOR or offset:SECONDS, not \"" +
                     debugger::printable(text) + "\""};
}

Result<wasi::RandomGrant> parseRandom(const std::string& text) {
    wasi::RandomGrant random;
    if (text == "real") return random;
    if (!text.starts_with("seed:")) {
        return Error{ErrorCode::BadArgument,
                     "--random takes real or seed:NUMBER, not \"" + debugger::printable(text) + "\""};
    }
    random.seed = TRY(parseInteger(std::string_view(text).substr(5), "--random seed:N"));
    return random;
}

Result<> addEnvironment(const TypedOptions& typed,
                        std::vector<std::pair<std::string, std::string>>& variables) {
    const auto set = [&](std::string name, std::string value) {
        std::erase_if(variables, [&](const auto& v) { return v.first == name; });
        variables.emplace_back(std::move(name), std::move(value));
    };
    for (char** variable = environ; typed.inheritEnvironment && *variable; variable++) {
        const std::string text = *variable;
        const size_t equals = text.find('=');
        if (equals != std::string::npos) set(text.substr(0, equals), text.substr(equals + 1));
    }
    for (const std::string& text : typed.environment) {
        const size_t equals = text.find('=');
        if (text.empty() || equals == 0)
            return Error{ErrorCode::BadArgument,
                         "--env takes NAME=VALUE or NAME, not \"" + debugger::printable(text) + "\""};
        if (equals != std::string::npos)
            set(text.substr(0, equals), text.substr(equals + 1));
        else if (const char* ours = std::getenv(text.c_str()))
            set(text, ours);
    }
    return {};
}

/// \n, \t and \\ as in C; any other backslash stands for itself.
std::string unescaped(std::string_view text) {
    std::string plain;
    for (size_t i = 0; i < text.size(); i++) {
        const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
        const bool isEscape = next == 'n' || next == 't' || next == '\\';
        plain += !isEscape ? text[i] : next == 'n' ? '\n' : next == 't' ? '\t' : '\\';
        if (isEscape) i++;
    }
    return plain;
}

}  // namespace

Result<debugger::LaunchOptions> launchOptions(const TypedOptions& typed, const ProgramAndArguments& program,
                                              bool sessionStdio) {
    debugger::LaunchOptions options;
    options.program = program.program;
    options.invoke = typed.invoke;
    options.showDenied = typed.showDenied;
    if (typed.tier != "auto") options.tier = typed.tier == "jit" ? engine::Tier::Jit : engine::Tier::Interp;
    wasi::Capabilities& granted = options.capabilities;
    if (!typed.policy.empty()) granted = TRY(wasi::loadCapabilities(typed.policy));
    const std::vector<std::string> ofPolicy = std::exchange(granted.arguments, {});
    granted.arguments = {typed.arg0.empty() ? std::filesystem::path(program.program).filename().string()
                                            : typed.arg0};
    if (typed.invoke.empty()) {
        granted.arguments.insert(granted.arguments.end(), program.arguments.begin(), program.arguments.end());
        if (!ofPolicy.empty() && typed.arg0.empty() && program.arguments.empty())
            granted.arguments = ofPolicy;
    } else {
        options.invokeArguments = program.arguments;
    }
    TRY(addEnvironment(typed, granted.environment));
    for (const std::string& dir : typed.dirs)
        granted.preopens.push_back(wasi::parsePreopen(dir, wasi::MountKind::Real));
    for (const std::string& dir : typed.readOnlyDirs)
        granted.preopens.push_back(wasi::parsePreopen(dir, wasi::MountKind::ReadOnly));
    for (const std::string& dir : typed.overlayDirs)
        granted.preopens.push_back(wasi::parsePreopen(dir, wasi::MountKind::Overlay));
    for (const std::string& dir : typed.memoryDirs)
        granted.preopens.push_back(wasi::parsePreopen(dir, wasi::MountKind::InMemory));
    for (const std::string& listener : typed.listeners)
        granted.listeners.push_back(TRY(wasi::parseListener(listener)));

    const wasi::StdioKind kind = sessionStdio ? wasi::StdioKind::Session : wasi::StdioKind::Inherit;
    for (wasi::StdioGrant* grant : {&granted.standardInput, &granted.standardOutput, &granted.standardError})
        if (grant->kind == wasi::StdioKind::Inherit || grant->kind == wasi::StdioKind::Session)
            grant->kind = kind;
    if (!typed.input.empty()) granted.standardInput = {wasi::StdioKind::File, typed.input};
    if (!typed.inputText.empty())
        granted.standardInput = {wasi::StdioKind::Text, "", unescaped(typed.inputText)};
    if (!typed.clock.empty()) granted.clock = TRY(parseClock(typed.clock));
    if (!typed.random.empty()) granted.random = TRY(parseRandom(typed.random));
    if (!typed.maxMemory.empty()) granted.budgets.maxMemoryBytes = TRY(parseSize(typed.maxMemory));
    if (!typed.maxOutput.empty()) granted.budgets.maxOutputBytes = TRY(parseSize(typed.maxOutput));
    if (!typed.maxLog.empty()) granted.budgets.maxLogBytes = TRY(parseSize(typed.maxLog));
    if (!typed.maxVirtual.empty()) granted.budgets.maxVirtualBytes = TRY(parseSize(typed.maxVirtual));
    if (typed.maxFiles) granted.budgets.maxOpenFiles = *typed.maxFiles;
    options.trustedFolders = typed.trustedFolders;
    if (!typed.mocks.empty()) options.mocks = TRY(wasi::loadMocks(typed.mocks));
    if (!typed.timeout.empty()) granted.budgets.timeoutMs = TRY(parseMilliseconds(typed.timeout));
    for (const std::string& map : typed.maps) {
        const size_t equals = map.find('=');
        if (equals == std::string::npos)
            return Error{ErrorCode::BadArgument,
                         "--map takes FROM=TO, not \"" + debugger::printable(map) + "\""};
        options.pathMap.emplace_back(map.substr(0, equals), map.substr(equals + 1));
    }
    return options;
}

}  // namespace launch
