// The validator's state and its rules (standard, appendix 7.3); used by function_walker.cpp and walker_*.cpp only. A rule returns false
// after it has called fail(). Rules are methods so that the fast loop and the loop for sinks share them.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "engine/function_walker.h"
#include "engine/instruction_reader.h"
#include "engine/subtyping.h"

namespace engine {

/// What a row's signature says, unpacked. ValKind::Ref stands for `m`, the index type of the memory.
struct FixedSignature {
    uint8_t pops = 0, pushes = 0;
    std::array<ValKind, 4> in{};
    std::array<ValKind, 2> out{};
};
extern const std::array<FixedSignature, kOpCount> kFixedSignatures;

/// The same for 32-bit memories: i32 for `m`.
extern const std::array<FixedSignature, kOpCount> kFixedSignatures32;

enum class Fast : uint8_t;  // function_walker_run.h

struct FunctionWalker::Impl {
    explicit Impl(const Module& m) : module(m), reader(m) {}

    const Module& module;
    const FunctionWalker* owner = nullptr;
    InstructionReader reader;
    Instruction instruction;
    FuncIdx function;
    std::optional<Error> error;

    // Operands: [stack.data(), top), of which the present frame may take those above `floor`.
    std::vector<ValType> stack;
    ValType* top = nullptr;
    ValType* floor = nullptr;
    ValType* capacity = nullptr;
    uint32_t slots = 0;     // in use by operands
    uint32_t maxSlots = 0;  // of operands
    std::vector<ControlFrame> frames;
    std::unordered_set<const ValType*> checkedTypes;  // by the present br_table

    // Locals: runs of one type each; the first ones also one by one, since nearly all functions have few.
    struct LocalRun {
        uint32_t end;
        ValType type;
    };
    static constexpr uint32_t kFlatLocals = 64;
    std::vector<LocalRun> runs;
    std::array<ValType, kFlatLocals> flat;
    uint32_t localCount = 0;
    uint64_t allLocalSlots = 0;
    std::vector<ValType> allLocals;  // with a sink only
    std::vector<uint32_t> localSlotOffsets;

    // Locals without a default value: which have been set, in order, and of each whether (initMark == initEpoch).
    bool tracksInit = false;
    uint32_t initEpoch = 0;
    std::vector<uint32_t> initMark, initStack;

    // Constant expressions.
    bool isConst = false;
    uint32_t visibleGlobals = 0;

    // --- Set-up (function_walker.cpp) ---
    Result<> walk(FuncIdx index, InstructionSink* sink);
    Result<> walkConst(const ConstExpr& expression, ValType expected, uint32_t globals,
                       InstructionSink* sink);
    void reset(uint32_t resultCount);
    bool readLocals();
    void addLocals(uint32_t count, ValType type);
    void expandLocals();
    /// Begins the walk over a body; then run(). False: takeError() says why, as after run().
    bool begin(FuncIdx index);
    template <class Sink>
    bool run(Sink& sink);
    template <Fast kFast, class Sink>
    bool runFast(Op op, Sink& sink);
    template <class Sink>
    bool runSlow(Sink& sink);
    Error takeError();

    // --- Failing ---
    [[gnu::cold]] bool fail(ErrorCode code, std::string message);
    [[gnu::cold]] bool invalid(std::string message) { return fail(ErrorCode::Invalid, std::move(message)); }
    [[gnu::cold]] bool mismatch(const std::string& detail);
    [[gnu::cold]] bool unknown(std::string_view what, uint32_t index);

    // --- The operand stack ---
    void grow(size_t atLeast);
    void reserve(size_t count) {
        if (static_cast<size_t>(capacity - top) < count) [[unlikely]]
            grow(count);
    }
    /// Room must have been reserved: 8 per instruction are.
    void push(ValType type) {
        *top++ = type;
        slots += type.slots();
    }
    bool pop(ValType expected) {
        if (top > floor && top[-1] == expected) [[likely]] {
            --top;
            slots -= expected.slots();
            return true;
        }
        return popSlow(expected);
    }
    bool popSlow(ValType expected);
    /// Any operand; kBottom where the stack is unknown.
    bool popAny(ValType& type);
    /// Any reference, numbers are refused; kBottom where the stack is unknown.
    bool popRef(ValType& type);
    bool popAll(std::span<const ValType> types) {
        for (size_t i = types.size(); i-- > 0;)
            if (!pop(types[i])) return false;
        return true;
    }
    void pushAll(std::span<const ValType> types) {
        reserve(types.size() + 8);
        for (const ValType type : types)
            push(type);
    }
    /// Whether the operands fit, without taking them.
    bool checkAll(std::span<const ValType> types);
    void setUnreachable();

    // --- Frames and labels ---
    void pushFrame(Op op, std::span<const ValType> params, std::span<const ValType> results, uint32_t offset);
    bool popFrameResults();
    void restartFrame(Op op);
    void dropFrame();
    void forgetInitialised(uint32_t height);
    ControlFrame& frameAt(uint32_t depth) { return frames[frames.size() - 1 - depth]; }
    bool checkLabel(uint32_t depth) { return depth < frames.size() || unknown("label", depth); }

    // --- Locals ---
    ValType localType(uint32_t local) const {
        if (local < kFlatLocals) [[likely]]
            return flat[local];
        return localTypeSlow(local);
    }
    ValType localTypeSlow(uint32_t local) const;
    bool isSet(uint32_t local) const;
    void markSet(uint32_t local, ValType type);

    // --- Rules of the commonest instructions ---
    bool localGet(uint32_t local) {
        if (local >= localCount) [[unlikely]]
            return unknown("local", local);
        const ValType type = localType(local);
        if (tracksInit && !isSet(local)) [[unlikely]]
            return invalid("uninitialized local " + std::to_string(local) + " of type " + toText(type));
        push(type);
        return true;
    }
    bool localSet(uint32_t local) {
        if (local >= localCount) [[unlikely]]
            return unknown("local", local);
        const ValType type = localType(local);
        if (tracksInit) [[unlikely]]
            markSet(local, type);
        return pop(type);
    }
    bool localTee(uint32_t local) {
        if (!localSet(local)) return false;
        push(localType(local));
        return true;
    }
    bool globalGet(uint32_t index);
    bool globalSet(uint32_t index);
    bool fixed(Op op) { return follow(kFixedSignatures[static_cast<uint16_t>(op)]); }
    bool follow(const FixedSignature& signature) {
        for (uint32_t i = signature.pops; i-- > 0;)
            if (!pop(signature.in[i])) return false;
        for (uint32_t i = 0; i < signature.pushes; ++i)
            push(signature.out[i]);
        return true;
    }
    /// With `m` in the signature.
    bool fixedWithMemory(Op op, ValType indexType);
    bool memoryAccess(const Instruction& i);
    bool drop() {
        if (top > floor) [[likely]] {
            slots -= (--top)->slots();
            return true;
        }
        ValType type;
        return popAny(type);
    }
    bool br(uint32_t label);
    bool brIf(uint32_t label);
    bool call(uint32_t index);
    bool enter(Op op, const BlockType& block, uint32_t offset);
    bool end();

    // --- All rules (walker_rules.cpp, walker_references.cpp, walker_aggregates.cpp) ---
    bool apply(const Instruction& i);
    bool applyControl(const Instruction& i);
    bool applyReference(const Instruction& i);
    bool applyAggregate(const Instruction& i);
    bool applyTable(const Instruction& i);
    bool checkConstant(const Instruction& i);

    bool elseBranch();
    bool legacyCatch(Op op, uint32_t tag);
    bool legacyDelegate(uint32_t label);
    bool rethrow(uint32_t label);
    bool throwTag(uint32_t tag);
    bool tryTable(const Instruction& i);
    bool checkCatch(const CatchClause& clause);
    bool brTable(std::span<const uint32_t> labels);
    bool brOnNull(uint32_t label);
    bool brOnNonNull(uint32_t label);
    bool brOnCast(const Instruction& i);
    bool returnBranch();
    bool callIndirect(uint32_t type, uint32_t table);
    bool callRef(uint32_t type);
    bool tailCall(const FuncType& callee);
    bool select();
    bool selectTyped(ValType type);
    bool refFunc(uint32_t index);
    bool convert(AbstractHeap from, AbstractHeap to);
    bool structNew(const Instruction& i);
    bool structGet(const Instruction& i);
    bool structSet(const Instruction& i);
    bool arrayNew(const Instruction& i);
    bool arrayGet(const Instruction& i);
    bool arrayCopy(const Instruction& i);
    bool arrayInit(const Instruction& i);

    // --- Looking up indices; null after fail() ---
    const Function* functionAt(uint32_t index);
    const FuncType* funcType(uint32_t index);
    const StructType* structType(uint32_t index);
    const ArrayType* arrayType(uint32_t index);
    const FieldType* field(uint32_t type, uint32_t index);
    const Table* table(uint32_t index);
    const Memory* memory(uint32_t index);
    const FuncType* tagParams(uint32_t index);
    const ElementSegment* elementSegment(uint32_t index);
    bool dataSegment(uint32_t index);
    static ValType indexType(const Limits& limits) { return limits.is64 ? kI64 : kI32; }
    static ValType ref(uint32_t type, bool nullable) { return ValType::ref(TypeIdx(type), nullable); }
};

}  // namespace engine
