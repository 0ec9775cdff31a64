#include "engine/jit/x64/stubs.h"

#include <cstring>

#include "engine/jit/x64/registers.h"

namespace engine::jit::x64 {

namespace {

x86::Mem field(size_t offset) { return x86::ptr(kContext, static_cast<int32_t>(offset), 8); }

constexpr x86::Gp kSaved[] = {x86::rbp, x86::rbx, x86::r12, x86::r13, x86::r14, x86::r15};

}  // namespace

bool makeStubs(CodeArena& arena, Stubs& stubs) {
    static_assert(std::is_standard_layout_v<NativeContext>);
    asmjit::CodeHolder holder;
    const auto base = reinterpret_cast<uint64_t>(arena.next());
    if (holder.init(asmjit::Environment::host(), base) != asmjit::kErrorOk) return false;
    x86::Assembler a(&holder);
    const auto here = [&](auto& stub) {
        a.align(asmjit::AlignMode::kCode, 16);
        stub = reinterpret_cast<std::remove_reference_t<decltype(stub)>>(base + a.offset());
    };
    const asmjit::Label finish = a.newLabel();

    here(stubs.enter);
    for (const x86::Gp& r : kSaved)
        a.push(r);
    a.push(x86::rax);  // the C++ side wants 16 bytes' alignment of what lies above
    a.mov(kContext, x86::rdi);
    a.mov(kFrame, x86::rsi);
    a.mov(field(offsetof(NativeContext, hostStack)), x86::rsp);
    a.mov(kMemory, field(offsetof(NativeContext, memory)));
    a.mov(kTicks, field(offsetof(NativeContext, ticksLeft)));
    a.mov(x86::rsp, field(offsetof(NativeContext, nativeTop)));
    a.jmp(x86::rdx);

    here(stubs.returned);
    a.mov(field(offsetof(NativeContext, exit)), asmjit::Imm(static_cast<int32_t>(leave::kReturned)));
    a.jmp(finish);

    here(stubs.interpretedCall);
    a.pop(field(offsetof(NativeContext, exitAddress)));
    a.mov(field(offsetof(NativeContext, exit)), asmjit::Imm(static_cast<int32_t>(leave::kCall)));
    a.mov(field(offsetof(NativeContext, nativeStack)), x86::rsp);
    a.jmp(finish);

    const auto executing = [&](const uint8_t*& stub, auto* function) {
        here(stub);
        a.mov(field(offsetof(NativeContext, pausedStack)), x86::rsp);
        a.mov(field(offsetof(NativeContext, ticksLeft)), kTicks);
        a.mov(x86::rsp, field(offsetof(NativeContext, hostStack)));
        a.mov(x86::rdi, kContext);
        a.mov(x86::rdx, kFrame);
        a.mov(x86::rax, asmjit::Imm(reinterpret_cast<uint64_t>(function)));
        a.call(x86::rax);
        a.mov(kTicks, field(offsetof(NativeContext, ticksLeft)));
    };
    executing(stubs.executeCell, &executeCell);
    a.mov(x86::rsp, field(offsetof(NativeContext, pausedStack)));
    a.ret();
    executing(stubs.executeInFrames, &executeInFrames);
    const asmjit::Label leaves = a.newLabel();
    a.test(x86::al, x86::al);
    a.jz(leaves);
    a.mov(x86::rsp, field(offsetof(NativeContext, pausedStack)));
    a.ret();
    a.bind(leaves);
    a.mov(field(offsetof(NativeContext, exit)), asmjit::Imm(static_cast<int32_t>(leave::kInterpreted)));
    a.jmp(finish);

    const auto onHostStack = [&](const uint8_t*& stub, void* function, bool tellsTicks = false) {
        here(stub);
        if (tellsTicks) a.mov(field(offsetof(NativeContext, ticksLeft)), kTicks);
        a.mov(field(offsetof(NativeContext, pausedStack)), x86::rsp);
        a.mov(x86::rsp, field(offsetof(NativeContext, hostStack)));
        a.mov(x86::rax, asmjit::Imm(reinterpret_cast<uint64_t>(function)));
        a.call(x86::rax);
        a.mov(x86::rsp, field(offsetof(NativeContext, pausedStack)));
        a.ret();
    };
    onHostStack(stubs.callHostDirectly, reinterpret_cast<void*>(&callHostDirectly), true);
    onHostStack(stubs.copyBytes, reinterpret_cast<void*>(&std::memmove));
    onHostStack(stubs.fillBytes, reinterpret_cast<void*>(&std::memset));

    here(stubs.exit);
    a.pop(field(offsetof(NativeContext, exit)));
    a.mov(field(offsetof(NativeContext, nativeStack)), x86::rsp);
    for (uint32_t r = 0; r < 16; ++r)
        a.mov(field(offsetof(NativeContext, general) + r * 8), x86::gpq(r));
    for (uint32_t r = 0; r < 16; ++r) {
        x86::Mem at = field(offsetof(NativeContext, vector) + r * 16);
        at.setSize(16);
        a.movaps(at, x86::xmm(r));
    }
    a.bind(finish);
    stubs.fault = reinterpret_cast<const uint8_t*>(base + a.offset());
    a.mov(field(offsetof(NativeContext, ticksLeft)), kTicks);
    a.mov(x86::rsp, field(offsetof(NativeContext, hostStack)));
    a.pop(x86::rax);
    for (size_t i = std::size(kSaved); i-- > 0;)
        a.pop(kSaved[i]);
    a.ret();

    const auto constant = [&](const uint8_t*& place, uint64_t low) {
        a.align(asmjit::AlignMode::kData, 16);
        place = reinterpret_cast<const uint8_t*>(base + a.offset());
        const uint64_t words[] = {low, 0};
        a.embed(words, sizeof(words));
    };
    constant(stubs.abs32, 0x7fffffff);
    constant(stubs.abs64, 0x7fffffffffffffff);
    constant(stubs.sign32, 0x80000000);
    constant(stubs.sign64, 0x8000000000000000);

    const size_t size = holder.codeSize();
    if (size > arena.room()) return false;
    const uint8_t* at = arena.reserve(size);
    return holder.flatten() == asmjit::kErrorOk && holder.resolveUnresolvedLinks() == asmjit::kErrorOk &&
           holder.relocateToBase(base) == asmjit::kErrorOk &&
           holder.copyFlattenedData(arena.writable(at), size) == asmjit::kErrorOk;
}

}  // namespace engine::jit::x64
