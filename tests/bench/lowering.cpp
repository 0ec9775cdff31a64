// lowering FILE: how fast the code of a module is lowered, all functions once, without running anything.
// Prints megabytes of code per second of CPU time; for `./dev bench lowering`.
#include <cstdio>
#include <ctime>

#include "engine/machine.h"
#include "engine/store.h"

using namespace engine;

namespace {

Result<> lowerAll(const char* file) {
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
    const std::clock_t begin = std::clock();
    uint64_t bytes = 0;
    for (uint32_t f = module->importedFunctions; f < module->functions.size(); ++f) {
        TRY(store.code(store.instance(id).functions[f]));
        bytes += module->functions[f].body.size();
    }
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("lowering: %.1f MB in %.3f s, %.0f MB/s, %.1f bytes of cells and tables per byte of code\n",
                static_cast<double>(bytes) / 1e6, seconds, static_cast<double>(bytes) / 1e6 / seconds,
                static_cast<double>(store.bytesUsed()) / static_cast<double>(bytes));
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return std::fprintf(stderr, "usage: lowering FILE\n"), 2;
    const Result<> done = lowerAll(argv[1]);
    if (!done) std::fprintf(stderr, "lowering: %s\n", done.error().text().c_str());
    return done ? 0 : 2;
}
