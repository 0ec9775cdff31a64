// stepping_golden FOLDER: single-steps wat/{arith,control,calls,mem}.wasm of the suites' debug folder and compares every stop with what
// another debugger saw (golden/*.jsonl): offset, locals, operand stack, frames. Ends with 0 if all agree.
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/conformance/driving.h"

using namespace engine;
using namespace conformance;
using Json = nlohmann::json;

namespace {

/// As the golden files write it: {"t": type, "v": number, "NaN", "123n" …}.
bool same(const Json& expected, const Value& value) {
    if (expected.at("t") != toText(value.type)) return false;
    const Json& v = expected.at("v");
    switch (value.type.kind()) {
    case ValKind::I32: return v.is_number() && v.get<int64_t>() == static_cast<int32_t>(value.low);
    case ValKind::I64: return v == std::to_string(static_cast<int64_t>(value.low)) + "n";
    case ValKind::F32:
    case ValKind::F64: {
        float narrow = 0;
        double number = 0;
        std::memcpy(&narrow, &value.low, sizeof(narrow));
        std::memcpy(&number, &value.low, sizeof(number));
        if (value.type == kF32) number = narrow;
        if (v == "NaN") return std::isnan(number);
        if (v == "-0") return number == 0 && std::signbit(number);
        if (v == "Infinity" || v == "-Infinity")
            return std::isinf(number) && (v == "-Infinity") == std::signbit(number);
        return v.is_number() && v.get<double>() == number && !(number == 0 && std::signbit(number));
    }
    default: return false;
    }
}

/// Empty if the machine stands as the golden stop says, else what differs.
std::string difference(const Json& stop, const Machine& machine) {
    const Json& frames = stop.at("frames");
    if (frames.size() != machine.depth())
        return "expected " + std::to_string(frames.size()) + " frames, there are " +
               std::to_string(machine.depth());
    for (uint32_t i = 0; i < machine.depth(); ++i) {
        const std::string where = "frame " + std::to_string(i) + ": ";
        if (frames[i].at("at") != machine.frame(i).location.offset) return where + "another offset";
        const auto locals = machine.locals(i), operands = machine.operands(i);
        if (!locals || !operands) return where + "cannot be inspected";
        const Json& wantedLocals = frames[i].at("locals");
        if (wantedLocals.size() != locals->size()) return where + "another number of locals";
        for (size_t k = 0; k < locals->size(); ++k)
            if (!same(wantedLocals[k][1], (*locals)[k]))
                return where + "local " + std::to_string(k) + ": expected " + wantedLocals[k].dump() +
                       ", is " + toText((*locals)[k]);
        const Json& wantedStack = frames[i].at("stack");
        if (wantedStack.size() != operands->size())
            return where + "expected operands " + wantedStack.dump() + ", there are " +
                   std::to_string(operands->size());
        for (size_t k = 0; k < operands->size(); ++k)
            if (!same(wantedStack[k], (*operands)[k]))
                return where + "operand " + std::to_string(k) + ": expected " + wantedStack[k].dump() +
                       ", is " + toText((*operands)[k]);
    }
    return {};
}

/// The other debugger does not stop at these, or not always.
bool mayBeMissing(const Module& module, uint32_t offset) {
    const uint8_t byte = (*module.bytes)[offset];
    return byte == 0x02 || byte == 0x03 || byte == 0x05 || byte == 0x0b;
}

/// Number of stops that agree. On the first that does not, says why in `problem`.
uint32_t compare(const std::string& folder, const std::string& name, Drive drive, std::string& problem) {
    auto module = loadModule(folder + "/wat/" + name + ".wasm");
    if (!module) return problem = module.error().text(), 0;
    Store store;
    auto machine = Machine::create(store);
    if (!machine) return problem = machine.error().text(), 0;
    Machine& m = **machine;
    Trap trap;
    const auto none = [](const Import&, const Module&) -> Result<Extern> {
        return Error{ErrorCode::NotFound, "no imports"};
    };
    const auto id = store.instantiate(*module, none, &trap);
    if (!id) return problem = id.error().text(), 0;
    if (const auto started = m.start(FuncAddr(store.instance(*id).exported("run")->address), {}); !started)
        return problem = started.error().text(), 0;
    if (drive == Drive::BreakEverywhere) breakEverywhere(m, *id);

    std::ifstream file(folder + "/golden/" + name + ".jsonl");
    uint32_t agreed = 0;
    for (std::string line; std::getline(file, line) && problem.empty();) {
        const Json stop = Json::parse(line);
        if (!stop.contains("at")) {
            if (stop.contains("end")) {
                while (m.running())
                    drive == Drive::Step ? m.step() : m.run();
                const std::string end =
                    m.results().empty() ? "returned" : "returned " + toText(m.results()[0]);
                if (stop["end"] != end) problem = stop["end"].get<std::string>() + ", but here it " + end;
            }
            continue;
        }
        while (m.running() && m.location().offset != stop["at"] &&
               mayBeMissing(**module, m.location().offset))
            drive == Drive::Step ? m.step() : m.run();
        if (!m.running()) return problem = "ended before the stop " + line, agreed;
        problem = difference(stop, m);
        if (!problem.empty())
            problem = "at " + std::to_string(m.location().offset) + ", expected stop " + stop["at"].dump() +
                      ": " + problem;
        else
            ++agreed;
        drive == Drive::Step ? m.step() : m.run();
    }
    if (agreed == 0 && problem.empty()) problem = "nothing to compare with";
    return agreed;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: stepping_golden FOLDER\n");
        return 2;
    }
    int failed = 0;
    for (const char* name : {"arith", "control", "calls", "mem"}) {
        for (const Drive drive : {Drive::Step, Drive::BreakEverywhere}) {
            std::string problem;
            const uint32_t agreed = compare(argv[1], name, drive, problem);
            std::printf("%s, %s: %u stops agree%s%s\n", name,
                        drive == Drive::Step ? "stepping" : "breakpoints", agreed,
                        problem.empty() ? "" : "; then ", problem.c_str());
            failed += !problem.empty();
        }
    }
    return failed ? 1 : 0;
}
