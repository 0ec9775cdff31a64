#include "tests/ui/fake_transport.h"

#include <algorithm>

namespace testing_ui {

using namespace debugger;

const char* const kFakeSource = R"(#include <stdio.h>

struct Point {
    int x, y;
};

static int sum(const int* values, int count) {
    int total = 0;
    for (int i = 0; i < count; i++) {
        total += values[i];
    }
    return total;
}

int main(int argc, char** argv) {
    int numbers[4] = {1, 2, 3, 4};
    struct Point p = {3, -7};
    const char* name = "wasiscope";
    int result = sum(numbers, 4);
    printf("%s %d %d\n", name, result, p.x);
    return 0;
}
)";

namespace {

Location at(std::string function, uint32_t index, uint32_t offset, uint32_t line) {
    return {.function = index,
            .offset = offset,
            .functionName = std::move(function),
            .file = "demo.c",
            .line = line,
            .column = 5};
}

VariableNode node(std::string name, std::string type, std::string value, std::string group) {
    VariableNode n;
    n.path = n.name = std::move(name);
    n.type = std::move(type);
    n.value = std::move(value);
    n.group = std::move(group);
    n.editable = true;
    n.byteSize = 4;
    n.placeText = "memory 0x10f20";
    n.address = 0x10f20;
    return n;
}

std::vector<VariableNode> variables(Generation generation) {
    std::vector<VariableNode> rows = {node("argc", "int", "1", "Parameters"),
                                      node("argv", "char **", "0x10ff0", "Parameters"),
                                      node("numbers", "int [4]", "{1, 2, 3, 4}", "Locals"),
                                      node("p", "struct Point", "{x = 3, y = -7}", "Locals"),
                                      node("name", "const char *", "0x1040 \"wasiscope\"", "Locals"),
                                      node("result", "int", std::to_string(generation * 10), "Locals"),
                                      node("lost", "int", "optimized out", "Locals")};
    rows[2].handle = generation * 100 + 1;
    rows[2].childCount = 4;
    rows[2].editable = false;
    rows[3].handle = generation * 100 + 2;
    rows[3].childCount = 2;
    rows[3].editable = false;
    rows[5].changed = generation > 1;
    rows[6].available = rows[6].editable = false;
    return rows;
}

std::vector<VariableNode> children(const GetChildren& request) {
    std::vector<VariableNode> rows;
    if (request.handle % 100 == 1) {
        for (int i = 0; i < 4; ++i) {
            rows.push_back(node("[" + std::to_string(i) + "]", "int", std::to_string(i + 1), ""));
            rows.back().path = "numbers[" + std::to_string(i) + "]";
        }
    } else {
        rows = {node("x", "int", "3", ""), node("y", "int", "-7", "")};
        rows[0].path = "p.x";
        rows[1].path = "p.y";
    }
    return rows;
}

std::vector<DisassemblyRow> disassembly() {
    const auto row = [](uint32_t offset, uint32_t depth, std::string text, uint32_t line = 0) {
        return DisassemblyRow{.offset = offset,
                              .size = 2,
                              .depth = depth,
                              .text = std::move(text),
                              .bytes = "41 00",
                              .file = line ? "demo.c" : "",
                              .line = line,
                              .isCurrent = offset == 0x210};
    };
    return {row(0x200, 0, "global.get $__stack_pointer", 15),
            row(0x206, 0, "i32.const 64"),
            row(0x208, 0, "i32.sub"),
            row(0x209, 0, "local.tee 2"),
            row(0x20b, 0, "i32.const 1", 16),
            row(0x210, 0, "i32.store offset=16", 16),
            row(0x214, 0, "loop", 19),
            row(0x216, 1, "call $sum"),
            row(0x21a, 1, "br_if 0"),
            row(0x21c, 0, "end"),
            row(0x21d, 0, "i32.const 0", 21),
            row(0x21f, 0, "return"),
            row(0x220, 0, "end")};
}

CallRow call(uint64_t sequence) {
    CallRow row;
    row.sequence = sequence;
    row.name = sequence % 3 == 0 ? "path_open" : sequence % 3 == 1 ? "fd_write" : "clock_time_get";
    row.family = sequence % 3 == 2 ? "clocks" : "files";
    row.arguments = "fd=1 iovs=[13 bytes]";
    row.failed = sequence % 5 == 4;
    row.errnoName = row.failed ? "ENOENT" : "ESUCCESS";
    row.result = row.failed ? "ENOENT" : "ESUCCESS nwritten=13";
    row.startNs = static_cast<int64_t>(sequence) * 1000000;
    row.durationNs = 12300;
    row.bytes = 13;
    row.caller = at("main", 4, 0x216, 19);
    return row;
}

CallSlice calls(const GetCalls& request) {
    constexpr uint64_t kTotal = 1000;
    std::vector<CallRow> matching;
    for (uint64_t i = 0; i < kTotal; ++i) {
        CallRow row = call(i);
        if (request.filter.empty() ||
            (row.name + row.arguments + row.result).find(request.filter) != std::string::npos)
            matching.push_back(std::move(row));
    }
    CallSlice slice{.total = kTotal, .matching = matching.size(), .first = request.first, .rows = {}};
    for (uint64_t i = request.first; i < std::min<uint64_t>(request.first + request.count, matching.size());
         ++i)
        slice.rows.push_back(matching[i]);
    return slice;
}

MemoryBytes memory(const ReadMemory& request) {
    constexpr uint64_t kMemory = 2 * 65536;
    MemoryBytes bytes{
        .address = request.address, .bytes = {}, .memoryBytes = kMemory, .changed = {{0x1042, 2}}};
    for (uint64_t i = request.address; i < std::min(request.address + request.length, kMemory); ++i)
        bytes.bytes.push_back(
            static_cast<char>(i >= 0x1040 && i < 0x1049 ? "wasiscope"[i - 0x1040] : i & 0xff));
    return bytes;
}

ModuleSummary module() {
    return {.path = "/programs/demo.wasm",
            .name = "demo.wasm",
            .bytes = 12345,
            .features = {"bulk-memory"},
            .debugInfo = "DWARF 4, 1 unit, C11",
            .problems = {},
            .entry = "_start",
            .mainSource = "demo.c"};
}

std::vector<ModuleEntry> moduleEntries(const GetModuleEntries& request) {
    std::vector<ModuleEntry> rows;
    for (uint32_t i = 0; i < 5; ++i)
        rows.push_back(
            {request.kind, i, request.kind + std::to_string(i), "[i32] -> [i32]", "", 0x100 + i * 16, 16});
    return rows;
}

}  // namespace

void FakeTransport::send(Request request, ReplyBox reply) {
    requests.push_back(request);
    auto deliver = [this, request = std::move(request), reply = std::move(reply)] {
        reply(answerTo(request));
    };
    if (holdReplies)
        m_held.push_back(std::move(deliver));
    else
        deliver();
}

void FakeTransport::release() {
    holdReplies = false;
    for (auto& deliver : std::exchange(m_held, {}))
        deliver();
}

void FakeTransport::load() {
    m_listener(StateChanged{SessionState::Loading, {}});
    m_listener(ModuleLoaded{module()});
    m_listener(StateChanged{SessionState::Ready, {}});
}

void FakeTransport::stopAt(uint32_t stopLine, StopReason reason) {
    line = stopLine;
    ++generation;
    m_listener(StateChanged{SessionState::Stopped, {}});
    m_listener(Stopped{std::any_cast<StopInfo>(answerTo(GetStop{}).value())});
    if (reason == StopReason::Trap) m_listener(LogMessage{"trap", 0});
}

void FakeTransport::run() { m_listener(StateChanged{SessionState::Running, {}}); }

void FakeTransport::exit(int64_t code) {
    m_listener(StateChanged{SessionState::Exited, {}});
    m_listener(Exited{code, "exit status " + std::to_string(code)});
}

engine::Result<std::any> FakeTransport::answerTo(const Request& request) {
    return std::visit(
        [&](const auto& r) -> engine::Result<std::any> {
            using R = std::decay_t<decltype(r)>;
            using Reply = typename R::Reply;
            if (const auto found = m_answers.find(typeid(R)); found != m_answers.end())
                return found->second(request);
            if constexpr (std::is_same_v<R, AddBreakpoint> || std::is_same_v<R, ChangeBreakpoint>) {
                BreakpointInfo info{.id = static_cast<BreakpointId>(m_breakpoints.size() + 1),
                                    .spec = r.spec,
                                    .resolved = true,
                                    .locations = {at("main", 4, 0x210, r.spec.line)},
                                    .message = {},
                                    .hits = 0};
                if constexpr (std::is_same_v<R, ChangeBreakpoint>) info.id = r.id;
                m_breakpoints[info.id] = info;
                return std::any(info);
            } else if constexpr (std::is_same_v<R, RemoveBreakpoint>) {
                m_breakpoints.erase(r.id);
                return std::any(Done{});
            } else if constexpr (std::is_same_v<R, ListBreakpoints>) {
                std::vector<BreakpointInfo> all;
                for (const auto& [id, info] : m_breakpoints)
                    all.push_back(info);
                return std::any(all);
            } else if constexpr (std::is_same_v<R, GetStop>) {
                return std::any(StopInfo{.reason = StopReason::Breakpoint,
                                         .generation = generation,
                                         .location = at("main", 4, 0x210, line),
                                         .breakpoints = {1},
                                         .text = "breakpoint 1 at demo.c:" + std::to_string(line),
                                         .trapText = {},
                                         .returned = {}});
            } else if constexpr (std::is_same_v<R, GetFrames>) {
                return std::any(std::vector<StackFrame>{
                    {0, 0, 0, false, at("main", 4, 0x210, line)},
                    {1, 1, 0, true, at("__main_void", 6, 0x300, 21)},
                    {2,
                     1,
                     1,
                     false,
                     {.function = 7, .offset = 0x340, .functionName = "_start", .file = {}}}});
            } else if constexpr (std::is_same_v<R, GetVariables>) {
                return std::any(variables(generation));
            } else if constexpr (std::is_same_v<R, GetChildren>) {
                return std::any(children(r));
            } else if constexpr (std::is_same_v<R, Evaluate>) {
                if (r.expression == "nonsense")
                    return engine::Error{engine::ErrorCode::NotFound, "no variable 'nonsense' here"};
                return std::any(node(r.expression, "int", "42", ""));
            } else if constexpr (std::is_same_v<R, Assign>) {
                return std::any(node(r.left, "int", r.right, ""));
            } else if constexpr (std::is_same_v<R, Disassemble>) {
                std::vector<DisassemblyRow> rows = disassembly();
                if (r.machine && !hasCompiler)
                    return engine::Error{engine::ErrorCode::State, "there is no machine code"};
                if (r.machine) rows[1].machine = {{0x1f, "31 c0", "xor eax, eax", "local 0"}};
                return std::any(rows);
            } else if constexpr (std::is_same_v<R, GetSource>) {
                if (r.path != "demo.c")
                    return engine::Error{engine::ErrorCode::Io, "no such file; tried /programs/" + r.path};
                return std::any(SourceText{.path = r.path,
                                           .resolvedPath = "/programs/demo.c",
                                           .text = kFakeSource,
                                           .warning = {},
                                           .linesWithCode = {7, 8, 9, 10, 12, 15, 16, 17, 18, 19, 20, 21}});
            } else if constexpr (std::is_same_v<R, GetSources>) {
                return std::any(std::vector<SourceFileInfo>{{"demo.c", "/programs/demo.c"}});
            } else if constexpr (std::is_same_v<R, GetModule>) {
                return std::any(module());
            } else if constexpr (std::is_same_v<R, GetModuleEntries>) {
                return std::any(moduleEntries(r));
            } else if constexpr (std::is_same_v<R, GetCalls>) {
                return std::any(calls(r));
            } else if constexpr (std::is_same_v<R, GetCall>) {
                CallDetail detail;
                detail.row = call(r.sequence);
                detail.summary = "Writes bytes to an open file.";
                detail.arguments = {{"fd", "fd", "1", {}, 0, 0}};
                detail.accesses = {{0x1040, false, 9, "wasiscope"}};
                detail.backtrace = {at("main", 4, 0x216, 19)};
                return std::any(detail);
            } else if constexpr (std::is_same_v<R, ReadMemory>) {
                return std::any(memory(r));
            } else if constexpr (std::is_same_v<R, GetMemories>) {
                return std::any(std::vector<MemoryInfo>{{0, "memory", 2 * 65536, 2, std::nullopt}});
            } else if constexpr (std::is_same_v<R, GetOperandStack>) {
                OperandStack stack;
                stack.operands = {{0, "", "i32", "69392", "0x10f10", false},
                                  {1, "", "i32", "1", "0x1", true}};
                stack.nextText = "i32.store offset=16";
                stack.nextSignature = "[i32 i32] -> []";
                stack.takes = 2;
                stack.labels = {"function"};
                return std::any(stack);
            } else if constexpr (std::is_same_v<R, GetWasmLocals>) {
                return std::any(std::vector<WasmValue>{{0, "$argc", "i32", "1", "0x1", false},
                                                       {1, "$argv", "i32", "69616", "0x10ff0", true}});
            } else if constexpr (std::is_same_v<R, GetOpenFiles>) {
                return std::any(std::vector<OpenFileRow>{
                    {0, "stdin", "", "", "read", 0, 0, 0, false},
                    {3, "directory", "/data", "/programs/data", "all", 0, 0, 0, true}});
            } else if constexpr (std::is_same_v<R, GetOutput>) {
                return std::any(OutputSlice{0, 14, {{1, 0, 1, "hello\n"}, {2, 6, 4, "warning\n"}}});
            } else {
                return std::any(Reply{});
            }
        },
        request);
}

}  // namespace testing_ui
