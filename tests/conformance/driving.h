// What the programs of this folder share: loading a module, the --tier option, and driving a machine to the end of a call.
#pragma once

#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "engine/gc_heap.h"
#include "engine/machine.h"
#include "engine/module.h"
#include "engine/store.h"

namespace conformance {

/// How guest code is driven; the answers must not depend on it.
enum class Drive {
    Run,
    Step,
    BreakEverywhere,
    Mixed,     // all of that and more, at random
    GcStress,  // a collection at every allocation
    Jit,       // everything compiled
    JitMixed,  // the same, stopped at random
    Auto       // compiled when hot
};

/// The store of a run that is driven so, before anything is instantiated.
inline void prepare(engine::Store& store, Drive drive) {
    store.heap().setStress(drive == Drive::GcStress);
    const bool isJit = drive == Drive::Jit || drive == Drive::JitMixed;
    const engine::Tier tier = isJit                  ? engine::Tier::Jit
                              : drive == Drive::Auto ? engine::Tier::Auto
                                                     : engine::Tier::Interp;
    if (store.setTier(tier)) return;
    std::fprintf(stderr, "there is no compiler for this machine\n");
    std::exit(77);
}

/// What --tier asks for. Empty: unknown, and said so on stderr.
inline std::vector<Drive> drivesOf(const char* program, const std::string& tier) {
    if (tier == "break-everywhere") return {Drive::Step, Drive::BreakEverywhere, Drive::Mixed};
    if (tier == "gc-stress") return {Drive::GcStress};
    if (tier == "jit") return {Drive::Jit, Drive::JitMixed};
    if (tier == "auto") return {Drive::Auto};
    if (tier != "interp") {
        std::fprintf(stderr,
                     "%s: unknown tier \"%s\"; use interp, jit, auto, break-everywhere or gc-stress\n",
                     program, tier.c_str());
        return {};
    }
    return {Drive::Run};
}

/// The files and the tier of `PROGRAM [--tier TIER] FILE...`; exits with the usage where there is none.
inline std::vector<std::string> parse(int argc, char** argv, const char* usage, std::vector<Drive>& drives) {
    std::vector<std::string> files;
    drives = {Drive::Run};
    for (int i = 1; i < argc; ++i) {
        if (std::string(argv[i]) != "--tier")
            files.emplace_back(argv[i]);
        else
            drives = drivesOf(argv[0], i + 1 < argc ? argv[++i] : "");
    }
    if (!files.empty() && !drives.empty()) return files;
    std::fprintf(stderr, "usage: %s\n", usage);
    std::exit(2);
}

inline engine::Result<std::shared_ptr<const engine::Module>> loadModule(const std::string& path) {
    auto module = TRY(engine::decodeModule(TRY(engine::readFile(path)), path));
    TRY(engine::validateModule(*module));
    return std::shared_ptr<const engine::Module>(module);
}

/// A breakpoint on each instruction of each function of the instance.
inline void breakEverywhere(engine::Machine& machine, engine::InstanceId id) {
    const engine::Instance& instance = machine.store().instance(id);
    for (uint32_t f = instance.module->importedFunctions; f < instance.module->functions.size(); ++f) {
        const auto offsets = machine.instructionOffsets(instance.functions[f]);
        if (!offsets) continue;
        for (uint32_t offset : *offsets)
            (void)machine.setBreakpoint({id, engine::FuncIdx(f), offset});
    }
}

/// One of the ways to go on: a step, to a tick, to a depth, to a breakpoint here or there, with a yield asked for.
inline engine::StopKind goOnSomehow(engine::Machine& machine, std::minstd_rand& random) {
    switch (random() % 6) {
    case 0: return machine.step();
    case 1: return machine.run({.minDepth = 0, .tick = machine.tick() + random() % 9});
    case 2: return machine.run({.minDepth = machine.depth(), .tick = machine.tick() + 100});
    case 3: machine.requestYield(); break;
    case 4: machine.clearBreakpoints(); break;
    default: {
        const auto frame = machine.frame(0);
        if (frame.location.instance.value >= machine.store().instances()) return machine.step();
        const auto offsets = machine.instructionOffsets(frame.function);
        if (offsets)
            (void)machine.setBreakpoint(
                {frame.location.instance, frame.location.function, (*offsets)[random() % offsets->size()]});
        break;
    }
    }
    return machine.run({.minDepth = 0, .tick = machine.tick() + 200});
}

/// Runs a call that was started until it has ended one way or another.
inline engine::StopKind finish(engine::Machine& machine, Drive drive) {
    using engine::StopKind;
    StopKind stop{};
    const auto goesOn = [&] {
        return stop == StopKind::Stepped || stop == StopKind::Breakpoint || stop == StopKind::Yielded ||
               stop == StopKind::DepthReached || stop == StopKind::HostInterrupted;
    };
    if (drive == Drive::Mixed || drive == Drive::JitMixed) {
        std::minstd_rand random(static_cast<uint32_t>(machine.tick()) + 1);
        uint32_t turns = 0;
        do
            stop = goOnSomehow(machine, random);
        while (goesOn() && ++turns < 300);
        if (!goesOn()) return stop;
        machine.clearBreakpoints();
    }
    do
        stop = drive == Drive::Step ? machine.step() : machine.run();
    while (goesOn());
    return stop;
}

/// The same for one of several threads: `pass` lets the others run after each slice.
template <class Pass>
engine::StopKind finishInTurns(engine::Machine& machine, Drive drive, Pass pass) {
    using engine::StopKind;
    while (true) {
        const StopKind stop = drive != Drive::Step && drive != Drive::BreakEverywhere
                                  ? machine.run({.minDepth = 0, .tick = machine.tick() + 100})
                                  : machine.step();
        if (stop != StopKind::Yielded && stop != StopKind::Stepped) return stop;
        pass();
    }
}

}  // namespace conformance
