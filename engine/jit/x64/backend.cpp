#include "engine/jit/backend.h"

#include "engine/jit/x64/compiler.h"
#include "engine/jit/x64/faults.h"
#include "engine/jit/x64/listing.h"

namespace engine::jit {

namespace {

class X64Backend final : public Backend {
public:
    bool makeStubs(CodeArena& arena) override {
        m_arena = &arena;
        x64::installFaultHandlers();
        return x64::makeStubs(arena, m_stubs);
    }
    std::unique_ptr<CompiledFunction> compile(Code& code, Jit& jit) override {
        if (!m_compiler) m_compiler = std::make_unique<x64::FunctionCompiler>(m_stubs);
        return m_compiler->compile(code, jit);
    }
    void enter(NativeContext& context, Slot* frame, const uint8_t* target) override {
        *reinterpret_cast<const uint8_t**>(context.nativeTop) = m_stubs.returned;
        const x64::FaultScope scope(context, *m_arena, m_stubs);
        m_stubs.enter(&context, frame, target);
    }
    const uint8_t* interpretedCall() const override { return m_stubs.interpretedCall; }
    MachineCode list(const CompiledFunction& function, const AddressNames& names) const override {
        const AddressNames all = [&](const uint8_t* address) {
            if (address == m_stubs.exit) return std::string("to the interpreter");
            if (address == m_stubs.interpretedCall) return std::string("the interpreter makes the call");
            return names(address);
        };
        return {.registers = x64::localRegisters(function), .lines = x64::list(function, all)};
    }

private:
    CodeArena* m_arena = nullptr;
    x64::Stubs m_stubs;
    std::unique_ptr<x64::FunctionCompiler> m_compiler;
};

}  // namespace

std::unique_ptr<Backend> createBackend() { return std::make_unique<X64Backend>(); }

}  // namespace engine::jit
