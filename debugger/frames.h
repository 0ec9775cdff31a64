// Frames: the call stack of a stopped program as people see it, inlined levels included, and the context in which expressions are
// evaluated in one of its frames. Owned by the session; what it hands out is valid until the program moves.
#pragma once

#include <memory>
#include <vector>

#include "debugger/debuggee.h"
#include "debugger/places.h"
#include "debugger/symbols/value.h"

namespace debugger {

/// One wasm frame seen through one level of its inlined calls. Reads the machine directly.
class FrameContext final : public EvaluationContext {
public:
    FrameContext(Debuggee& debuggee, uint32_t wasmFrame, uint32_t inlineLevel);

    Symbols* symbols() override;
    uint32_t address() const override { return m_address; }
    uint32_t inlineLevel() const override { return m_inlineLevel; }
    engine::Result<engine::Value> local(uint32_t index) const override;
    engine::Result<engine::Value> operand(uint32_t index) const override;
    engine::Result<engine::Value> global(uint32_t index) const override;
    std::optional<uint32_t> localNamed(std::string_view name) const override;
    std::optional<uint32_t> globalNamed(std::string_view name) const override;
    engine::Result<> readMemory(uint64_t address, std::span<uint8_t> into) const override;
    engine::Result<> writeMemory(uint64_t address, std::span<const uint8_t> bytes) override;
    engine::Result<> setLocal(uint32_t index, const engine::Value& value) override;
    engine::Result<> setGlobal(uint32_t index, const engine::Value& value) override;
    uint64_t memorySize() const override;
    uint32_t pointerSize() const override;
    std::optional<TableFunction> functionInTable(uint64_t index) const override;
    WasmReferent referent(engine::Slot reference, bool isFunction) const override;
    engine::Result<WasmPart> part(engine::Slot object, uint64_t index) const override;
    std::optional<uint64_t> threadLocalBase() const override;

    uint32_t wasmFrame() const { return m_wasmFrame; }
    bool hasFrame() const { return m_hasFrame; }

private:
    engine::Value withPlainType(engine::Value value) const;
    engine::Result<engine::GlobalInstance*> globalInstance(uint32_t index) const;
    Debuggee& m_debuggee;
    uint32_t m_wasmFrame, m_inlineLevel;
    uint32_t m_address = 0;
    bool m_hasFrame = false;  // false: nothing runs; only memory and globals can be seen
};

class Frames {
public:
    /// Of a stopped program; null when there is none.
    void attach(Debuggee* debuggee, Places* places);
    /// The program moved. `hidden`: so many innermost inlined calls of the youngest activation begin where it stands; it is still before
    /// them, so that they are no frames.
    void invalidate(uint32_t hidden = 0);

    /// Frames [first, first + count), youngest first.
    std::vector<StackFrame> slice(uint32_t first, uint32_t count);
    /// NotFound says how many there are.
    engine::Result<StackFrame> at(uint32_t index);
    engine::Result<std::unique_ptr<FrameContext>> context(uint32_t index);

private:
    bool expandTo(uint32_t index);
    Debuggee* m_debuggee = nullptr;
    Places* m_places = nullptr;
    std::vector<StackFrame> m_frames;
    std::vector<engine::CodeLocation> m_raw;  // all activations, youngest first
    uint32_t m_expanded = 0;                  // of m_raw
    uint32_t m_hidden = 0;
    bool m_valid = false;
};

}  // namespace debugger
