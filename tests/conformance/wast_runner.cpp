// wast_runner [--tier interp|jit|auto|break-everywhere|gc-stress] FILE.json…: runs converted scripts of the standard's test suite (format: README of
// the suites). A line per failure and per file; the last line counts assertions. Ends with 0 if none failed.
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "engine/gc_heap.h"
#include "tests/conformance/driving.h"

using namespace engine;
using namespace conformance;
using Json = nlohmann::json;

namespace {

struct Counts {
    uint32_t passed = 0, failed = 0, skipped = 0;
};

/// How an action ended.
struct Outcome {
    enum class Kind { Values, Trap, Exception, Error } kind = Kind::Values;
    std::vector<Value> values;
    std::string text;
};

std::string bytesOf(const Json& name) {
    if (name.is_string()) return name.get<std::string>();
    std::string bytes;
    const std::string hex = name.at("bytes_hex").get<std::string>();
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return bytes;
}

uint64_t numberOf(const Json& value) {
    return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<uint64_t>();
}

uint32_t laneBits(const std::string& laneType) {
    return static_cast<uint32_t>(std::stoul(laneType.substr(1)));
}

/// "nan:canonical" and "nan:arithmetic" of a float with that many bits.
bool isNan(const std::string& pattern, uint64_t bits, uint32_t width) {
    const uint64_t quiet = width == 32 ? 0x7fc00000 : 0x7ff8000000000000;
    const uint64_t magnitude = width == 32 ? 0x7fffffff : 0x7fffffffffffffff;
    return pattern == "nan:canonical" ? (bits & magnitude) == quiet : (bits & quiet) == quiet;
}

/// Whether a reference is one of the kind that "anyref", "structref" … without a value ask for.
bool isSome(const std::string& type, Slot value) {
    const auto isObject = [&](ObjectKind kind) {
        return reference::isObject(value) && reference::kind(value) == kind;
    };
    if (type == "i31ref") return reference::isI31(value);
    if (type == "structref") return isObject(ObjectKind::Struct);
    if (type == "arrayref") return isObject(ObjectKind::Array);
    if (type == "exnref") return isObject(ObjectKind::Exception);
    if (type == "funcref" || type == "hostref") return reference::isHost(value);
    if (type == "eqref") return value != 0 && !reference::isHost(value);
    return value != 0;
}

/// Threads of a script run one at a time, in turns, each until it waits or has had its slice: one of the orders that are legal.
class Turns {
public:
    void begin() {
        std::unique_lock lock(m_mutex);
        const uint64_t ticket = m_next++;
        m_changed.wait(lock, [&] { return ticket == m_served; });
    }
    void end() {
        const std::lock_guard lock(m_mutex);
        ++m_served;
        m_changed.notify_all();
    }
    void pass() {
        end();
        begin();
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    uint64_t m_next = 0, m_served = 0;
};

/// What all threads of a script share. Used by the thread whose turn it is.
struct Common {
    std::vector<uint8_t> blob;
    Store store;
    std::map<std::string, Extern> hostExtras;  // what spectest has beyond its module
    std::map<uint32_t, std::string> failures;
    Counts counts;
    Turns turns;
    uint32_t threads = 0;
};

/// Runs the commands of a script, or of one of its threads.
class Script {
public:
    Script(Common& common, const std::string& file, Drive drive)
        : m_common(common), m_file(file), m_drive(drive), m_store(common.store) {}
    ~Script() { joinAll(); }
    Script(const Script&) = delete;

    /// Runs all commands; false if the file cannot be read.
    bool run(const std::string& hostModule);

private:
    void commands(const Json& list);
    void startThread(const Json& c);
    void join(const std::string& thread);
    void joinAll() {
        while (!m_threads.empty())
            join(m_threads.begin()->first);
    }
    void command(const Json& c);
    void assertion(const Json& c, const std::string& type);
    Result<std::shared_ptr<const Module>> compile(const Json& c);
    Result<InstanceId> instantiate(std::shared_ptr<const Module> module, Trap& trap);
    Result<> define(const Json& c);
    Result<> makeInstance(const Json& c, const std::string& definition, const std::string& name, Trap& trap);
    void importHost(const std::string& file);
    InstanceId instanceOf(const Json& action);
    Outcome act(const Json& action);
    Outcome call(FuncAddr function, const std::vector<Value>& arguments);
    static Value valueOf(const Json& value);
    static bool matches(const Json& expected, const Value& value);
    static bool matchesVector(const Json& expected, const Value& value);

    void pass() { ++m_common.counts.passed; }
    void skip() { ++m_common.counts.skipped; }
    void fail(const std::string& why) {
        ++m_common.counts.failed;
        m_common.failures.emplace(m_line, why);
    }

    Common& m_common;
    std::string m_file;
    Drive m_drive;
    Store& m_store;
    std::unique_ptr<Machine> m_machine;
    bool m_isThread = false;
    std::map<std::string, std::thread> m_threads;
    std::map<std::string, std::shared_ptr<const Module>> m_definitions;  // "" = the latest
    std::map<std::string, InstanceId> m_instances;                       // "" = the latest
    std::map<std::string, InstanceId> m_registered;
    uint32_t m_line = 0;
};

Result<std::shared_ptr<const Module>> Script::compile(const Json& c) {
    const auto offset = c.at("offset").get<size_t>(), length = c.at("length").get<size_t>();
    auto bytes = std::make_shared<std::vector<uint8_t>>(
        m_common.blob.begin() + static_cast<ptrdiff_t>(offset),
        m_common.blob.begin() + static_cast<ptrdiff_t>(offset + length));
    auto module = TRY(decodeModule(bytes, c.value("filename", "module")));
    TRY(validateModule(*module));
    return std::shared_ptr<const Module>(module);
}

Result<InstanceId> Script::instantiate(std::shared_ptr<const Module> module, Trap& trap) {
    const auto resolve = [&](const Import& import, const Module&) -> Result<Extern> {
        if (import.module == "spectest")
            if (const auto extra = m_common.hostExtras.find(import.name); extra != m_common.hostExtras.end())
                return extra->second;
        const auto at = m_registered.find(import.module);
        if (at != m_registered.end())
            if (const auto found = m_store.instance(at->second).exported(import.name)) return *found;
        return Error{ErrorCode::Unlinkable, "unknown import"};
    };
    const InstanceId id = TRY(m_store.instantiate(module, resolve, &trap));
    if (m_drive == Drive::BreakEverywhere) breakEverywhere(*m_machine, id);
    if (trap.kind != TrapKind::None || !module->start) return id;
    const Outcome outcome = call(m_store.instance(id).functions[module->start->value], {});
    if (outcome.kind != Outcome::Kind::Values) {
        trap = m_machine->trap();
        if (trap.kind == TrapKind::None) trap = Trap{.kind = TrapKind::Host, .message = outcome.text};
    }
    return id;
}

Result<> Script::define(const Json& c) {
    std::shared_ptr<const Module> module = TRY(compile(c));
    m_definitions[""] = module;
    if (c.contains("name")) m_definitions[c["name"].get<std::string>()] = module;
    return {};
}

Result<> Script::makeInstance(const Json&, const std::string& definition, const std::string& name,
                              Trap& trap) {
    const auto module = m_definitions.find(definition);
    if (module == m_definitions.end()) return Error{ErrorCode::NotFound, "no definition " + definition};
    const InstanceId id = TRY(instantiate(module->second, trap));
    if (trap.kind != TrapKind::None) return {};
    m_instances[""] = id;
    if (!name.empty()) m_instances[name] = id;
    return {};
}

void Script::importHost(const std::string& file) {
    auto bytes = readFile(file);
    if (!bytes) return;
    auto module = decodeModule(*bytes, file);
    if (!module) return;
    Trap trap;
    const auto none = [](const Import&, const Module&) -> Result<Extern> {
        return Error{ErrorCode::NotFound, ""};
    };
    if (auto id = m_store.instantiate(*module, none, &trap)) m_registered["spectest"] = *id;
    TableType table;
    table.limits = {10, 20, true};
    m_common.hostExtras["table64"] = {ExternKind::Table, m_store.addTable(table).value};
    MemoryType memory;
    memory.limits = {1, 2, false};
    memory.shared = true;
    if (auto shared = LinearMemory::create(memory, m_store.limits().maxMemoryBytes))
        m_common.hostExtras["shared_memory"] = {ExternKind::Memory,
                                                m_store.addMemory(std::move(*shared)).value};
}

Outcome Script::call(FuncAddr function, const std::vector<Value>& arguments) {
    m_machine->abandon();
    if (const Result<> started = m_machine->start(function, arguments); !started)
        return {Outcome::Kind::Error, {}, started.error().text()};
    const StopKind stop = m_isThread ? finishInTurns(*m_machine, m_drive, [&] { m_common.turns.pass(); })
                                     : finish(*m_machine, m_drive);
    if (stop == StopKind::Finished) return {Outcome::Kind::Values, m_machine->results(), {}};
    if (stop == StopKind::Trapped) {
        const Trap& trap = m_machine->trap();
        if (trap.kind == TrapKind::UncaughtException) return {Outcome::Kind::Exception, {}, trap.text()};
        return {Outcome::Kind::Trap, {}, trap.text()};
    }
    return {Outcome::Kind::Error, {}, "stopped for another reason"};
}

InstanceId Script::instanceOf(const Json& action) { return m_instances.at(action.value("module", "")); }

Outcome Script::act(const Json& action) {
    const std::string field = bytesOf(action.at("field"));
    const std::string module = action.value("module", "");
    if (!m_instances.count(module)) return {Outcome::Kind::Error, {}, "no instance " + module};
    const std::optional<Extern> found = m_store.instance(instanceOf(action)).exported(field);
    if (!found) return {Outcome::Kind::Error, {}, "no export " + field};
    if (action.at("type") == "get") {
        if (found->kind != ExternKind::Global) return {Outcome::Kind::Error, {}, field + " is no global"};
        const GlobalInstance& global = m_store.global(GlobalAddr(found->address));
        return {Outcome::Kind::Values, {{global.type.type, global.low, global.high}}, {}};
    }
    std::vector<Value> arguments;
    for (const Json& argument : action.at("args"))
        arguments.push_back(valueOf(argument));
    const FunctionInstance& function = m_store.function(FuncAddr(found->address));
    if (function.type->params.size() != arguments.size())
        return {Outcome::Kind::Error, {}, "wrong number of arguments"};
    return call(FuncAddr(found->address), arguments);
}

Value Script::valueOf(const Json& value) {
    const std::string type = value.at("type").get<std::string>();
    if (type == "i32") return Value::i32(static_cast<uint32_t>(numberOf(value.at("value"))));
    if (type == "i64") return Value::i64(numberOf(value.at("value")));
    if (type == "f32") return {kF32, numberOf(value.at("value")), 0};
    if (type == "f64") return {kF64, numberOf(value.at("value")), 0};
    if (type == "v128") {
        Value result{kV128, 0, 0};
        const uint32_t bits = laneBits(value.at("lane_type").get<std::string>());
        uint32_t at = 0;
        for (const Json& lane : value.at("value")) {
            const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
            (at < 64 ? result.low : result.high) |= (numberOf(lane) & mask) << (at % 64);
            at += bits;
        }
        return result;
    }
    const ValType kind = type == "funcref"     ? kFuncRef
                         : type == "exnref"    ? kExnRef
                         : type == "externref" ? kExternRef
                                               : kAnyRef;
    const Json& number = value.at("value");
    return {kind, number == "null" ? 0 : numberOf(number) + 1, 0};
}

bool Script::matchesVector(const Json& expected, const Value& value) {
    const std::string laneType = expected.at("lane_type").get<std::string>();
    const uint32_t bits = laneBits(laneType);
    uint32_t at = 0;
    for (const Json& lane : expected.at("value")) {
        const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
        const uint64_t actual = (at < 64 ? value.low : value.high) >> (at % 64) & mask;
        at += bits;
        const bool nan = lane.is_string() && lane.get<std::string>().starts_with("nan:");
        if (nan ? !isNan(lane, actual, bits) : actual != (numberOf(lane) & mask)) return false;
    }
    return true;
}

bool Script::matches(const Json& expected, const Value& value) {
    const std::string type = expected.at("type").get<std::string>();
    if (type == "either") {
        for (const Json& choice : expected.at("values"))
            if (matches(choice, value)) return true;
        return false;
    }
    if (type == "v128") return value.type == kV128 && matchesVector(expected, value);
    if (type == "refnull") return value.type.isRef() && value.low == 0;
    const bool isNumber = type.size() == 3 && (type[0] == 'i' || type[0] == 'f') && type != "i31";
    if (isNumber) {
        if (toText(value.type) != type) return false;
        const std::string text = expected.at("value").get<std::string>();
        if (text.starts_with("nan:")) return isNan(text, value.low, type == "f32" ? 32 : 64);
        return value.low == numberOf(expected.at("value"));
    }
    if (!value.type.isRef()) return false;
    if (!expected.contains("value")) return isSome(type, value.low);
    if (expected["value"] == "null") return value.low == 0;
    return value.low == numberOf(expected["value"]) + 1;
}

void Script::assertion(const Json& c, const std::string& type) {
    if (c.value("module_type", "binary") == "text") return skip();
    if (type == "assert_malformed_custom" || type == "assert_invalid_custom") return skip();
    if (type == "assert_invalid" || type == "assert_malformed") {
        const std::string text = c.value("text", "");
        const bool isValidNow = text == "multiple tables" || text == "multiple memories";  // since 3.0
        const auto module = compile(c);
        if (module.ok() == isValidNow) return pass();
        return fail(type +
                    (module ? ": accepted, should be \"" + text + "\"" : ": " + module.error().text()));
    }
    if (type == "assert_unlinkable" || type == "assert_uninstantiable") {
        const auto module = compile(c);
        if (!module) return fail(type + ": " + module.error().text());
        Trap trap;
        const auto instance = instantiate(*module, trap);
        if (type == "assert_unlinkable") {
            if (instance || instance.error().code != ErrorCode::Unlinkable)
                return fail(type + ": it was linked");
        } else if (!instance) {
            return fail(type + ": " + instance.error().text());
        } else if (trap.kind == TrapKind::None) {
            return fail(type + ": no trap");
        }
        return pass();
    }
    const Outcome outcome = act(c.at("action"));
    if (type == "assert_return") {
        if (outcome.kind != Outcome::Kind::Values) return fail("assert_return: " + outcome.text);
        const Json& expected = c.at("expected");
        bool same = expected.size() == outcome.values.size();
        for (size_t i = 0; same && i < expected.size(); ++i)
            same = matches(expected[i], outcome.values[i]);
        if (same) return pass();
        std::string got;
        for (const Value& value : outcome.values)
            got += " " + toText(value.type) + ":" + toText(value);
        return fail("assert_return: expected " + expected.dump() + ", got" + got);
    }
    const std::string text = c.value("text", "");
    if (type == "assert_trap" || type == "assert_exhaustion") {
        const bool same = outcome.kind == Outcome::Kind::Trap &&
                          (outcome.text.starts_with(text) ||
                           text.starts_with(outcome.text.substr(0, outcome.text.find(':'))));
        return same ? pass() : fail(type + ": expected \"" + text + "\", got \"" + outcome.text + "\"");
    }
    if (type == "assert_exception")
        return outcome.kind == Outcome::Kind::Exception ? pass() : fail("assert_exception: " + outcome.text);
    fail("unknown command " + type);
}

void Script::command(const Json& c) {
    m_line = c.value("line", 0u);
    const std::string type = c.at("type").get<std::string>();
    if (type.starts_with("assert_")) return assertion(c, type);
    if (type == "thread") return startThread(c);
    if (type == "wait") return join(c.at("thread").get<std::string>());
    if (type == "register") {
        m_registered[bytesOf(c.at("as"))] = m_instances.at(c.value("name", ""));
        return;
    }
    if (type == "action") {
        const Outcome outcome = act(c.at("action"));
        if (outcome.kind != Outcome::Kind::Values) fail("action: " + outcome.text);
        return;
    }
    if (c.value("module_type", "binary") == "text") return;
    Trap trap;
    Result<> done;
    if (type == "module_instance") {
        done = makeInstance(c, c.value("module", ""), c.value("instance", ""), trap);
    } else {
        done = define(c);
        if (done && type == "module") done = makeInstance(c, "", c.value("name", ""), trap);
    }
    if (!done)
        fail(type + ": " + done.error().text());
    else if (trap.kind != TrapKind::None)
        fail(type + ": " + trap.text());
}

void Script::commands(const Json& list) {
    for (const Json& c : list) {
        try {
            command(c);
        } catch (const std::exception& e) {
            fail(std::string("the runner: ") + e.what());
        }
    }
}

void Script::startThread(const Json& c) {
    const std::string name = c.at("name").get<std::string>();
    auto machine = Machine::create(m_store);
    if (!machine || m_threads.count(name)) return fail("the thread cannot be started");
    auto thread = std::make_unique<Script>(m_common, m_file, m_drive);
    thread->m_isThread = true;
    thread->m_machine = std::move(*machine);
    thread->m_registered["spectest"] = m_registered["spectest"];
    const std::string shared = c.value("shared_module", "");
    if (m_instances.count(shared)) thread->m_instances[shared] = m_instances[shared];
    Turns& turns = m_common.turns;
    thread->m_machine->setWait([&turns](std::optional<uint64_t>, const std::string&) {
        turns.pass();
        return true;
    });
    ++m_common.threads;
    m_threads.emplace(name,
                      std::thread([&turns, list = c.at("commands"), script = std::move(thread)]() mutable {
                          turns.begin();
                          script->commands(list);
                          script.reset();
                          turns.end();
                      }));
}

void Script::join(const std::string& name) {
    const auto thread = m_threads.find(name);
    if (thread == m_threads.end()) return fail("there is no thread " + name);
    m_common.turns.end();
    thread->second.join();
    m_common.turns.begin();
    m_threads.erase(thread);
}

bool Script::run(const std::string& hostModule) {
    std::ifstream stream(m_file);
    const Json script = Json::parse(stream, nullptr, false);
    if (script.is_discarded()) return false;
    const std::string blob = m_file.substr(0, m_file.rfind('/') + 1) + script.value("blob", "");
    if (const auto bytes = readFile(blob)) m_common.blob = **bytes;
    auto machine = Machine::create(m_store);
    if (!machine) return false;
    m_machine = std::move(*machine);
    importHost(hostModule);
    m_common.turns.begin();
    commands(script.at("commands"));
    joinAll();
    m_common.turns.end();
    return true;
}

/// spectest.wasm stands beside the folder of the scripts, or one above that.
std::string findHostModule(const std::string& file) {
    std::string folder = file;
    for (int up = 0; up < 4; ++up) {
        const size_t slash = folder.rfind('/');
        folder = slash == std::string::npos ? "." : folder.substr(0, slash);
        const std::string candidate = folder + "/spectest.wasm";
        if (std::ifstream(candidate)) return candidate;
    }
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<Drive> drives;
    const auto files = parse(
        argc, argv, "wast_runner [--tier interp|jit|auto|break-everywhere|gc-stress] FILE.json...", drives);
    Counts total;
    for (const std::string& file : files) {
        Counts worst;
        for (Drive drive : drives) {
            Common common;
            prepare(common.store, drive);
            Counts& counts = common.counts;
            if (!Script(common, file, drive).run(findHostModule(file))) {
                std::printf("%s: cannot be read\n", file.c_str());
                counts.failed = 1;
            }
            for (const auto& [line, why] : common.failures)
                std::printf("%s:%u: %s\n", file.c_str(), line, why.c_str());
            if (common.threads) std::printf("%s: %u threads ran in turns\n", file.c_str(), common.threads);
            if (counts.failed > worst.failed || drive == drives[0]) worst = counts;
        }
        std::printf("%s: %u passed, %u failed, %u skipped\n", file.c_str(), worst.passed, worst.failed,
                    worst.skipped);
        total.passed += worst.passed;
        total.failed += worst.failed;
        total.skipped += worst.skipped;
    }
    std::printf("%u passed, %u failed, %u skipped\n", total.passed, total.failed, total.skipped);
    return total.failed == 0 ? 0 : 1;
}
