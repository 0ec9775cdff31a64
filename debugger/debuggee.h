// Debuggee: one program: its module, its symbols and, once started, its store, host and machine. Owned by a session (or by
// `wscope run`) and used by that thread only. Knows how a program is launched, and nothing of breakpoints or steps.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "debugger/protocol.h"
#include "debugger/symbols/symbols.h"
#include "engine/base/printable.h"
#include "engine/machine.h"
#include "engine/store.h"
#include "wasi/host.h"

namespace debugger {

class Debuggee {
public:
    /// Reads, decodes and validates. Errors as of readFile, decodeModule and validateModule, with the file's name.
    static engine::Result<std::unique_ptr<Debuggee>> load(LaunchOptions options);
    ~Debuggee();

    const LaunchOptions& options() const { return m_options; }
    const std::shared_ptr<const engine::Module>& module() const { return m_module; }
    /// Opened on first use; `progress` is then asked (see SymbolOptions).
    Symbols& symbols(std::function<bool(uint64_t, uint64_t)> progress = {});
    /// What was loaded, in words; opens the symbols.
    ModuleSummary summary();

    /// Makes store, host, instance and machine, and stands before the first instruction of the first phase of the launch. What an
    /// earlier start left is destroyed. Errors: Unlinkable (all missing imports), Limit, NotFound (no such export), BadArgument …
    /// `onGuest` is told the machine and host when they are there, and null before they go.
    engine::Result<> start(bool logging = true);
    /// What later starts are granted.
    void setCapabilities(wasi::Capabilities capabilities) {
        m_options.capabilities = std::move(capabilities);
    }
    /// Whether later starts show what C libraries refuse by themselves, wasi::WasiHost::showDenied().
    void setShowDenied(bool on) { m_showDenied = on; }
    /// Rules of mocks, of this run and the next ones. BadArgument, and nothing has changed.
    engine::Result<> setMocks(std::vector<wasi::MockEntry> entries);
    /// The same with what another debuggee had: rules whose script cannot be loaded any more are switched off. Returns why.
    engine::Result<std::vector<engine::Error>> keepMocks(std::vector<wasi::MockEntry> entries);
    /// With what they have done in this run.
    std::vector<wasi::MockInfo> mocks() const;
    /// argv[1…] of the next start.
    void setArguments(const std::vector<std::string>& arguments);
    void onGuest(std::function<void(engine::Machine*, wasi::WasiHost*)> listener) {
        m_onGuest = std::move(listener);
    }
    /// Destroys store, host and machine.
    void end();

    bool started() const { return m_machine != nullptr; }
    engine::Machine& machine() { return *m_machine; }
    engine::Store& store() { return *m_store; }
    wasi::WasiHost& host() { return *m_host; }
    engine::InstanceId instance() const { return m_instance; }
    /// By index in the instance; null if there is none (or nothing was started).
    engine::LinearMemory* memory(uint32_t index);

    /// The present phase (module start function, _initialize, entry) returned: begins the next. False if it was the last.
    engine::Result<bool> nextPhase();
    /// What the entry returned, for people: "42", "" for nothing. Valid when nextPhase() said false.
    std::string resultsText();
    /// The function that is the entry ("_start", or what `invoke` names), and its index.
    const std::string& entryName() const { return m_entryName; }
    engine::FuncIdx entryFunction() const { return m_entryFunction; }

    /// Code offsets where `stop at entry` stops: the source-level main behind its prologue, else the entry's first instruction.
    std::vector<uint32_t> entryStops();

private:
    Debuggee() = default;
    struct Phase {
        engine::FuncAddr function;
        std::vector<engine::Value> arguments;
    };
    engine::Result<> findEntry();
    engine::Result<std::vector<engine::Value>> parseArguments(const engine::FuncType& type) const;
    engine::Result<> instantiate(bool logging);
    std::vector<uint32_t> sourceMain();
    wasi::NamesAt callerNames();

    LaunchOptions m_options;
    bool m_showDenied = false;
    engine::Result<wasi::TrustedFolders> trust() const;

    std::vector<wasi::MockEntry> m_mocks;
    uint32_t m_lastMock = 0;  // id
    std::shared_ptr<const engine::Module> m_module;
    std::unique_ptr<Symbols> m_symbols;
    std::string m_entryName;
    engine::FuncIdx m_entryFunction;

    std::function<void(engine::Machine*, wasi::WasiHost*)> m_onGuest;
    std::unique_ptr<wasi::WasiHost> m_host;  // outlives the store, whose host functions call it
    std::unique_ptr<engine::Store> m_store;  // outlives the machine
    std::unique_ptr<engine::Machine> m_machine;
    engine::InstanceId m_instance;
    std::vector<Phase> m_phases;  // that are still to come, last first
};

/// Finds the entry of a module: `invoke` if not empty, else `_start`, else `_initialize` of a library. NotFound says what there is.
engine::Result<engine::Export> findEntryExport(const engine::Module& module, const std::string& invoke);

/// What a module needs beyond WebAssembly 1.0.
std::vector<std::string> featureNames(const engine::Module& module);

using engine::printable;

}  // namespace debugger
