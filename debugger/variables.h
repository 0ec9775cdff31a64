// Variables: rows of Variables and Watches of a stopped program, their handles, and what changed since the last stop. Owned by the
// session; a handle is valid for one stop generation.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "debugger/frames.h"
#include "debugger/protocol.h"
#include "debugger/symbols/value.h"

namespace debugger {

/// What was shown under a key at the last stop at which it was shown, to mark what is different now.
class ChangeMarks {
public:
    /// Remembers the text, and tells whether another one was shown before this stop.
    bool differs(const std::string& key, const std::string& text);
    void nextStop();
    void clear();

private:
    std::unordered_map<std::string, std::string> m_before, m_now;
};

class Variables {
public:
    void attach(Debuggee* debuggee, Places* places, Frames* frames);
    /// The program moved: handles are void.
    void nextStop();
    /// A new run: nothing is "changed" at its first stop.
    void newRun();

    /// Of very many variables the last row stands for the rest, as its children.
    engine::Result<std::vector<VariableNode>> ofFrame(uint32_t frame, bool globals);
    engine::Result<std::vector<VariableNode>> children(uint64_t handle, uint64_t first, uint64_t count);
    engine::Result<VariableNode> evaluate(uint32_t frame, const std::string& expression);
    engine::Result<VariableNode> assign(uint32_t frame, const std::string& left, const std::string& right);
    engine::Result<std::string> typeText(uint32_t frame, const std::string& expression);

    engine::Result<std::vector<WasmValue>> wasmLocals(uint32_t frame);
    engine::Result<std::vector<WasmValue>> operands(uint32_t frame);
    engine::Result<std::vector<WasmValue>> wasmGlobals();

private:
    struct Handle {
        SourceValue value;
        uint32_t frame = 0;
        bool isRest = false;  // of the frame's variables: those that ofFrame() did not show
    };
    struct Row {
        Variable variable;
        bool isShadowed = false;
    };
    static engine::Result<std::vector<Row>> rowsOf(FrameContext& context);
    std::vector<VariableNode> nodesOf(const std::vector<Row>& rows, uint64_t first, uint64_t count,
                                      FrameContext& context, uint32_t frame);
    VariableNode node(const SourceValue& value, FrameContext& context, uint32_t frame,
                      const std::string& scope);
    /// As describe(), and what a reference refers to.
    WasmValue describeIn(const engine::Value& value, uint32_t frame);
    /// Parameters and local variables of the source.
    engine::Result<std::vector<VariableNode>> variables(FrameContext& context, uint32_t frame);
    /// What stands in for variables where there is no debug info: locals that have parts, as objects and vectors.
    engine::Result<std::vector<VariableNode>> localsWithParts(FrameContext& context, uint32_t frame);
    std::string scopeKey(uint32_t frame);
    std::vector<VariableNode> globals(FrameContext& context, uint32_t frame);

    Debuggee* m_debuggee = nullptr;
    Places* m_places = nullptr;
    Frames* m_frames = nullptr;
    std::unordered_map<uint64_t, Handle> m_handles;
    uint64_t m_nextHandle = 1;
    ChangeMarks m_marks;
};

/// A wasm value for people: decimal or float text and hex.
WasmValue describe(const engine::Value& value);

}  // namespace debugger
