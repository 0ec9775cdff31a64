// Launch options of the command line, shared by wscope and wasiscope: what the program is granted and how it is started.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "debugger/protocol.h"

namespace launch {

/// What the user typed, before it is checked.
struct TypedOptions {
    std::vector<std::string> dirs, readOnlyDirs, overlayDirs, memoryDirs, listeners, environment, maps;
    bool inheritEnvironment = false, showDenied = false;
    std::string policy, arg0, input, inputText, invoke, mocks, tier = "auto", clock, random;
    std::string maxMemory, maxOutput, maxLog, maxVirtual, changes = "discard";
    std::vector<std::string> trustedFolders;
    std::optional<uint64_t> maxFiles;
    std::string timeout;
};

/// Adds them to a subcommand whose first positional ends the options: PROGRAM and all behind it is the guest's.
void addLaunchOptions(CLI::App& command, TypedOptions& typed);

/// What was typed behind the name of a subcommand, without "--" before PROGRAM, which CLI11 leaves to the command above: a program that
/// looks like an option is named by its path instead.
std::vector<std::string> withoutDashes(const CLI::App& command, std::vector<std::string> words);

/// PROGRAM and its arguments: what CLI11 left over.
struct ProgramAndArguments {
    std::string program;
    std::vector<std::string> arguments;
};
/// Error: BadArgument (no program, unknown option before it).
engine::Result<ProgramAndArguments> programOf(const CLI::App& command);

/// Checks everything. What is typed comes on top of what a policy file grants. Standard streams of which nothing is said are inherited,
/// or of the session if `sessionStdio`.
engine::Result<debugger::LaunchOptions> launchOptions(const TypedOptions& typed,
                                                      const ProgramAndArguments& program, bool sessionStdio);

/// "64K", "1.5G", "100000" → bytes.
engine::Result<uint64_t> parseSize(const std::string& text);

}  // namespace launch
