// lowering FILE: how fast the code of a module is lowered, all functions once, and then how fast machine code is made of it, without
// running anything. Prints megabytes of code per second of CPU time; for `./dev bench lowering compile`.
#include <cstdio>
#include <ctime>

#include "engine/jit/jit.h"
#include "engine/machine.h"
#include "engine/store_state.h"

using namespace engine;

namespace {

constexpr uint64_t kMostMachineCode = uint64_t{1} << 30;

double cpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

Result<> translate(const char* file) {
    const double begin = cpuSeconds();
    auto module = TRY(decodeModule(TRY(readFile(file)), file));
    TRY(validateModule(*module));
    Store store;
    Trap trap;
    const auto anything = [&](const Import& import, const Module& m) -> Result<Extern> {
        if (import.kind != ExternKind::Func)
            return Error{ErrorCode::NotFound, "only functions are given", {}};
        const auto body = [](HostCall&) { return HostOutcome::done(); };
        return Extern{ExternKind::Func,
                      store.addHostFunction(m.typeOf(FuncIdx(import.index)), import.name, body).value};
    };
    const InstanceId id = TRY(store.instantiate(std::shared_ptr<const Module>(module), anything, &trap));
    if (!store.setTier(Tier::Jit, kMostMachineCode))
        return Error{ErrorCode::State, "this machine has no compiler", {}};
    const double ready = cpuSeconds();
    uint64_t bytes = 0;
    std::vector<Code*> code;
    for (uint32_t f = module->importedFunctions; f < module->functions.size(); ++f) {
        code.push_back(TRY(store.code(store.instance(id).functions[f])));
        bytes += module->functions[f].body.size();
    }
    const double lowered = cpuSeconds();
    const double megabytes = static_cast<double>(bytes) / 1e6;
    std::printf("lowering: %.1f MB in %.3f s, %.0f MB/s, %.1f bytes of cells and tables per byte of code\n",
                megabytes, lowered - ready, megabytes / (lowered - ready),
                static_cast<double>(store.bytesUsed()) / static_cast<double>(bytes));
    jit::Jit& jit = *code[0]->context->store->jit;
    for (Code* function : code)
        TRY(jit.prepare(*function));
    const double compiled = cpuSeconds();
    std::printf("compile: %.1f MB in %.3f s, %.1f MB/s, %.1f bytes of machine code per byte\n", megabytes,
                compiled - lowered, megabytes / (compiled - lowered),
                static_cast<double>(jit.codeBytes()) / static_cast<double>(bytes));
    std::printf("all: read, validated, lowered and compiled in %.3f s\n", compiled - begin);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::fprintf(stderr, "usage: lowering FILE\n"), 2;
    const Result<> done = translate(argv[1]);
    if (!done) std::fprintf(stderr, "lowering: %s\n", done.error().text().c_str());
    return done ? 0 : 2;
}
