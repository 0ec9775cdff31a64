// Handlers of fused groups. A group writes only what its plain cells would leave behind in live slots; if a member will trap, nothing was
// written yet and the plain cells are run instead. ip is the first cell; members are found at fixed distances from it.
#include "engine/fused_ops.h"
#include "engine/handlers.h"

namespace engine {

namespace fused {

namespace {

template <class T>
concept Traps = requires(typename T::Operand x) {
    T::trap(x);
}
|| requires(typename T::Operand x) { T::trap(x, x); };

/// Left and right operand of the operation in cell `at`, whose sources stand in the cells before it.
template <Sources sources, uint32_t at>
[[gnu::always_inline]] inline Slot left(const Insn* ip, const Slot* fp) {
    if constexpr (cellsOf(sources) == 2)
        return fp[ip[at - 2].b];
    else
        return fp[ip[at].a];
}
template <Sources sources, uint32_t at>
[[gnu::always_inline]] inline Slot right(const Insn* ip, const Slot* fp) {
    if constexpr (sources == Sources::StackStack)
        return fp[ip[at].a + 1];
    else if constexpr (sources == Sources::StackLocal || sources == Sources::LocalLocal)
        return fp[ip[at - 1].b];
    else
        return ip[at - 1].imm;
}

/// Puts the result of cell `at` where it goes.
template <Sink sink, uint32_t at, class T>
[[gnu::always_inline]] inline void put(const Insn* ip, Slot* fp, T value) {
    if constexpr (sink != Sink::Set) write(fp[ip[at].a], value);
    if constexpr (sink != Sink::Stack) write(fp[ip[at + 1].b], value);
}

template <class Operation, Sources sources, Sink sink>
const Insn* binary(HANDLER_PARAMETERS) {
    constexpr uint32_t at = cellsOf(sources);
    using Operand = typename Operation::Operand;
    const auto x1 = read<Operand>(left<sources, at>(ip, fp)), x2 = read<Operand>(right<sources, at>(ip, fp));
    if constexpr (Traps<Operation>)
        if (__builtin_expect(Operation::trap(x1, x2) != TrapKind::None, 0))
            return replayPlain(ip, HANDLER_REST);
    put<sink, at>(ip, fp, Operation::apply(x1, x2));
    return dispatch(ip + at + 1 + cellsOf(sink), HANDLER_REST);
}

template <class Operation, Source source, Sink sink>
const Insn* unary(HANDLER_PARAMETERS) {
    constexpr uint32_t at = source == Source::Local;
    const auto operand = read<typename Operation::Operand>(source == Source::Local ? fp[ip->b] : fp[ip->a]);
    if constexpr (Traps<Operation>)
        if (__builtin_expect(Operation::trap(operand) != TrapKind::None, 0))
            return replayPlain(ip, HANDLER_REST);
    put<sink, at>(ip, fp, Operation::apply(operand));
    return dispatch(ip + at + 1 + cellsOf(sink), HANDLER_REST);
}

/// Goes where the br_if or if in cell `at` leads.
template <Decision decision, uint32_t at>
[[gnu::always_inline]] inline const Insn* decide(bool condition, HANDLER_PARAMETERS) {
    const Insn* next = ip + at + 1;
    const Insn* target = ip + at + static_cast<int32_t>(ip[at].b);
    if constexpr (decision == Decision::If) {
        if (condition) return dispatch(next, HANDLER_REST);
        return dispatch(target, HANDLER_REST);
    } else if constexpr (decision == Decision::BrIf) {
        if (condition) return dispatch(target, HANDLER_REST);
        return dispatch(next, HANDLER_REST);
    } else {
        if (!condition) return dispatch(next, HANDLER_REST);
        if (__builtin_expect(--x->ticksLeft <= 0, 0)) return lookAround(target + 1, HANDLER_REST);
        return dispatch(target + 1, HANDLER_REST);
    }
}

template <class Operation, Sources sources, Decision decision>
const Insn* compare(HANDLER_PARAMETERS) {
    constexpr uint32_t at = cellsOf(sources);
    using Operand = typename Operation::Operand;
    const bool condition =
        Operation::apply(read<Operand>(left<sources, at>(ip, fp)), read<Operand>(right<sources, at>(ip, fp)));
    return decide<decision, at + 1>(condition, ip, HANDLER_REST);
}

template <Test test, Source source, Decision decision>
const Insn* testZero(HANDLER_PARAMETERS) {
    constexpr uint32_t at = source == Source::Local;
    const Slot slot = source == Source::Local ? fp[ip->b] : fp[ip->a];
    const bool condition = test == Test::I32      ? read<uint32_t>(slot) != 0
                           : test == Test::I32Eqz ? read<uint32_t>(slot) == 0
                                                  : slot == 0;
    return decide<decision, at + (test != Test::I32)>(condition, ip, HANDLER_REST);
}

constexpr Sources sumOf(Address address) {
    switch (address) {
    case Address::StackPlusConstant: return Sources::StackConstant;
    case Address::LocalPlusConstant: return Sources::LocalConstant;
    case Address::StackPlusLocal: return Sources::StackLocal;
    case Address::LocalPlusLocal: return Sources::LocalLocal;
    default: return Sources::StackStack;
    }
}

template <class Operation, Address address, Sink sink, bool isWatched>
const Insn* load(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    constexpr uint32_t at = cellsOf(address);
    uint32_t base = 0;
    if constexpr (address == Address::Stack)
        base = read<uint32_t>(fp[ip->a]);
    else if constexpr (address == Address::Local)
        base = read<uint32_t>(fp[ip->b]);
    else {
        constexpr Sources sum = sumOf(address);
        base = read<uint32_t>(left<sum, at - 1>(ip, fp)) + read<uint32_t>(right<sum, at - 1>(ip, fp));
    }
    const uint64_t effective = base + ip[at].imm;
    if (__builtin_expect(effective + sizeof(Memory) > memSize, 0)) return replayPlain(ip, HANDLER_REST);
    if constexpr (isWatched)
        if (__builtin_expect(x->watchedReads.mayTouch(mem + effective), 0))
            return dispatchPlain(ip, HANDLER_REST);
    put<sink, at>(ip, fp, Operation::apply(readMemory<Memory>(mem + effective)));
    return dispatch(ip + at + 1 + cellsOf(sink), HANDLER_REST);
}

template <class Operation, Sources sources, bool isWatched>
const Insn* store(HANDLER_PARAMETERS) {
    using Memory = typename Operation::Memory;
    constexpr uint32_t at = cellsOf(sources);
    const uint64_t effective = read<uint32_t>(left<sources, at>(ip, fp)) + ip[at].imm;
    if (__builtin_expect(effective + sizeof(Memory) > memSize, 0)) return replayPlain(ip, HANDLER_REST);
    if constexpr (isWatched)
        if (__builtin_expect(x->watchedWrites.mayTouch(mem + effective), 0))
            return dispatchPlain(ip, HANDLER_REST);
    writeMemory<Memory>(mem + effective,
                        Operation::apply(read<typename Operation::Operand>(right<sources, at>(ip, fp))));
    return dispatch(ip + at + 1, HANDLER_REST);
}

template <class First, class SecondOperation, Sources sources, Second second, Sink sink>
const Insn* pair(HANDLER_PARAMETERS) {
    constexpr uint32_t at = cellsOf(sources);
    constexpr uint32_t then = at + 1 + (second != Second::StackWithIt);
    using Operand = typename First::Operand;
    const auto it =
        First::apply(read<Operand>(left<sources, at>(ip, fp)), read<Operand>(right<sources, at>(ip, fp)));
    if constexpr (second == Second::StackWithIt)
        put<sink, then>(ip, fp, SecondOperation::apply(read<Operand>(fp[ip[then].a]), it));
    else
        put<sink, then>(
            ip, fp,
            SecondOperation::apply(
                it, read<Operand>(second == Second::WithLocal ? fp[ip[at + 1].b] : ip[at + 1].imm)));
    return dispatch(ip + then + 1 + cellsOf(sink), HANDLER_REST);
}

// Single forms

/// Instructions without effect: a = how many.
const Insn* skip(HANDLER_PARAMETERS) { return dispatch(ip + ip->a, HANDLER_REST); }
const Insn* brLoop(HANDLER_PARAMETERS) { return decide<Decision::BrIfLoop, 0>(true, ip, HANDLER_REST); }
const Insn* getSet(HANDLER_PARAMETERS) {
    fp[ip[1].b] = fp[ip[0].b];
    return dispatch(ip + 2, HANDLER_REST);
}
const Insn* constantSet(HANDLER_PARAMETERS) {
    fp[ip[1].b] = ip[0].imm;
    return dispatch(ip + 2, HANDLER_REST);
}
const Insn* getGet(HANDLER_PARAMETERS) {
    fp[ip[0].a] = fp[ip[0].b];
    fp[ip[1].a] = fp[ip[1].b];
    return dispatch(ip + 2, HANDLER_REST);
}
const Insn* getConstant(HANDLER_PARAMETERS) {
    fp[ip[0].a] = fp[ip[0].b];
    fp[ip[1].a] = ip[1].imm;
    return dispatch(ip + 2, HANDLER_REST);
}
/// local.set or local.tee, then local.get.
const Insn* setGet(HANDLER_PARAMETERS) {
    fp[ip[0].b] = fp[ip[0].a];
    fp[ip[1].a] = fp[ip[1].b];
    return dispatch(ip + 2, HANDLER_REST);
}

// Filling the table

/// Calls f with std::integral_constant 0 … n - 1.
template <class F, size_t... i>
void forEach(std::index_sequence<i...>, const F& f) {
    (f(std::integral_constant<uint32_t, i>{}), ...);
}
template <uint32_t n, class F>
void forEach(const F& f) {
    forEach(std::make_index_sequence<n>{}, f);
}

template <class Firsts, class Seconds>
void addPairs(Handler* at) {
    forEach<Firsts::kSize>([&](auto f) {
        forEach<Seconds::kSize>([&](auto g) {
            forEach<kSources * kSeconds * kSinks>([&](auto form) {
                constexpr auto sources = static_cast<Sources>(form / (kSeconds * kSinks));
                constexpr auto second = static_cast<Second>(form / kSinks % kSeconds);
                constexpr auto sink = static_cast<Sink>(form % kSinks);
                at++->run = pair<typename Firsts::template At<f>, typename Seconds::template At<g>, sources,
                                 second, sink>;
            });
        });
    });
}

template <bool isWatched>
void addAccesses(HandlerTable& table) {
    Handler* at = &table[kLoadFirst];
    forEach<Loads::kSize>([&](auto i) {
        forEach<kAddresses * kSinks>([&](auto form) {
            at++->run = load<Loads::At<i>, static_cast<Address>(form / kSinks),
                             static_cast<Sink>(form % kSinks), isWatched>;
        });
    });
    forEach<Stores::kSize>([&](auto i) {
        forEach<kSources>([&](auto form) {
            at++->run = store<Stores::At<i>, static_cast<Sources>(uint32_t{form}), isWatched>;
        });
    });
}

}  // namespace

}  // namespace fused

void addFusedHandlers(HandlerTable& table) {
    using namespace fused;
    Handler* at = &table[kBinaryFirst];
    forEach<Binaries::kSize>([&](auto i) {
        forEach<kSources * kSinks>([&](auto form) {
            at++->run = binary<Binaries::At<i>, static_cast<Sources>(form / kSinks),
                               static_cast<Sink>(form % kSinks)>;
        });
    });
    forEach<Compares::kSize>([&](auto i) {
        forEach<kSources * kDecisions>([&](auto form) {
            at++->run = compare<Compares::At<i>, static_cast<Sources>(form / kDecisions),
                                static_cast<Decision>(form % kDecisions)>;
        });
    });
    forEach<Unaries::kSize>([&](auto i) {
        forEach<2 * kSinks>([&](auto form) {
            at++->run =
                unary<Unaries::At<i>, static_cast<Source>(form / kSinks), static_cast<Sink>(form % kSinks)>;
        });
    });
    addAccesses<false>(table);
    addPairs<PairFirst32, PairSecond32>(&table[kPair32First]);
    addPairs<PairFirst64, PairSecond64>(&table[kPair64First]);
    at = &table[kTestFirst];
    forEach<kTests * 2 * kDecisions>([&](auto form) {
        at++->run =
            testZero<static_cast<Test>(form / (2 * kDecisions)), static_cast<Source>(form / kDecisions % 2),
                     static_cast<Decision>(form % kDecisions)>;
    });
    table[fused::number(Single::Skip)].run = skip;
    table[fused::number(Single::BrLoop)].run = brLoop;
    table[fused::number(Single::GetSet)].run = getSet;
    table[fused::number(Single::ConstantSet)].run = constantSet;
    table[fused::number(Single::GetGet)].run = getGet;
    table[fused::number(Single::GetConstant)].run = getConstant;
    table[fused::number(Single::SetGet)].run = setGet;
    table[fused::number(Single::TeeGet)].run = setGet;
}

void addWatchedGroups(HandlerTable& table) { fused::addAccesses<true>(table); }

uint16_t fusedEnd() { return fused::kEnd; }

}  // namespace engine
