// wscope trust: the user's list of folders whose scripts may run.

#include <iostream>
#include <memory>

#include "app/wscope/commands.h"
#include "app/wscope/options.h"
#include "debugger/debuggee.h"
#include "wasi/script/trust.h"

namespace wscope {

namespace {

struct TypedTrust {
    std::vector<std::string> folders;
    bool removes = false;
};

int trust(const TypedTrust& typed) {
    auto list = wasi::TrustedFolders::ofUser();
    if (!list) return fail(list.error());
    for (const std::string& folder : typed.folders)
        if (const auto done = typed.removes ? list->remove(folder) : list->add(folder); !done)
            return fail(done.error());
    if (!typed.folders.empty())
        if (const auto saved = list->save(); !saved) return fail(saved.error());
    for (const std::string& folder : typed.removes ? std::vector<std::string>() : list->folders())
        if (const auto others = wasi::whoElseWrites(folder))
            std::cerr << "wscope: warning: " << debugger::printable(folder) << ": " << *others
                      << "; who does, decides what its scripts do\n";
    for (const std::string& folder : list->folders())
        std::cout << debugger::printable(folder) << "\n";
    return 0;
}

}  // namespace

void addTrust(CLI::App& app, int& status) {
    auto typed = std::make_shared<TypedTrust>();
    CLI::App* command = app.add_subcommand(
        "trust",
        "Let scripts of mocks in and below these folders run; without a folder, list those that may");
    command->add_option("FOLDER", typed->folders, "Folders, which are told apart by where they really are");
    command->add_flag("--remove", typed->removes, "Take them off the list");
    command->footer(
        "Examples:\n  wscope trust tests/mocks\n  wscope trust --remove tests/mocks\n"
        "Only for this time: wscope run --trust-scripts tests/mocks --mock tests/mocks/disk.json "
        "program.wasm");
    command->callback([typed, &status] { status = trust(*typed); });
}

}  // namespace wscope
