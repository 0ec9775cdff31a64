// What another debugger saw while it stepped through C programs, and programs by today's compilers: the suites' debug/ and samples/ folders.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/debugger/session_support.h"

namespace debugger_test {
namespace {

using Json = nlohmann::json;

/// As the golden files write it: {"t": type, "v": number, "NaN", "123n" …}.
bool same(const Json& expected, const WasmValue& value) {
    if (expected.at("t") != value.type) return false;
    const Json& v = expected.at("v");
    const uint64_t bits = std::stoull(value.hex, nullptr, 16);
    if (value.type == "i32") return v.is_number() && v.get<int64_t>() == static_cast<int32_t>(bits);
    if (value.type == "i64") return v == std::to_string(static_cast<int64_t>(bits)) + "n";
    float narrow = 0;
    double number = 0;
    std::memcpy(&narrow, &bits, sizeof narrow);
    std::memcpy(&number, &bits, sizeof number);
    if (value.type == "f32") number = static_cast<double>(narrow);
    if (v == "NaN") return std::isnan(number);
    if (v == "-0") return number == 0 && std::signbit(number);
    return v.is_number() && v.get<double>() == number;
}

class SessionGolden : public SessionTest, public testing::WithParamInterface<const char*> {
protected:
    /// Empty if the program stands as the golden stop says, else what differs.
    std::string difference(const Json& stop) {
        const auto frames = client().call(GetFrames{});
        if (!frames.ok()) return frames.error().message;
        // The other debugger knows no inlined frames.
        std::vector<StackFrame> activations;
        for (const StackFrame& frame : *frames) {
            if (!frame.isInlined) activations.push_back(frame);
        }
        const Json& expected = stop.at("frames");
        if (expected.size() != activations.size())
            return "expected " + std::to_string(expected.size()) + " frames, there are " +
                   std::to_string(activations.size());
        for (size_t i = 0; i < expected.size(); i++) {
            const std::string where = "frame " + std::to_string(i) + ": ";
            if (expected[i].at("at") != activations[i].location.offset) {
                return where + "expected offset " + expected[i].at("at").dump() + ", is " +
                       std::to_string(activations[i].location.offset);
            }
            const auto locals = client().call(GetWasmLocals{activations[i].index});
            const auto stack = client().call(GetOperandStack{activations[i].index});
            if (!locals.ok() || !stack.ok()) return where + "cannot be looked at";
            const Json& wanted = expected[i].at("locals");
            const bool unknown = i == 0 && stop.at("why") == "trap" && wanted.empty();
            if (!unknown && wanted.size() != locals->size()) return where + "another number of locals";
            for (size_t k = 0; !unknown && k < wanted.size(); k++) {
                if (!same(wanted[k][1], locals->at(k))) {
                    return where + "local " + std::to_string(k) + ": expected " + wanted[k].dump() + ", is " +
                           locals->at(k).value;
                }
            }
            const Json& operands = expected[i].at("stack");
            if (unknown) continue;
            if (operands.size() != stack->operands.size())
                return where + "expected operands " + operands.dump() + ", there are " +
                       std::to_string(stack->operands.size());
            for (size_t k = 0; k < operands.size(); k++) {
                if (!same(operands[k], stack->operands[k]))
                    return where + "operand " + std::to_string(k) + ": expected " + operands[k].dump();
            }
        }
        return {};
    }
    uint8_t opcodeAt(const std::string& path, uint32_t offset) {
        std::ifstream file(path, std::ios::binary);
        file.seekg(offset);
        return static_cast<uint8_t>(file.get());
    }
};

TEST_P(SessionGolden, StepsAgree) {
    const std::string path = suiteFile(std::string("debug/dwarf/") + GetParam() + ".wasm");
    const std::string golden = suiteFile(std::string("debug/golden/") + GetParam() + ".steps.jsonl");
    if (path.empty() || golden.empty()) GTEST_SKIP() << "the conformance suites are not here";
    load(path);
    Outcome at;
    size_t agreed = 0;
    std::ifstream file(golden);
    for (std::string line; std::getline(file, line);) {
        const Json stop = Json::parse(line, nullptr, false);
        if (stop.is_discarded() || !stop.is_object()) continue;  // what the program wrote
        if (stop.contains("actual")) {
            BreakpointSpec spec;
            spec.kind = BreakpointSpec::Kind::Offset;
            spec.offset = stop.at("actual");
            ASSERT_TRUE(add(spec).resolved);
            at = run(Start{});
            continue;
        }
        if (!stop.contains("at")) continue;
        // It does not stop at block, loop, else and some end.
        while (at.stop && at.stop->location.offset != stop.at("at")) {
            const uint8_t opcode = opcodeAt(path, at.stop->location.offset);
            const bool mayBeMissing = opcode == 0x02 || opcode == 0x03 || opcode == 0x05 || opcode == 0x0b;
            if (!mayBeMissing && stop.at("why") != "trap") break;
            at = run(Step{StepKind::Instruction});
        }
        ASSERT_TRUE(at.stop) << "ended before stop " << agreed;
        ASSERT_EQ(difference(stop), "")
            << "at " << at.stop->location.offset << ", stop " << agreed << ", expected " << stop.at("at");
        agreed++;
        if (at.reason() != StopReason::Trap) at = run(Step{StepKind::Instruction});
    }
    EXPECT_GT(agreed, 200u);
}

INSTANTIATE_TEST_SUITE_P(Programs, SessionGolden,
                         testing::Values("prog1-c14-O0", "prog1-c22-O0", "crash-c14-O0"),
                         [](const auto& info) {
                             std::string name = info.param;
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

class SessionSamples : public SessionTest {};

TEST_F(SessionSamples, StopAtMainWithTheirSourceLines) {
    const std::string any = suiteFile("samples/README.md");
    if (any.empty()) GTEST_SKIP() << "the conformance suites are not here";
    int modules = 0, withLines = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(any).parent_path())) {
        const std::string path = entry.path().string();
        if (!path.ends_with(".wasm") || path.ends_with(".component.wasm")) continue;
        SCOPED_TRACE(path);
        const auto module = client().call(Load{options(path)});
        if (!module.ok()) {
            // Newer proposals are refused by name.
            EXPECT_TRUE(module.error().code == engine::ErrorCode::Unsupported ||
                        path.ends_with(".debug.wasm"))
                << module.error().text();
            continue;
        }
        Start request;
        request.stopAtEntry = true;
        forgetEvents();
        const auto started = client().call(request);
        if (!started.ok()) {
            EXPECT_FALSE(started.error().message.empty());
            std::cout << entry.path().filename() << ": " << started.error().message.substr(0, 200) << "\n";
            continue;
        }
        const Outcome at = waitForStop();
        ASSERT_TRUE(at.stop);
        EXPECT_EQ(at.reason(), StopReason::Entry) << at.stop->text;
        modules++;
        withLines += at.line() != 0;
        if (module->debugInfo.starts_with("DWARF")) {
            EXPECT_NE(at.line(), 0u);
        }
        std::cout << entry.path().filename().string() << ": " << module->debugInfo << "; " << at.stop->text
                  << "\n";
    }
    EXPECT_GT(modules, 10);
    EXPECT_GT(withLines, 5);
}

}  // namespace
}  // namespace debugger_test
