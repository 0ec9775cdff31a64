#include "engine/function_walker.h"

#include <algorithm>

#include "engine/function_walker_run.h"
#include "engine/limits.h"

namespace engine {

namespace {

constexpr ValKind kindOf(char letter) {
    switch (letter) {
    case 'i': return ValKind::I32;
    case 'I': return ValKind::I64;
    case 'f': return ValKind::F32;
    case 'F': return ValKind::F64;
    case 'v': return ValKind::V128;
    default: return ValKind::Ref;
    }
}

constexpr FixedSignature unpack(std::string_view text) {
    FixedSignature signature;
    if (!isFixedSignature(text)) return signature;
    bool results = false;
    for (const char letter : text) {
        if (letter == ':')
            results = true;
        else if (results)
            signature.out[signature.pushes++] = kindOf(letter);
        else
            signature.in[signature.pops++] = kindOf(letter);
    }
    return signature;
}

constexpr std::array<FixedSignature, kOpCount> makeSignatures() {
    constexpr std::string_view kTexts[] = {
#define OP(id, text, prefix, code, imm, signature, feature) signature,
#include "engine/opcodes.def"
#undef OP
    };
    std::array<FixedSignature, kOpCount> signatures{};
    for (uint32_t i = 0; i < kOpCount; ++i)
        signatures[i] = unpack(kTexts[i]);
    return signatures;
}

}  // namespace

constexpr std::array<FixedSignature, kOpCount> kFixedSignatures = makeSignatures();
constexpr std::array<FixedSignature, kOpCount> kFixedSignatures32 = [] {
    std::array<FixedSignature, kOpCount> signatures = makeSignatures();
    for (FixedSignature& signature : signatures) {
        std::replace(signature.in.begin(), signature.in.end(), ValKind::Ref, ValKind::I32);
        std::replace(signature.out.begin(), signature.out.end(), ValKind::Ref, ValKind::I32);
    }
    return signatures;
}();

// --- Failing ----------------------------------------------------------------------------------------------------

bool FunctionWalker::Impl::fail(ErrorCode code, std::string message) {
    if (error) return false;
    error = Error{code, std::move(message), {}};
    error->where.offset = instruction.offset;
    return false;
}

bool FunctionWalker::Impl::mismatch(const std::string& detail) {
    return invalid("type mismatch: " + std::string(row(instruction.op).text) + " " + detail);
}

bool FunctionWalker::Impl::unknown(std::string_view what, uint32_t index) {
    return invalid("unknown " + std::string(what) + " " + std::to_string(index));
}

Error FunctionWalker::Impl::takeError() {
    Error result = reader.ok() ? *error : reader.error();  // what could not be read comes first
    result.where.file = module.fileName;
    if (!isConst) {
        result.where.section = "code";
        result.where.function = function.value;
    }
    return result;
}

// --- Operands ---------------------------------------------------------------------------------------------------

void FunctionWalker::Impl::grow(size_t atLeast) {
    const auto used = static_cast<size_t>(top - stack.data()),
               bottom = static_cast<size_t>(floor - stack.data());
    stack.resize(std::max(stack.size() * 2, used + atLeast + 64));
    top = stack.data() + used;
    floor = stack.data() + bottom;
    capacity = stack.data() + stack.size();
}

bool FunctionWalker::Impl::popSlow(ValType expected) {
    if (top == floor) {
        if (frames.back().unreachable) return true;
        return mismatch("expected " + toText(expected) + ", found nothing");
    }
    const ValType found = top[-1];
    if (!isSubtype(module, found, expected))
        return mismatch("expected " + toText(expected) + ", found " + toText(found));
    --top;
    slots -= found.slots();
    return true;
}

bool FunctionWalker::Impl::popAny(ValType& type) {
    type = kBottom;
    if (top == floor) return frames.back().unreachable || mismatch("expected an operand, found nothing");
    type = *--top;
    slots -= type.slots();
    return true;
}

bool FunctionWalker::Impl::popRef(ValType& type) {
    if (!popAny(type)) return false;
    return type.isRef() || type == kBottom || mismatch("expected a reference, found " + toText(type));
}

bool FunctionWalker::Impl::checkAll(std::span<const ValType> types) {
    const auto present = static_cast<size_t>(top - floor);
    for (size_t depth = 0; depth < types.size(); ++depth) {
        const ValType expected = types[types.size() - 1 - depth];
        if (depth >= present)
            return frames.back().unreachable || mismatch("expected " + toText(expected) + ", found nothing");
        const ValType found = top[-1 - static_cast<ptrdiff_t>(depth)];
        if (!isSubtype(module, found, expected))
            return mismatch("expected " + toText(expected) + ", found " + toText(found));
    }
    return true;
}

void FunctionWalker::Impl::setUnreachable() {
    top = floor;
    slots = frames.back().slotHeight;
    frames.back().unreachable = true;
}

// --- Frames -----------------------------------------------------------------------------------------------------

void FunctionWalker::Impl::pushFrame(Op op, std::span<const ValType> params, std::span<const ValType> results,
                                     uint32_t offset) {
    frames.push_back({op, params, results, static_cast<uint32_t>(top - stack.data()), slots, false, offset,
                      static_cast<uint32_t>(initStack.size())});
    floor = top;
    if (!params.empty()) pushAll(params);
}

/// Takes the results of the present frame, and nothing else may be left.
bool FunctionWalker::Impl::popFrameResults() {
    if (!popAll(frames.back().results)) return false;
    if (top == floor) return true;
    const auto left = top - floor;
    return mismatch("expected " + std::to_string(frames.back().results.size()) + " operands, found " +
                    std::to_string(left) + " more, the last " + toText(top[-1]));
}

/// The second part of a block: else, catch.
void FunctionWalker::Impl::restartFrame(Op op) {
    ControlFrame& frame = frames.back();
    top = floor;
    slots = frame.slotHeight;
    frame.op = op;
    frame.unreachable = false;
    forgetInitialised(frame.initHeight);
}

void FunctionWalker::Impl::dropFrame() {
    forgetInitialised(frames.back().initHeight);
    frames.pop_back();
    if (!frames.empty()) floor = stack.data() + frames.back().height;
}

void FunctionWalker::Impl::forgetInitialised(uint32_t height) {
    while (initStack.size() > height) {
        initMark[initStack.back()] = 0;
        initStack.pop_back();
    }
}

// --- Locals -----------------------------------------------------------------------------------------------------

ValType FunctionWalker::Impl::localTypeSlow(uint32_t local) const {
    return std::upper_bound(runs.begin(), runs.end(), local,
                            [](uint32_t l, const LocalRun& run) { return l < run.end; })
        ->type;
}

bool FunctionWalker::Impl::isSet(uint32_t local) const {
    return isDefaultable(localType(local)) || initMark[local] == initEpoch;
}

void FunctionWalker::Impl::markSet(uint32_t local, ValType type) {
    if (isDefaultable(type) || initMark[local] == initEpoch) return;
    initMark[local] = initEpoch;
    initStack.push_back(local);
}

void FunctionWalker::Impl::addLocals(uint32_t count, ValType type) {
    if (count == 0) return;
    for (uint32_t i = localCount; i < kFlatLocals && i < localCount + count; ++i)
        flat[i] = type;
    localCount += count;
    allLocalSlots += static_cast<uint64_t>(count) * type.slots();
    if (!runs.empty() && runs.back().type == type)
        runs.back().end = localCount;
    else
        runs.push_back({localCount, type});
}

bool FunctionWalker::Impl::readLocals() {
    const uint32_t parameters = localCount;
    BinaryReader& bytes = reader.bytes();
    const uint32_t groups = bytes.u32();
    for (uint32_t i = 0; i < groups && bytes.ok(); ++i) {
        const uint32_t count = bytes.u32();
        const ValType type = bytes.valType();
        if (count > limits::kLocals || localCount - parameters + count > limits::kLocals)
            return fail(ErrorCode::Limit, "too many locals: limit " + std::to_string(limits::kLocals));
        if (count != 0 && !isDefaultable(type)) tracksInit = true;
        addLocals(count, type);
    }
    if (!bytes.ok()) return false;
    if (!tracksInit) return true;
    if (initMark.size() < localCount) initMark.resize(localCount);
    for (uint32_t i = 0; i < parameters; ++i)
        initMark[i] = initEpoch;
    return true;
}

void FunctionWalker::Impl::expandLocals() {
    allLocals.clear();
    localSlotOffsets.clear();
    uint32_t slot = 0;
    for (const LocalRun& run : runs) {
        while (allLocals.size() < run.end) {
            allLocals.push_back(run.type);
            localSlotOffsets.push_back(slot);
            slot += run.type.slots();
        }
    }
}

// --- Walking ----------------------------------------------------------------------------------------------------

void FunctionWalker::Impl::reset(uint32_t resultCount) {
    error.reset();
    if (stack.size() < resultCount + 64) stack.resize(resultCount + 64);
    top = floor = stack.data();
    capacity = stack.data() + stack.size();
    slots = maxSlots = 0;
    frames.clear();
    runs.clear();
    localCount = 0;
    allLocalSlots = 0;
    tracksInit = false;
    initStack.clear();
    if (++initEpoch == 0) {
        std::fill(initMark.begin(), initMark.end(), 0);
        initEpoch = 1;
    }
}

namespace {

/// No sink: the module is being validated.
struct Nobody {
    void before(Fast, const Instruction&) {}
    void after(const Instruction&) {}
};
/// A sink that may be anything.
struct Anybody {
    InstructionSink* sink;
    const FunctionWalker& owner;
    void before(Fast, const Instruction& i) {
        if (sink) sink->onInstruction(i, owner);
    }
    void after(const Instruction& i) {
        if (sink) sink->afterInstruction(i, owner);
    }
};

}  // namespace

bool FunctionWalker::Impl::begin(FuncIdx index) {
    const FuncType& type = module.typeOf(index);
    const engine::Function& body = module.functions[index.value];
    CHECK(!body.import);
    reset(static_cast<uint32_t>(type.results.size()));
    function = index;
    isConst = false;
    instruction.offset = body.body.begin;
    instruction.op = Op::Call;
    for (const ValType param : type.params)
        addLocals(1, param);
    reader.start(body.body);
    if (!readLocals()) return false;
    pushFrame(Op::Call, {}, type.results, body.code.begin);
    return true;
}

Result<> FunctionWalker::Impl::walk(FuncIdx index, InstructionSink* sink) {
    if (!begin(index)) return takeError();
    if (sink) expandLocals();
    Nobody nobody;
    Anybody anybody{sink, *owner};
    if (sink ? !run(anybody) : !run(nobody)) return takeError();
    return {};
}

Result<> FunctionWalker::Impl::walkConst(const ConstExpr& expression, ValType expected, uint32_t globals,
                                         InstructionSink* sink) {
    reset(1);
    isConst = true;
    visibleGlobals = globals;
    instruction.offset = expression.bytes.begin;
    reader.start(expression.bytes);
    allLocals.clear();
    localSlotOffsets.clear();
    const ValType result = expected;
    pushFrame(Op::Call, {}, {&result, 1}, expression.bytes.begin);
    Anybody anybody{sink, *owner};
    if (!run(anybody)) return takeError();
    return {};
}

// --- The interface ----------------------------------------------------------------------------------------------

FunctionWalker::FunctionWalker(const Module& module) : m(std::make_unique<Impl>(module)) { m->owner = this; }
FunctionWalker::~FunctionWalker() = default;

Result<> FunctionWalker::walk(FuncIdx function, InstructionSink* sink) { return m->walk(function, sink); }
Result<> FunctionWalker::walkConst(const ConstExpr& expression, ValType expected, uint32_t visibleGlobals,
                                   InstructionSink* sink) {
    return m->walkConst(expression, expected, visibleGlobals, sink);
}

const Module& FunctionWalker::module() const { return m->module; }
FuncIdx FunctionWalker::function() const { return m->function; }
bool FunctionWalker::reachable() const { return !m->frames.empty() && !m->frames.back().unreachable; }
std::span<const ValType> FunctionWalker::locals() const { return m->allLocals; }
uint32_t FunctionWalker::localSlot(uint32_t local) const { return m->localSlotOffsets[local]; }
uint32_t FunctionWalker::localSlots() const { return static_cast<uint32_t>(m->allLocalSlots); }
std::span<const ValType> FunctionWalker::operands() const { return {m->stack.data(), m->top}; }
uint32_t FunctionWalker::operandSlots() const { return m->slots; }
ValType FunctionWalker::operand(uint32_t depth) const {
    return static_cast<size_t>(m->top - m->floor) > depth ? m->top[-1 - static_cast<ptrdiff_t>(depth)]
                                                          : kBottom;
}
const ControlFrame& FunctionWalker::label(uint32_t depth) const { return m->frameAt(depth); }
uint32_t FunctionWalker::labels() const { return static_cast<uint32_t>(m->frames.size()); }
uint32_t FunctionWalker::maxSlots() const { return localSlots() + m->maxSlots; }

namespace {

class OperandsAt : public InstructionSink {
public:
    explicit OperandsAt(uint32_t offset) : m_offset(offset) {}
    void onInstruction(const Instruction& instruction, const FunctionWalker& walker) override {
        if (instruction.offset != m_offset) return;
        const auto operands = walker.operands();
        found = std::vector<ValType>(operands.begin(), operands.end());
    }
    std::optional<std::vector<ValType>> found;

private:
    uint32_t m_offset;
};

}  // namespace

void operandSlotsBefore(FunctionWalker& walker, FuncIdx function, std::vector<uint32_t>& slots) {
    struct Slots {
        const FunctionWalker::Impl& walker;
        std::vector<uint32_t>& found;
        void before(Fast, const Instruction&) { found.push_back(walker.slots); }
        void after(const Instruction&) {}
    };
    slots.clear();
    Slots sink{walker.impl(), slots};
    CHECK(walker.impl().begin(function) && walker.impl().run(sink));
}

uint32_t operandsTaken(const Instruction& i, const FunctionWalker& walker) {
    const OpRow& r = row(i.op);
    if (!r.takesListed()) return r.ownOperands();
    const Module& module = walker.module();
    const auto listed = [&]() -> size_t {
        switch (r.imm) {
        case Imm::Block:
        case Imm::TryTable: return i.block.params.size();
        case Imm::Label:
        case Imm::CastBranch: return walker.label(i.index).branchTypes().size();
        case Imm::LabelTable: return walker.label(i.labels.back()).branchTypes().size();
        case Imm::Func: return module.typeOf(FuncIdx(i.index)).params.size();
        case Imm::Tag: return module.types[module.tags[i.index].type.type.value].func.params.size();
        case Imm::CallIndirect: return module.types[i.index].func.params.size();
        case Imm::Type: {
            const DefinedType& type = module.types[i.index];
            return type.kind == CompositeKind::Struct ? type.structure.fields.size()
                                                      : type.func.params.size();
        }
        case Imm::TypeU32: return i.index2;
        default: return walker.label(walker.labels() - 1).branchTypes().size();  // return
        }
    };
    return static_cast<uint32_t>(listed()) + r.ownOperands();
}

Result<std::vector<ValType>> operandTypesAt(const Module& module, FuncIdx function, uint32_t offset) {
    FunctionWalker walker(module);
    OperandsAt sink(offset);
    if (auto walked = walker.walk(function, &sink); !walked) return std::move(walked.error());
    if (sink.found) return std::move(*sink.found);
    Error error{ErrorCode::NotFound, "no instruction begins there", {}};
    error.where = {module.fileName, "code", offset, function.value};
    return error;
}

Result<std::vector<ValType>> localTypes(const Module& module, FuncIdx function) {
    std::vector<ValType> types = module.typeOf(function).params;
    const Function& body = module.functions[function.value];
    if (body.import) return types;
    BinaryReader bytes(*module.bytes, body.body);
    const uint32_t groups = bytes.u32();
    for (uint32_t i = 0; i < groups && bytes.ok(); ++i) {
        const uint32_t count = bytes.u32();
        types.insert(types.end(), std::min(count, limits::kLocals), bytes.valType());
    }
    if (!bytes.ok()) return bytes.error();
    return types;
}

uint32_t slotsOf(std::span<const ValType> types) {
    uint32_t slots = 0;
    for (const ValType type : types)
        slots += type.slots();
    return slots;
}

}  // namespace engine
