// Modules: whatever the bytes are, they are decoded, validated, written as text and, if valid, lowered, run for a while and stepped.
// Among the mutations are whole modules of the generator, so no corpus is needed to begin.
#include <cstdlib>

#include "engine/disassembly.h"
#include "engine/machine.h"
#include "engine/subtyping.h"
#include "tests/fuzz/module_generator.h"

using namespace engine;

namespace {

constexpr uint64_t kTicks = 2000;
constexpr int kSteps = 200;

StoreLimits smallLimits() {
    StoreLimits limits;
    limits.maxMemoryBytes = 8 << 20;
    limits.maxTableElements = 10'000;
    limits.maxFrames = 200;
    limits.maxStackBytes = 1 << 20;
    return limits;
}

void runExports(Store& store, Machine& machine, InstanceId id) {
    const Instance& instance = store.instance(id);
    for (const Export& e : instance.module->exports) {
        if (e.kind != ExternKind::Func) continue;
        std::vector<Value> arguments;
        for (ValType type : store.function(instance.functions[e.index]).type->params)
            arguments.push_back({type, 0, 0});
        bool nullable = true;
        for (const Value& v : arguments)
            nullable = nullable && isDefaultable(v.type);
        machine.abandon();
        if (!nullable || !machine.start(instance.functions[e.index], arguments)) continue;
        for (int i = 0; i < kSteps && machine.step() == StopKind::Stepped; ++i) {
            if (!machine.operands(0) || !machine.locals(0)) std::abort();
        }
        if (machine.running()) (void)machine.run({.minDepth = 0, .tick = machine.tick() + kTicks});
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto bytes = std::make_shared<const std::vector<uint8_t>>(data, data + size);
    auto decoded = decodeModule(bytes, "input");
    if (!decoded) {
        if (decoded.error().message.empty()) std::abort();
        return 0;
    }
    const Result<> valid = validateModule(**decoded);
    if (!valid && valid.error().message.empty()) std::abort();
    size_t written = 0;
    writeWat(**decoded, true, [&](std::string_view text) { written += text.size(); });
    (void)featuresOf(**decoded);
    (void)(*decoded)->names();
    if (!valid || written == 0) return 0;

    Store store(smallLimits());
    auto machine = Machine::create(store);
    if (!machine) return 0;
    Trap trap;
    const auto id = store.instantiate(
        std::shared_ptr<const Module>(*decoded),
        [](const Import&, const Module&) -> Result<Extern> {
            return Error{ErrorCode::NotFound, "nothing is given", {}};
        },
        &trap);
    if (!id) return 0;
    const Instance& instance = store.instance(*id);
    for (uint32_t f = (*decoded)->importedFunctions; f < instance.functions.size(); ++f)
        if (!(*machine)->instructionOffsets(instance.functions[f]))
            std::abort();  // validated, so it can be lowered
    runExports(store, **machine, *id);
    return 0;
}

#ifdef WASISCOPE_FUZZ
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t maxSize);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t maxSize, unsigned seed) {
    if (size > 8 && seed % 16 != 0) return LLVMFuzzerMutate(data, size, maxSize);
    fuzz::Profile profile;
    profile.tailCalls = seed & 16;
    profile.atomics = seed & 32;
    profile.exceptions = seed & 64;
    profile.legacyExceptions = (seed & 128) && !profile.exceptions;
    const auto module = fuzz::generateModule(seed, profile);
    if (module.size() > maxSize) return LLVMFuzzerMutate(data, size, maxSize);
    std::copy(module.begin(), module.end(), data);
    return module.size();
}
#endif
