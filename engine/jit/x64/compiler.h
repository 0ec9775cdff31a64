// FunctionCompiler: one pass over the cells of a function that writes x86-64 code. Operands are tracked, not computed, until something
// needs them: constants, copies of locals, conditions. The hottest locals have a register for the whole function. Owned by the Backend.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "engine/jit/analysis.h"
#include "engine/jit/backend.h"
#include "engine/jit/x64/registers.h"
#include "engine/jit/x64/stubs.h"

namespace engine {
struct ObjectLayout;
enum class ObjectKind : uint8_t;
}  // namespace engine

namespace engine::jit::x64 {

/// What a flags register says. FloatEqual and FloatNotEqual take two jumps (unordered operands).
enum class Condition : uint8_t {
    Equal,
    NotEqual,
    Less,
    GreaterEqual,
    Greater,
    LessEqual,
    Below,
    AboveEqual,
    Above,
    BelowEqual,
    FloatEqual,
    FloatNotEqual
};
Condition negated(Condition c);
/// The condition when the operands of the comparison are exchanged.
Condition mirrored(Condition c);

/// An operand of the guest's stack.
struct Operand {
    enum class Kind : uint8_t {
        Home,
        Constant,
        Local,
        General,
        Float,
        Vector,
        Condition,
        Upper
    } kind = Kind::Home;
    uint8_t reg = 0;
    Condition condition = Condition::Equal;
    uint32_t local = 0;  // Local: its slot
    uint64_t value = 0;  // Constant
};

/// Which of the locals with registers hold in them what they should (valid), and which in their home slots (clean). Never neither.
struct LocalState {
    uint32_t valid = 0, clean = 0;
};

class FunctionCompiler : private asmjit::ErrorHandler {
public:
    FunctionCompiler(const Stubs& stubs);
    std::unique_ptr<CompiledFunction> compile(Code& code, Jit& jit);

private:
    using Gp = x86::Gp;
    using Xmm = x86::Xmm;
    using Mem = x86::Mem;
    using InstId = asmjit::InstId;

    struct Label {
        asmjit::Label native;
        LocalState state;
        bool isReached = false;
        bool isEntry = false;  // the interpreter may come here: everything is at home
    };
    struct Pending {  // an exit whose code stands behind the function
        asmjit::Label native;
        uint32_t exit;
    };
    struct Stub {  // an entry that loads registers first
        asmjit::Label target;
        uint32_t cell, valid;
    };

    struct Look {  // whether an access touches what is watched
        asmjit::Label native, back, touched;
        uint8_t reg, bytesLog2;
        bool isWrite;
    };

    void handleError(asmjit::Error, const char* message, asmjit::BaseEmitter*) override;

    // compiler.cpp
    void beginCode();
    void countTick(uint32_t cell);
    void prologue();
    void cell(uint32_t i);
    void reach(uint32_t i);
    /// Code and tables outgrow the room there is for them.
    bool isTooLarge() const;
    void epilogue();
    std::unique_ptr<CompiledFunction> finish();
    bool constantsAndVariables(const Insn& c);
    void interpret(bool returns);
    /// The interpreter's handler does this cell without an exit, unless it traps.
    void callHandler(const Insn& c);
    /// The same of a cell that sees the frames.
    void executeInFrames(const Insn& c);
    void callHostDirectly(const Insn& c, const asmjit::Label& called);
    static bool hasPlainHandler(uint16_t op);
    void localGet(const Insn& c);
    void localSet(const Insn& c, bool isTee);
    void globalGet(const Insn& c);
    void globalSet(const Insn& c);
    void select(const Insn& c);

    // integers.cpp
    bool integer(const Insn& c);
    void alu(InstId inst, bool wide, bool commutes, const Insn& c);
    void multiply(bool wide, const Insn& c);
    void shift(InstId byImmediate, InstId byRegister, bool wide, const Insn& c);
    void rotate(InstId inst, bool wide, const Insn& c);
    void divide(bool wide, bool isSigned, bool remainder, const Insn& c);
    void compare(Condition condition, bool wide, const Insn& c);
    void isZero(bool wide, const Insn& c);
    void countBits(InstId inst, bool wide, const Insn& c);
    void extend(const Insn& c);
    void setCondition(Condition condition, uint32_t slot);

    // floats.cpp
    bool floating(const Insn& c);
    void floatBinary(InstId sse, InstId avx, bool isDouble, const Insn& c);
    void floatExtreme(bool isMin, bool isDouble, const Insn& c);
    void floatSign(const Insn& c);
    void copySign(bool isDouble, const Insn& c);
    void floatUnary(InstId sse, InstId avx, int rounding, bool isDouble, const Insn& c);
    void floatCompare(Condition condition, bool exchange, bool isDouble, const Insn& c);
    void convertFromInteger(bool isDouble, bool wide, bool isSigned, const Insn& c);
    void truncate(bool isDouble, bool wide, bool isSigned, bool saturates, const Insn& c);
    void saturate(bool isDouble, bool wide, bool isSigned, const Insn& c);
    void checkLeast(bool isDouble, bool wide, uint8_t x);
    void subtract2To63(bool isDouble, uint8_t reg);
    void convertFloat(bool toDouble, const Insn& c);
    void reinterpret(bool toFloat, bool isDouble, const Insn& c);

    // vectors.cpp
    bool vector(const Insn& c);
    bool vectorVariable(const Insn& c);
    void localGetWide(const Insn& c);
    void localSetWide(const Insn& c);
    void selectWide(const Insn& c);
    bool lane(const Insn& c);
    void splat(const Insn& c);
    void spread(Op splat, uint8_t to, uint8_t from);
    void insertLane(uint32_t bytes, uint8_t to, uint8_t x, const asmjit::Operand& value, uint32_t lane);
    void extractLane(const Insn& c);
    bool vectorAccess(const Insn& c);
    void loadVector(const Insn& c);
    bool isVectorLocal(uint32_t slot) const;
    uint8_t vectorRegister(uint32_t slot);
    void setVector(uint32_t slot, uint8_t reg);
    uint8_t resultVector(uint32_t x, uint32_t y);
    void finishVector(const Insn& c, uint8_t reg);

    // vector_operations.cpp
    struct ExtremeInstructions {
        InstId extreme, ofEqual, compare, blend, sum;
    };
    bool vectorOperation(const Insn& c);
    bool longVectorOperation(const Insn& c);
    void shiftVector(const Insn& c, uint32_t inst);
    uint8_t shiftCount(const Insn& c, uint32_t mask, uint32_t added);
    void shiftBytes(const Insn& c);
    void vectorTest(const Insn& c, uint32_t inst);
    template <class Result>
    void vectorExtreme(const ExtremeInstructions& i, const Xmm& x, const Xmm& y, const Result& result);
    template <class Result>
    void shuffle(const Insn& c, const Xmm& x, const Xmm& y, const Result& result);
    template <class Result>
    bool convertVector(Op op, const Xmm& x, const Result& result);
    Mem poolVector(uint64_t low, uint64_t high);

    // gc.cpp
    bool garbageCollected(const Insn& c);
    uint64_t contentsOf(ObjectKind kind) const;
    void structNew(const Insn& c, const ObjectLayout& layout);
    void structGet(const Insn& c);
    void structSet(const Insn& c);
    Mem element(uint32_t slot, uint32_t bytes);
    void arrayGet(const Insn& c);
    void arraySet(const Insn& c);
    void arrayLength(const Insn& c);
    uint8_t packed(uint32_t slot, uint32_t bits);
    static bool canCast(const CastTarget& target);
    void cast(uint8_t reference, const CastTarget& target, uint8_t t, uint8_t u, const asmjit::Label& fails);
    bool castOrTest(const Insn& c);
    bool branchOnCast(const Insn& c);
    void i31(const Insn& c);

    // memory.cpp
    void lookAtMemory();
    bool memory(const Insn& c);
    /// What machine code can access itself goes to m_access.
    bool findAccess(const Insn& c);
    void load(const Insn& c);
    void store(const Insn& c);
    void memorySize(const Insn& c);
    /// The address of `bytes` bytes, in bounds or sure to fault: operand `slot` plus the offset of m_access.
    Mem address(uint32_t slot, uint32_t bytes);
    Mem place(uint32_t slot, uint32_t bytes);
    /// Whether such accesses are to be looked at for what is watched.
    bool mustLook(bool isWrite) const;
    /// Goes to `touched` if an access there may touch it; writes `free`.
    void look(const Mem& at, uint32_t bytesLog2, bool isWrite, uint8_t free, const asmjit::Label& touched);
    void lookCloser(const Look& l);

    // bulk.cpp
    bool bulk(const Insn& c);
    void copyUnrolled(const Insn& c, uint32_t length);
    void fillUnrolled(const Insn& c, uint8_t byte, uint32_t length);
    void callBulk(const Insn& c, const uint8_t* stub, bool isCopy);
    /// By way of register `end`.
    void checkBounds(uint8_t address, uint32_t length, uint8_t end, const asmjit::Label& outside);
    /// Whether the bytes there, as many as are copied one by one, may be watched.
    void lookAround(uint8_t address, uint8_t free, bool isWrite, const asmjit::Label& touched);
    void moveInteger(uint32_t bytes, const Mem& to, uint8_t from);

    // control.cpp
    bool control(const Insn& c);
    void loop();
    void branch(uint32_t target, const Move& move);
    void branchIf(uint32_t slot, uint32_t target, const Move& move, bool whenTrue);
    void branchTable(const Insn& c);
    void returnFrom(uint32_t source, uint32_t count);
    void call(const Insn& c, FuncAddr callee);
    void callIndirect(const Insn& c);
    void callReference(const Insn& c);
    struct Callee {
        uint8_t function;  // register that points to the FunctionInstance
        uint8_t free;      // one that may be written
    };
    Callee indirectCallee(const Insn& c, const asmjit::Label& slow);
    void loadElements(uint32_t table, uint8_t index, uint8_t elements, uint8_t size,
                      const asmjit::Label& outside);
    void loadFunction(uint8_t reference, uint8_t function, const asmjit::Label& slow);
    Mem machineCodeOf(uint8_t function) const;
    bool hasOurResults(const FuncType& type) const;
    void returnCall(const Insn& c);
    void returnCallIndirect(const Insn& c);
    /// Moves the arguments, by way of `free`, to where ours began and jumps.
    void tailJump(const asmjit::Operand& target, uint32_t arguments, uint32_t slots, uint8_t free);
    void nonNull(const Insn& c);
    void tableGet(const Insn& c);
    void tableSize(const Insn& c);
    void branchOnNull(const Insn& c);
    void branchOn(Condition condition, uint32_t target, const Move& move);
    void callNative(const asmjit::Operand& target, uint32_t base);
    bool isInstance(FuncAddr function) const;
    void jumpIf(Condition condition, const asmjit::Label& target);
    Condition conditionOf(uint32_t slot);
    void moveSlots(const Move& move);
    Label& labelAt(uint32_t cell);
    Label& targetOf(uint32_t target);
    /// The interpreter may go on at that cell ahead.
    void expect(uint32_t target);
    void expectCatches();

    // operands.cpp
    Operand& at(uint32_t slot) { return m_operands[slot - m_code->localSlots]; }
    Mem home(uint32_t slot, uint32_t bytes = 8) const {
        return x86::ptr(kFrame, static_cast<int32_t>(slot * 8), bytes);
    }
    static Mem contextField(size_t offset) { return x86::ptr(kContext, static_cast<int32_t>(offset), 8); }
    static Gp gp(uint8_t reg, bool wide = true) { return wide ? Gp(x86::gpq(reg)) : Gp(x86::gpd(reg)); }
    static Xmm xmm(uint8_t reg) { return x86::xmm(reg); }
    uint8_t takeGeneral();
    uint8_t takeFloat();
    /// Makes this register free for the present instruction.
    void takeRegister(uint8_t reg);
    /// The register that holds an operand; a local's own register must not be written.
    uint8_t general(uint32_t slot);
    uint8_t floating(uint32_t slot);
    /// Whether the operand, of one slot, is in a register of floats.
    bool isFloatOperand(uint32_t slot) const;
    /// A register, a place in memory, or a constant that fits.
    asmjit::Operand source(uint32_t slot, bool wide);
    asmjit::Operand floatSource(uint32_t slot, uint32_t bytes);
    /// Where a result may be written that replaces operand `reuse` (or nothing) and is made of `other` too: the register of the local that the next
    /// cell sets, or that of the operand, or a new one. Nothing may be written to it before `other` was read, unless isFree says so.
    uint8_t resultGeneral(uint32_t reuse, uint32_t other);
    uint8_t resultFloat(uint32_t reuse, uint32_t other);
    uint32_t nextLocal(bool isFloat) const;
    /// The cell behind this one, if it is come to from here alone and no breakpoint stands before it; else null.
    const Insn* onlySuccessor() const;
    void setGeneral(uint32_t slot, uint8_t reg);
    void setFloat(uint32_t slot, uint8_t reg);
    void setConstant(uint32_t slot, uint64_t value);
    void release(uint32_t slot);
    void spill(uint32_t slot);
    void dropFrom(uint32_t slot);
    void flushOperands();
    void flushBelow(uint32_t end);
    /// Operands below `end` go home; those further down, below the first that is there, have done so.
    void settle(uint32_t end);
    void storeOperand(uint32_t slot, uint32_t home);
    /// Copies of the local on the operand stack become values of their own.
    void detach(uint32_t localSlot, uint32_t except1, uint32_t except2);
    void loadConstant(uint8_t reg, uint64_t value);
    asmjit::Label poolConstant(uint64_t value);
    void ensureLocal(uint8_t index);
    void storeLocal(uint8_t index);
    void loadLocal(uint8_t index);
    void leaveRegisters();
    void conform(const LocalState& to);
    bool conforms(const LocalState& to) const;
    void allAtHome();
    uint32_t makeExit(Exit::Kind kind, uint32_t cell, uint32_t offset);
    /// A label that leaves for the interpreter, at the present cell.
    asmjit::Label exitHere();
    asmjit::Label exitAt(Exit::Kind kind, uint32_t cell);
    /// The next machine instruction may fault.
    void mayFault();

    const Stubs& m_stubs;
    asmjit::CodeHolder m_holder;
    x86::Assembler a;
    bool m_hasBmi1 = false, m_hasBmi2 = false, m_hasLzcnt = false, m_hasPopcnt = false, m_hasAvx = false,
         m_hasSse41 = false;

    Code* m_code = nullptr;
    Jit* m_jit = nullptr;
    Analysis m_analysis;
    uint32_t m_cell = 0;
    uint32_t m_lastCode = 0;  // where that of the present cell begins
    uint32_t m_top = 0;       // slot behind the highest operand
    bool m_isDead = false;
    bool m_hasFailed = false;
    bool m_flagsLive = false;
    struct Access {
        Op op = Op::Nop;
        uint64_t offset = 0;
        uint32_t lane = 0;
        const uint8_t* base = nullptr;  // of another memory than 0
    } m_access;
    uint32_t m_memoryBytesLog2 = 16;
    bool m_memoryIsGuarded = false, m_memoryIs64 = false;

    std::vector<Operand> m_operands;
    std::vector<uint16_t> m_copies;  // by local slot: operands that are copies of it
    uint32_t m_usedGeneral = 0, m_usedFloat = 0, m_pinnedGeneral = 0, m_pinnedFloat = 0;
    std::array<uint32_t, 16> m_ownerGeneral{}, m_ownerFloat{};
    LocalState m_state;
    uint32_t m_allLocals = 0;

    std::vector<uint32_t> m_heights;  // by cell: operand slots before it
    std::vector<uint32_t> m_labelOf;  // by cell: index + 1
    std::vector<uint32_t> m_loopOf;
    std::vector<Label> m_labels;
    std::vector<Pending> m_pending;
    std::vector<Stub> m_entryStubs;
    std::vector<Look> m_looks;
    std::map<uint64_t, asmjit::Label> m_pool;  // constants behind the code
    std::map<std::pair<uint64_t, uint64_t>, asmjit::Label> m_vectorPool;
    std::unique_ptr<CompiledFunction> m_result = std::make_unique<CompiledFunction>();  // used again
};

}  // namespace engine::jit::x64
