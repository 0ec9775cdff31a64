#include "debugger/debuggee.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <unordered_map>

#include "debugger/places.h"
#include "debugger/wat_file.h"
#include "engine/disassembly.h"
#include "wasi/mock_player.h"
#include "wasi/script/switch_off.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;
using engine::Value;

Result<std::unique_ptr<Debuggee>> Debuggee::load(LaunchOptions options) {
    std::unique_ptr<Debuggee> debuggee(new Debuggee);
    auto bytes = TRY(readProgram(options.program));
    auto module = TRY(engine::decodeModule(std::move(bytes), options.program));
    TRY(engine::validateModule(*module));
    if (options.capabilities.arguments.empty()) {
        options.capabilities.arguments = {std::filesystem::path(options.program).filename().string()};
    }
    debuggee->m_module = std::move(module);
    debuggee->m_options = std::move(options);
    std::vector<wasi::MockEntry> mocks;
    for (const wasi::MockRule& rule : debuggee->m_options.mocks)
        mocks.push_back({0, rule});
    TRY(debuggee->setMocks(std::move(mocks)));
    return debuggee;
}

Debuggee::~Debuggee() { end(); }

void Debuggee::setArguments(const std::vector<std::string>& arguments) {
    m_options.capabilities.arguments.resize(1);
    m_options.capabilities.arguments.insert(m_options.capabilities.arguments.end(), arguments.begin(),
                                            arguments.end());
    if (!m_options.invoke.empty()) m_options.invokeArguments = arguments;
}

/// Whose scripts may run: as the user has said, for this program or for good.
Result<wasi::TrustedFolders> Debuggee::trust() const {
    auto folders = TRY(wasi::TrustedFolders::ofUser());
    for (const std::string& folder : m_options.trustedFolders)
        TRY(folders.add(folder));
    return folders;
}

engine::Result<> Debuggee::setMocks(std::vector<wasi::MockEntry> entries) {
    const wasi::TrustedFolders folders = TRY(trust());
    uint32_t last = m_lastMock;
    for (wasi::MockEntry& entry : entries) {
        last = std::max(last, entry.id);
        if (entry.id == 0) entry.id = ++last;
    }
    if (m_host)
        TRY(m_host->setMocks(entries, folders));
    else
        TRY(wasi::MockPlayer().set(entries, folders));
    m_lastMock = last;
    m_mocks = std::move(entries);
    return {};
}

Result<std::vector<Error>> Debuggee::keepMocks(std::vector<wasi::MockEntry> entries) {
    std::vector<wasi::MockRule*> rules;
    for (wasi::MockEntry& entry : entries)
        rules.push_back(&entry.rule);
    std::vector<Error> errors;
    for (const auto& [script, error] : wasi::switchOffFailing(rules, TRY(trust())))
        errors.push_back({error.code, error.message + "; mocks that ask it are switched off"});
    TRY(setMocks(std::move(entries)));
    return errors;
}

std::vector<wasi::MockInfo> Debuggee::mocks() const {
    if (m_host) return m_host->mocks();
    std::vector<wasi::MockInfo> infos;
    for (const wasi::MockEntry& entry : m_mocks)
        infos.push_back({entry.id, entry.rule, 0, 0});
    return infos;
}

/// Names of functions for rules that speak of callers, looked up once for each place in code.
wasi::NamesAt Debuggee::callerNames() {
    struct Known {
        std::unique_ptr<Places> places;
        std::unordered_map<uint32_t, std::vector<std::string>> names;
    };
    return [this, known = std::make_shared<Known>()](const engine::CodeLocation& at,
                                                     const std::function<bool(std::string_view)>& test) {
        const auto [entry, isNew] = known->names.try_emplace(at.offset);
        if (isNew) {
            if (!known->places) known->places = std::make_unique<Places>(m_module, symbols());
            namesAt (*known->places)(at, [&](std::string_view name) {
                entry->second.emplace_back(name);
                return false;
            });
        }
        for (const std::string& name : entry->second)
            if (test(name)) return;
    };
}

void Debuggee::end() {
    if (m_onGuest) m_onGuest(nullptr, nullptr);
    m_machine.reset();
    m_store.reset();
    m_host.reset();
    m_phases.clear();
}

Symbols& Debuggee::symbols(std::function<bool(uint64_t, uint64_t)> progress) {
    if (!m_symbols) {
        SymbolOptions options;
        options.progress = std::move(progress);
        m_symbols = openSymbols(m_module, options);
    }
    return *m_symbols;
}

ModuleSummary Debuggee::summary() {
    ModuleSummary summary;
    summary.path = m_options.program;
    summary.invoke = m_options.invoke;
    summary.invokeArguments = m_options.invokeArguments;
    summary.name = m_module->names().module;
    if (summary.name.empty()) summary.name = std::filesystem::path(m_options.program).filename().string();
    summary.bytes = m_module->bytes->size();
    summary.features = featureNames(*m_module);

    const SymbolSummary found = symbols().summary();
    summary.debugInfo = found.format;
    if (found.format != "none" && !found.format.empty()) {
        summary.debugInfo += ", " + std::to_string(found.units) + (found.units == 1 ? " unit" : " units");
        for (const std::string& language : found.languages)
            summary.debugInfo += ", " + language;
    }
    summary.problems = found.problems;
    for (const std::string& warning : m_module->names().warnings)
        summary.problems.push_back(warning);

    if (auto entry = findEntryExport(*m_module, m_options.invoke)) {
        summary.entry = entry->name;
    } else {
        summary.problems.push_back(entry.error().message);
    }
    for (uint32_t address : sourceMain()) {
        // Of the function itself: where it begins may be the code of an inlined call.
        const auto function = symbols().functionAt(address);
        FileId file = function ? function->declaration.file : kNoFile;
        if (const auto row = symbols().rowAt(address); file == kNoFile && row) file = row->place.file;
        if (file >= symbols().files().size()) continue;
        summary.mainSource = symbols().files()[file].path;
        break;
    }
    return summary;
}

// ------------------------------------------------------------------------------------------------------------ launching

Result<engine::Export> findEntryExport(const engine::Module& module, const std::string& invoke) {
    const auto find = [&](std::string_view name) -> const engine::Export* {
        for (const engine::Export& e : module.exports) {
            if (e.kind == engine::ExternKind::Func && e.name == name) return &e;
        }
        return nullptr;
    };
    if (invoke.empty()) {
        if (const engine::Export* e = find("_start")) return *e;
        if (const engine::Export* e = find("_initialize")) return *e;
    } else if (const engine::Export* e = find(invoke)) {
        return *e;
    }
    std::string message =
        invoke.empty()
            ? "the module exports no _start, so it is a library; call one of its functions with --invoke"
            : "the module exports no function \"" + printable(invoke) + "\"";
    std::string names;
    size_t count = 0;
    for (const engine::Export& e : module.exports) {
        if (e.kind != engine::ExternKind::Func || ++count > 12) continue;
        names += (names.empty() ? "" : ", ") + printable(e.name);
    }
    if (count > 12) names += ", …";
    message += names.empty() ? " (it exports no function)" : "; it exports " + names;
    return Error{ErrorCode::NotFound, message, engine::Where{module.fileName, "export", {}, {}}};
}

Result<> Debuggee::start(bool logging) {
    end();
    const engine::Export entry = TRY(findEntryExport(*m_module, m_options.invoke));
    m_entryName = entry.name;
    m_entryFunction = engine::FuncIdx(entry.index);
    std::vector<Value> arguments = TRY(parseArguments(m_module->typeOf(m_entryFunction)));

    auto result = instantiate(logging);
    if (!result) {
        end();
        return result.error();
    }
    // Phases, last first: the entry; a library's _initialize before an invoked function; the module's start function before all.
    engine::Instance& instance = m_store->instance(m_instance);
    m_phases.push_back({instance.functions[entry.index], std::move(arguments)});
    if (!m_options.invoke.empty() && m_options.invoke != "_initialize") {
        const auto initialize = instance.exported("_initialize");
        if (initialize && initialize->kind == engine::ExternKind::Func) {
            m_phases.push_back({engine::FuncAddr(initialize->address), {}});
        }
    }
    if (m_module->start) m_phases.push_back({instance.functions[m_module->start->value], {}});
    auto begun = nextPhase();
    if (!begun) return begun.error();
    if (m_onGuest) m_onGuest(m_machine.get(), m_host.get());
    return {};
}

Result<> Debuggee::instantiate(bool logging) {
    m_host = TRY(wasi::WasiHost::create(m_options.capabilities));
    m_host->setLogging(logging);
    if (m_options.showDenied || m_showDenied) m_host->showDenied();
    m_host->setNames(callerNames());
    TRY(m_host->setMocks(m_mocks, TRY(trust())));
    engine::StoreLimits limits;
    if (const uint64_t bytes = m_options.capabilities.budgets.maxMemoryBytes) limits.maxMemoryBytes = bytes;
    m_store = std::make_unique<engine::Store>(limits);
    m_store->setTier(m_options.tier);  // without a compiler everything is interpreted
    engine::Trap trap;
    m_instance =
        TRY(m_store->instantiate(m_module, m_host->resolver(*m_store), &trap, m_module->names().module));
    if (trap.kind != engine::TrapKind::None) {
        return Error{ErrorCode::Invalid,
                     "a data or element segment does not fit: " + trap.text() + "; the program cannot start",
                     engine::Where{m_module->fileName, {}, {}, {}}};
    }
    m_host->attach(*m_store, m_instance);
    m_machine = TRY(engine::Machine::create(*m_store));
    m_machine->setWait([this](std::optional<uint64_t> timeoutNs, const std::string& what) {
        return !m_machine->yieldRequested() && m_host->wait(timeoutNs, what);
    });
    return {};
}

Result<bool> Debuggee::nextPhase() {
    if (m_phases.empty()) return false;
    Phase phase = std::move(m_phases.back());
    m_phases.pop_back();
    TRY(m_machine->start(phase.function, phase.arguments));
    return true;
}

std::string Debuggee::resultsText() {
    std::string text;
    if (m_options.invoke.empty()) return text;
    for (const Value& value : m_machine->results())
        text += (text.empty() ? "" : " ") + engine::toText(value);
    return text;
}

engine::LinearMemory* Debuggee::memory(uint32_t index) {
    if (!m_store) return nullptr;
    engine::Instance& instance = m_store->instance(m_instance);
    return index < instance.memories.size() ? &m_store->memory(instance.memories[index]) : nullptr;
}

namespace {

/// One argument of an invoked function.
Result<Value> parseArgument(const std::string& text, engine::ValType type) {
    const auto bad = [&](const char* what) {
        return Error{ErrorCode::BadArgument,
                     "argument \"" + printable(text) + "\" is not " + what + " (" + toText(type) + ")"};
    };
    if (type == engine::kF32 || type == engine::kF64) {
        char* end = nullptr;
        const double number = std::strtod(text.c_str(), &end);
        if (text.empty() || *end != '\0') return bad("a number");
        return type == engine::kF32 ? Value::f32(static_cast<float>(number)) : Value::f64(number);
    }
    if (type != engine::kI32 && type != engine::kI64) {
        return Error{ErrorCode::Unsupported,
                     "arguments of type " + toText(type) + " cannot be given on the command line"};
    }
    const bool negative = !text.empty() && text[0] == '-';
    std::string_view digits = std::string_view(text).substr(negative ? 1 : 0);
    const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
    if (hex) digits.remove_prefix(2);
    uint64_t magnitude = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, hex ? 16 : 10);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return bad("an integer");
    const uint64_t limit = type == engine::kI32 ? uint64_t{0xffffffff} : ~uint64_t{0};
    if (magnitude > (negative ? limit / 2 + 1 : limit)) return bad("in range");
    const uint64_t bits = negative ? uint64_t{0} - magnitude : magnitude;
    return type == engine::kI32 ? Value::i32(static_cast<uint32_t>(bits)) : Value::i64(bits);
}

}  // namespace

Result<std::vector<Value>> Debuggee::parseArguments(const engine::FuncType& type) const {
    const std::vector<std::string>& texts = m_options.invokeArguments;
    if (texts.size() != type.params.size()) {
        const size_t count = type.params.size();
        return Error{ErrorCode::BadArgument,
                     m_entryName + " takes " + std::to_string(count) +
                         (count == 1 ? " argument" : " arguments") + (count == 0 ? "" : " " + toText(type)) +
                         ", got " + std::to_string(texts.size()) +
                         (count == 0 ? "" : ": --invoke NAME passes on what stands behind the program")};
    }
    std::vector<Value> values;
    for (size_t i = 0; i < texts.size(); i++)
        values.push_back(TRY(parseArgument(texts[i], type.params[i])));
    return values;
}

// ------------------------------------------------------------------------------------------------------------ entry stop

std::vector<uint32_t> Debuggee::sourceMain() {
    if (!m_options.invoke.empty()) return {};
    // C and C++ name it main; clang renames the function, not its DWARF; Rust's is crate::main, beside a "main" that it generates.
    std::vector<uint32_t> addresses;
    for (const char* name : {"main", "__main_argc_argv", "__original_main", "main.main"}) {
        std::vector<FunctionSymbol> found = symbols().findFunctions(name);
        const auto isProgramsOwn = [](const FunctionSymbol& f) {
            const bool isCLike = f.language.find("Rust") == std::string::npos;
            return isCLike ? f.qualifiedName == f.name || f.qualifiedName.empty()
                           : f.qualifiedName.find("::") != std::string::npos;
        };
        if (std::any_of(found.begin(), found.end(), isProgramsOwn))
            std::erase_if(found, std::not_fn(isProgramsOwn));
        for (const FunctionSymbol& f : found)
            addresses.push_back(symbols().afterPrologue(f));
        if (!addresses.empty()) break;
    }
    return addresses;
}

std::vector<uint32_t> Debuggee::entryStops() {
    std::vector<uint32_t> addresses = sourceMain();
    if (!addresses.empty()) return addresses;
    if (m_options.invoke.empty()) {
        // Without debug info the name section may still know main.
        for (uint32_t i = m_module->importedFunctions; i < m_module->functions.size(); i++) {
            const std::string name = m_module->functionName(engine::FuncIdx(i));
            if (name == "main" || name == "__main_argc_argv" || name == "__original_main" ||
                name == "main.main") {
                return {m_module->functions[i].code.begin};
            }
        }
    }
    const engine::Function& entry = m_module->functions[m_entryFunction.value];
    if (entry.import) return {};
    return {entry.code.begin};
}

std::vector<std::string> featureNames(const engine::Module& module) {
    std::vector<std::string> names;
    for (engine::Feature feature : engine::featuresOf(module)) {
        if (feature != engine::Feature::Mvp) names.emplace_back(engine::toText(feature));
    }
    return names;
}

}  // namespace debugger
