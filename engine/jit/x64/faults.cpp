#include "engine/jit/x64/faults.h"

#include <signal.h>
#include <ucontext.h>

#include <cstring>
#include <mutex>

namespace engine::jit::x64 {

namespace {

thread_local FaultScope* current = nullptr;
struct sigaction earlierSegv, earlierBus;

// The processor's numbers of the general registers, as the signal frame names them.
constexpr int kGeneral[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                            REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

bool handledHere(ucontext_t& machine) {
    const FaultScope* scope = current;
    auto& registers = machine.uc_mcontext.gregs;
    const auto* pc = reinterpret_cast<const uint8_t*>(registers[REG_RIP]);
    if (!scope || !scope->arena.contains(pc)) return false;
    NativeContext& context = scope->context;
    for (size_t r = 0; r < 16; ++r)
        context.general[r] = static_cast<uint64_t>(registers[kGeneral[r]]);
    std::memcpy(context.vector, machine.uc_mcontext.fpregs->_xmm, sizeof(context.vector));
    context.nativeStack = reinterpret_cast<uint8_t*>(registers[REG_RSP]);
    context.exit = leave::kFault;
    context.exitAddress = pc;
    registers[REG_RIP] = static_cast<greg_t>(reinterpret_cast<uintptr_t>(scope->stubs.fault));
    return true;
}

void onFault(int signal, siginfo_t* info, void* machine) {
    if (handledHere(*static_cast<ucontext_t*>(machine))) return;
    const struct sigaction& earlier = signal == SIGSEGV ? earlierSegv : earlierBus;
    if (earlier.sa_flags & SA_SIGINFO) return earlier.sa_sigaction(signal, info, machine);
    if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN) return earlier.sa_handler(signal);
    ::sigaction(signal, &earlier, nullptr);  // it happens again, and ends the process as it would have
}

}  // namespace

void installFaultHandlers() {
    static std::once_flag once;
    std::call_once(once, [] {
        struct sigaction action {};
        action.sa_sigaction = onFault;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
        sigemptyset(&action.sa_mask);
        ::sigaction(SIGSEGV, &action, &earlierSegv);
        ::sigaction(SIGBUS, &action, &earlierBus);
    });
}

FaultScope::FaultScope(NativeContext& c, const CodeArena& a, const Stubs& s)
    : context(c), arena(a), stubs(s), m_outer(current) {
    current = this;
}
FaultScope::~FaultScope() { current = m_outer; }

}  // namespace engine::jit::x64
