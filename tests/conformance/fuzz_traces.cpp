// fuzz_traces [--tier TIER] FILE.wasm…: runs generated modules as fuzz_trace.mjs of the suites does (every export in order, fixed
// arguments, one instance) and compares the trace with FILE.trace. The last line counts modules. Ends with 0 if all agree.
#include <cmath>
#include <cstring>
#include <fstream>

#include "engine/gc_heap.h"
#include "engine/subtyping.h"
#include "tests/conformance/driving.h"

using namespace engine;
using namespace conformance;

namespace {

bool isNan(ValType type, uint64_t bits) {
    if (type == kF32) return (bits & 0x7fffffff) > 0x7f800000;
    return type == kF64 && (bits & 0x7fffffffffffffff) > 0x7ff0000000000000;
}

bool isExn(ValType type) {
    return type.isRef() && type.heap().isAbstract() &&
           (type.heap().abstract() == AbstractHeap::Exn || type.heap().abstract() == AbstractHeap::NoExn);
}

Value argumentFor(ValType type) {
    switch (type.kind()) {
    case ValKind::I32: return Value::i32(1);
    case ValKind::I64: return Value::i64(2);
    case ValKind::F32: return Value::f32(3.5f);
    case ValKind::F64: return Value::f64(-1.25);
    default: return {type, 0, 0};
    }
}

class Trace {
public:
    Trace(const std::string& file, Drive drive) : m_file(file), m_drive(drive) { prepare(m_store, drive); }
    Result<std::vector<std::string>> run();

private:
    Result<Extern> resolve(const Import& import, const Module& module);
    void log(std::span<const Slot> slots);
    void callExport(const std::string& name, const FunctionInstance& function, FuncAddr address);
    bool isCalled(const FuncType& type) const;

    std::string m_file;
    Drive m_drive;
    Store m_store;
    std::unique_ptr<Machine> m_machine;
    std::optional<InstanceId> m_support;
    std::vector<std::string> m_lines;
};

void Trace::log(std::span<const Slot> slots) {
    const auto kind = static_cast<uint32_t>(slots[0]);
    const ValType type = kind == 2 ? kF32 : kind == 3 ? kF64 : kI64;
    const std::string head = "log " + std::to_string(kind) + " ";
    if (isNan(type, slots[1]))
        m_lines.push_back(head + "nan");
    else
        m_lines.push_back(head + std::to_string(slots[1]) + " " + std::to_string(slots[2]));
}

Result<Extern> Trace::resolve(const Import& import, const Module& module) {
    if (import.module == "fuzzing-support" && m_support)
        if (const auto found = m_store.instance(*m_support).exported(import.name)) return *found;
    if (import.module == "host" && import.name == "log") {
        const FuncAddr address =
            m_store.addHostFunction(module.typeOf(FuncIdx(import.index)), "host.log", [this](HostCall& call) {
                log(call.slots);
                return HostOutcome::done();
            });
        return Extern{ExternKind::Func, address.value};
    }
    if (import.module == "__fuzz_import" && import.kind == ExternKind::Global) {
        const GlobalType type = module.globals[import.index].type;
        return Extern{ExternKind::Global, m_store.addGlobal(type, {type.type, 7, 0}).value};
    }
    return Error{ErrorCode::NotFound, "unknown import"};
}

bool Trace::isCalled(const FuncType& type) const {
    for (ValType t : type.params)
        if (t == kV128 || (t.isRef() && (!t.nullable() || isExn(t)))) return false;
    for (ValType t : type.results)
        if (t == kV128 || isExn(t)) return false;
    return true;
}

void Trace::callExport(const std::string& name, const FunctionInstance& function, FuncAddr address) {
    if (!isCalled(*function.type)) return m_lines.push_back("skip " + name);
    std::vector<Value> arguments;
    for (ValType t : function.type->params)
        arguments.push_back(argumentFor(t));
    m_machine->abandon();
    if (const auto started = m_machine->start(address, arguments); !started)
        return m_lines.push_back("error " + started.error().text());
    if (finish(*m_machine, m_drive) != StopKind::Finished) {
        const bool exception = m_machine->trap().kind == TrapKind::UncaughtException;
        return m_lines.push_back((exception ? "exn "
                                  : m_machine->trap().kind == TrapKind::Host
                                      ? m_machine->trap().message + ": "
                                      : "trap ") +
                                 name);
    }
    std::string line = "call " + name + " =";
    for (const Value& value : m_machine->results()) {
        if (value.type.isRef())
            line += value.low == 0 ? " ref:null" : " ref:set";
        else
            line += " " + toText(value.type) + ":" +
                    (isNan(value.type, value.low) ? "nan" : std::to_string(value.low));
    }
    m_lines.push_back(line);
}

Result<std::vector<std::string>> Trace::run() {
    m_machine = TRY(Machine::create(m_store));
    const auto resolver = [this](const Import& import, const Module& module) {
        return resolve(import, module);
    };
    const std::string folder = m_file.substr(0, m_file.rfind('/') + 1);
    const auto module = TRY(loadModule(m_file));
    bool basic = true;
    for (const Import& import : module->imports) {
        const bool isBasic = import.name == "log-i32" || import.name == "log-i64" ||
                             import.name == "log-f32" || import.name == "log-f64";
        if (import.module == "fuzzing-support" && !isBasic) basic = false;
    }
    Trap trap;
    const auto support = TRY(loadModule(folder + (basic ? "fuzz_support_basic.wasm" : "fuzz_support.wasm")));
    m_support = TRY(m_store.instantiate(support, resolver, &trap));
    const InstanceId id = TRY(m_store.instantiate(module, resolver, &trap));
    if (m_drive == Drive::BreakEverywhere) breakEverywhere(*m_machine, id);
    if (trap.kind == TrapKind::None && module->start) {
        TRY(m_machine->start(m_store.instance(id).functions[module->start->value], {}));
        if (finish(*m_machine, m_drive) != StopKind::Finished) trap.kind = TrapKind::Unreachable;
    }
    if (trap.kind != TrapKind::None) {
        m_lines.push_back("trap (start)");
        return std::move(m_lines);
    }
    for (const Export& e : module->exports) {
        if (e.kind != ExternKind::Func) continue;
        const FuncAddr address = m_store.instance(id).functions[e.index];
        callExport(e.name, m_store.function(address), address);
    }
    return std::move(m_lines);
}

/// Empty if the module behaves as its trace says.
std::string difference(const std::string& file, Drive drive) {
    const auto lines = Trace(file, drive).run();
    if (!lines) return lines.error().text();
    std::ifstream expected(file.substr(0, file.rfind('.')) + ".trace");
    if (!expected) return "there is no trace";
    size_t at = 0;
    for (std::string line; std::getline(expected, line); ++at) {
        if (at >= lines->size()) return "the trace goes on with \"" + line + "\"";
        if ((*lines)[at] != line)
            return "line " + std::to_string(at + 1) + ": expected \"" + line + "\", got \"" + (*lines)[at] +
                   "\"";
    }
    return at < lines->size() ? "more lines than the trace: \"" + (*lines)[at] + "\"" : "";
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<Drive> drives;
    const auto files =
        parse(argc, argv, "fuzz_traces [--tier interp|jit|auto|break-everywhere] FILE.wasm...", drives);
    uint32_t passed = 0, failed = 0;
    for (const std::string& file : files) {
        std::string problem;
        for (Drive drive : drives)
            if (problem.empty()) problem = difference(file, drive);
        if (!problem.empty()) std::printf("%s: %s\n", file.c_str(), problem.c_str());
        ++(problem.empty() ? passed : failed);
    }
    std::printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
