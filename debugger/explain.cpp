#include "debugger/explain.h"

#include <algorithm>

#include "debugger/variables.h"
#include "engine/evaluate.h"
#include "engine/function_walker.h"
#include "engine/type_registry.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Imm;
using engine::Op;
using engine::Result;
using engine::TrapKind;
using engine::Value;

namespace {

/// "7", "7 and 0", "1, 2 and 3"; of many the first ones.
std::string listed(std::span<const std::string> items) {
    constexpr size_t kMost = 8;
    std::string text;
    const size_t shown = std::min(items.size(), kMost);
    for (size_t i = 0; i < shown; i++) {
        if (i > 0) text += i + 1 == items.size() ? " and " : ", ";
        text += items[i];
    }
    return shown < items.size() ? text + " and " + std::to_string(items.size() - shown) + " more" : text;
}

/// What validation knows at one instruction, kept beyond the walk.
struct Known {
    engine::Instruction instruction;
    std::vector<uint32_t> labels;  // of br_table
    struct Label {
        Op op;
        uint32_t beginOffset;
    };
    std::vector<Label> enclosing;  // innermost first; the last is the function
};

class KnownSink final : public engine::InstructionSink {
public:
    KnownSink(Known& known, uint32_t offset) : m_known(known), m_offset(offset) {}
    void onInstruction(const engine::Instruction& instruction,
                       const engine::FunctionWalker& walker) override {
        if (instruction.offset != m_offset) return;
        m_known.instruction = instruction;
        m_known.labels.assign(instruction.labels.begin(), instruction.labels.end());
        for (uint32_t i = 0; i < walker.labels(); i++)
            m_known.enclosing.push_back({walker.label(i).op, walker.label(i).beginOffset});
    }

private:
    Known& m_known;
    uint32_t m_offset;
};

/// Makes the sentences about the next instruction of one frame.
class Next {
public:
    Next(Debuggee& debuggee, Places& places, const StackFrame& frame, Explanation& out)
        : m_debuggee(debuggee), m_places(places), m_frame(frame), m_out(out) {}

    Result<> explain(const OperandStack& stack) {
        const engine::FuncIdx function(m_frame.location.function);
        KnownSink sink(m_known, m_frame.location.offset);
        engine::FunctionWalker walker(m_places.module());
        TRY(walker.walk(function, &sink));
        m_out.typing = stack.nextSignature;
        m_leaves = stack.leaves;
        if (m_frame.wasmFrame > 0) {
            m_out.effect = "is being executed: the frames above belong to the function that it called";
            return {};
        }
        std::vector<Value> values = TRY(m_debuggee.machine().operands(0));
        const size_t taken = std::min({size_t{stack.takes}, values.size(), stack.operands.size()});
        m_out.operands.assign(stack.operands.end() - static_cast<ptrdiff_t>(taken), stack.operands.end());
        m_values.assign(values.end() - static_cast<ptrdiff_t>(taken), values.end());
        std::string effect;
        if (taken > 0) {
            std::vector<std::string> texts;
            for (const WasmValue& operand : m_out.operands)
                texts.push_back(operand.value);
            effect = "takes " + listed(texts) + " from the stack; ";
        }
        m_out.effect = effect + outcome(m_known.instruction);
        return {};
    }

private:
    std::string outcome(const engine::Instruction& i) {
        switch (engine::row(i.op).imm) {
        case Imm::I32: return leaves(Value::i32(static_cast<uint32_t>(i.value)));
        case Imm::I64: return leaves(Value::i64(i.value));
        case Imm::F32: return leaves({engine::kF32, i.value, 0});
        case Imm::F64: return leaves({engine::kF64, i.value, 0});
        case Imm::V128: return leaves({engine::kV128, i.value, i.value2});
        case Imm::Local: return local(i);
        case Imm::Global: return global(i);
        case Imm::MemArg:
        case Imm::MemArgLane: return access(i);
        case Imm::Memory:
        case Imm::MemoryMemory: return memory(i);
        case Imm::Block:
        case Imm::TryTable: return i.op == Op::If ? condition(i) : goesOn();
        case Imm::Label:
        case Imm::LabelTable: return branch(i);
        case Imm::Func: return i.op == Op::RefFunc ? leavesOfItsTypes() : call(i.index);
        case Imm::CallIndirect: return indirect(i);
        case Imm::None: return plain(i);
        default: return leavesOfItsTypes();
        }
    }

    std::string plain(const engine::Instruction& i) {
        if (const auto result = engine::evaluate(i.op, m_values))
            return result->trap == TrapKind::None ? leaves(result->result) : traps(toText(result->trap));
        switch (i.op) {
        case Op::Unreachable: return traps(toText(TrapKind::Unreachable));
        case Op::Return: return "returns " + caller();
        case Op::End:
            if (m_known.enclosing.size() == 1) return "returns " + caller();
            return "ends the " + std::string(engine::row(m_known.enclosing[0].op).text) + " that began at " +
                   hexText(m_known.enclosing[0].beginOffset);
        case Op::Else:
            return "jumps behind the end of the if, to " + behindEnd(m_known.enclosing[0].beginOffset);
        case Op::Select:
            if (m_values.size() == 3)
                return leaves(m_values[static_cast<uint32_t>(m_values[2].low) != 0 ? 0 : 1]);
            return leavesOfItsTypes();
        case Op::RefIsNull:
            if (m_values.size() == 1) return leaves(Value::i32(m_values[0].low == 0));
            return leavesOfItsTypes();
        case Op::Drop: return "forgets it";
        case Op::Nop: return goesOn();
        default: return leavesOfItsTypes();
        }
    }

    std::string leaves(const Value& value) {
        m_out.results = {describe(value)};
        const std::string shape = shapesOf(engine::row(m_known.instruction.op).text).result;
        if (const std::string text = textInShape(m_out.results[0].lanes, shape); !text.empty())
            m_out.results[0].value = text;
        return "leaves " + m_out.results[0].value;
    }
    std::string leavesOfItsTypes() const {
        if (m_leaves.empty()) return "leaves nothing";
        std::string types;
        for (const std::string& type : m_leaves)
            types += (types.empty() ? "" : " ") + type;
        return (m_leaves.size() == 1 ? "leaves a value of type " : "leaves values of the types ") + types;
    }
    std::string traps(const std::string& what) {
        m_out.willTrap = true;
        return "will trap: " + what;
    }
    static std::string goesOn() { return "goes on with the next instruction"; }

    std::string local(const engine::Instruction& i) {
        const std::string name =
            "local " +
            engine::localLabel(m_places.module(), engine::FuncIdx(m_frame.location.function), i.index);
        const auto value = m_debuggee.machine().local(0, i.index);
        if (!value) return leavesOfItsTypes();
        if (i.op == Op::LocalGet) return leaves(*value) + ", the value of " + name;
        return "stores it in " + name + ", which holds " + toText(*value) + " now" +
               (i.op == Op::LocalTee ? "; leaves it on the stack too" : "");
    }

    std::string global(const engine::Instruction& i) {
        const engine::Instance& instance = m_debuggee.store().instance(m_debuggee.instance());
        if (i.index >= instance.globals.size()) return leavesOfItsTypes();
        const engine::GlobalInstance& global = m_debuggee.store().global(instance.globals[i.index]);
        const std::string name =
            "global " + engine::globalLabel(m_places.module(), engine::GlobalIdx(i.index));
        const Value value{global.type.type, global.low, global.high};
        if (i.op == Op::GlobalGet) return leaves(value) + ", the value of " + name;
        return "stores it in " + name + ", which holds " + toText(value) + " now";
    }

    // ------------------------------------------------------------------------------------------------------------ memory

    static uint64_t address(const Value& value) {
        return value.type == engine::kI32 ? static_cast<uint32_t>(value.low) : value.low;
    }

    /// Checks [address, address + length) of memory `index`; if a byte is missing, `problem` is the trap's sentence.
    engine::LinearMemory* reach(uint32_t index, uint64_t begin, uint64_t length, std::string& problem) {
        engine::LinearMemory* memory = m_debuggee.memory(index);
        if (!memory || memory->contains(begin, length)) return memory;
        problem = engine::Trap{TrapKind::OutOfBoundsMemory, begin, length, memory->size(), index, {}}.text();
        return nullptr;
    }

    std::string access(const engine::Instruction& i) {
        if (m_values.empty()) return leavesOfItsTypes();
        const uint64_t base = address(m_values[0]), length = engine::accessBytes(i.op);
        const uint64_t begin = base + i.value;
        const std::string bytes = std::to_string(length) + (length == 1 ? " byte" : " bytes");
        const std::string where =
            hexText(begin) + (i.value == 0 ? "" : " (" + hexText(base) + " + " + hexText(i.value) + ")");
        if (begin < base) return traps(toText(TrapKind::OutOfBoundsMemory) + ": the address is beyond 2^64");
        if (engine::row(i.op).prefix == 0xfe && begin % length != 0)
            return traps(toText(TrapKind::UnalignedAtomic) + ": " + hexText(begin) +
                         " is not a multiple of " + std::to_string(length));
        std::string problem;
        const engine::LinearMemory* memory = reach(i.index, begin, length, problem);
        if (!problem.empty()) return traps(problem);
        const std::string_view name = engine::row(i.op).text;
        if (name.find(".store") != std::string_view::npos) return "writes " + bytes + " at " + where;
        if (!memory || engine::row(i.op).prefix == 0xfe) return "accesses " + bytes + " at " + where;
        const auto value = engine::evaluateLoad(i.op, memory->bytes().subspan(begin, length));
        return "reads " + bytes + " at " + where + "; " + (value ? leaves(*value) : leavesOfItsTypes());
    }

    std::string memory(const engine::Instruction& i) {
        const engine::LinearMemory* memory = m_debuggee.memory(i.index);
        if (!memory) return leavesOfItsTypes();
        const bool is64 = memory->type().limits.is64;
        if (i.op == Op::MemorySize)
            return leaves(is64 ? Value::i64(memory->pages())
                               : Value::i32(static_cast<uint32_t>(memory->pages()))) +
                   ", the size of memory " + std::to_string(i.index) + " in pages";
        if (i.op == Op::MemoryGrow) {
            const auto& max = memory->type().limits.max;
            return "asks for more pages; the memory has " + std::to_string(memory->pages()) +
                   (max ? " of at most " + std::to_string(*max) : "");
        }
        if (m_values.size() != 3) return leavesOfItsTypes();
        const uint64_t to = address(m_values[0]), from = address(m_values[1]), count = address(m_values[2]);
        std::string problem;
        (void)reach(i.index, to, count, problem);
        if (i.op == Op::MemoryCopy && problem.empty()) (void)reach(i.index2, from, count, problem);
        if (!problem.empty()) return traps(problem);
        const std::string bytes = std::to_string(count) + (count == 1 ? " byte" : " bytes");
        if (i.op == Op::MemoryFill)
            return "sets " + bytes + " from " + hexText(to) + " on to " + std::to_string(from & 0xff);
        return "copies " + bytes + " from " + hexText(from) + " to " + hexText(to);
    }

    // ----------------------------------------------------------------------------------------------------------- control

    /// "0x1f3 (wordcount.c:12)".
    std::string place(uint32_t offset) const {
        return hexText(offset) +
               (m_places.hasLine(offset) ? " (" + m_places.text(m_places.location(offset)) + ")" : "");
    }

    /// The instruction behind the `end` (or, for an if, the `else`) that belongs to what begins at an offset.
    std::string behindEnd(uint32_t beginOffset, bool orElse = false) const {
        const auto& lines = m_places.instructions(engine::FuncIdx(m_frame.location.function));
        const auto begin = std::find_if(lines.begin(), lines.end(),
                                        [&](const auto& line) { return line.offset == beginOffset; });
        if (begin == lines.end()) return "its end";
        const auto isEnd = [&](const engine::DisassemblyLine& line) {
            return line.depth == begin->depth &&
                   (line.op == Op::End || line.op == Op::Delegate || (orElse && line.op == Op::Else));
        };
        const auto end = std::find_if(begin + 1, lines.end(), isEnd);
        return end == lines.end() || end + 1 == lines.end() ? "its end" : place((end + 1)->offset);
    }

    std::string target(uint32_t label) const {
        if (label >= m_known.enclosing.size()) return "to nowhere";
        const Known::Label& to = m_known.enclosing[label];
        if (label + 1 == m_known.enclosing.size()) return "out of the function, " + caller();
        if (to.op == Op::Loop) return "to the loop's begin, " + place(to.beginOffset);
        return "behind the " + std::string(engine::row(to.op).text) + ", to " + behindEnd(to.beginOffset);
    }

    std::string caller() const {
        const engine::Machine& machine = m_debuggee.machine();
        if (machine.depth() < 2) return "to the host: the call that began here is over";
        const engine::CodeLocation at = machine.frame(1).location;
        if (at.instance != m_debuggee.instance()) return "to another instance";
        const Location location = m_places.location(at.offset);
        return "to " + location.functionName +
               (location.line == 0 ? " at " + hexText(at.offset) : " at " + m_places.text(location));
    }

    std::string condition(const engine::Instruction& i) {
        if (m_values.empty()) return goesOn();
        if (static_cast<uint32_t>(m_values.back().low) != 0) return "goes on with the first arm of the if";
        return "skips the first arm of the if, to " + behindEnd(i.offset, true);
    }

    std::string branch(const engine::Instruction& i) {
        if (i.op == Op::Br) return "branches " + target(i.index);
        if (i.op == Op::Delegate || i.op == Op::Rethrow || m_values.empty()) return leavesOfItsTypes();
        if (i.op == Op::BrTable) {
            const auto index = static_cast<uint32_t>(m_values.back().low);
            const bool isDefault = index + size_t{1} >= m_known.labels.size();
            return "branches " + target(isDefault ? m_known.labels.back() : m_known.labels[index]) +
                   (isDefault ? ", the default" : ", entry " + std::to_string(index));
        }
        const bool isZero =
            i.op == Op::BrIf ? static_cast<uint32_t>(m_values.back().low) == 0 : m_values.back().low == 0;
        const bool branches = i.op == Op::BrOnNull ? isZero : !isZero;
        return branches ? "branches " + target(i.index) : "does not branch: " + goesOn();
    }

    // ------------------------------------------------------------------------------------------------------------- calls

    std::string call(uint32_t index) {
        const engine::Function& function = m_places.module().functions[index];
        if (!function.import) return "calls " + named(index);
        const engine::Instance& instance = m_debuggee.store().instance(m_debuggee.instance());
        return callHost(m_debuggee.store().function(instance.functions[index]));
    }

    std::string callHost(const engine::FunctionInstance& function) {
        if (!function.host) return "calls a function of another instance";
        explainHostCall(m_debuggee, function.hostName, m_values, m_out);
        const size_t dot = function.hostName.rfind('.');
        return "calls the host: " +
               printable(function.hostName.substr(dot == std::string::npos ? 0 : dot + 1));
    }

    std::string named(uint32_t index) const {
        const Location location =
            m_places.location(m_places.module().functions[index].code.begin, UINT32_MAX);
        return location.functionName + " at " +
               (location.line == 0 ? hexText(location.offset) : m_places.text(location));
    }

    std::string indirect(const engine::Instruction& i) {
        const engine::Instance& instance = m_debuggee.store().instance(m_debuggee.instance());
        if (i.index2 >= instance.tables.size() || m_values.empty()) return leavesOfItsTypes();
        const engine::TableInstance& table = m_debuggee.store().table(instance.tables[i.index2]);
        const uint64_t index = address(m_values.back());
        m_values.pop_back();
        if (index >= table.elements.size())
            return traps(toText(TrapKind::UndefinedElement) + ": the table has " +
                         std::to_string(table.elements.size()) + " elements");
        if (table.elements[index] == 0) return traps(toText(TrapKind::UninitializedElement));
        const uint64_t function = table.elements[index] - 1;
        if (function >= m_debuggee.store().functions()) return leavesOfItsTypes();
        const engine::FunctionInstance& callee =
            m_debuggee.store().function(engine::FuncAddr(static_cast<uint32_t>(function)));
        if (!engine::isCanonicalSubtype(callee.canonicalType, m_places.module().canonicalTypes[i.index]))
            return traps(toText(TrapKind::IndirectCallTypeMismatch));
        if (callee.instance == m_debuggee.instance())
            return "calls " + named(callee.index.value) + ", element " + std::to_string(index) +
                   " of the table";
        return callHost(callee);
    }

    Debuggee& m_debuggee;
    Places& m_places;
    const StackFrame& m_frame;
    Explanation& m_out;
    Known m_known;
    std::vector<std::string> m_leaves;
    std::vector<Value> m_values;
};

}  // namespace

Result<Explanation> explainAt(Places& places, uint32_t offset) {
    const engine::DisassemblyLine* line = places.instruction(offset);
    if (!line) return Error{ErrorCode::NotFound, "no instruction begins at " + hexText(offset)};
    Explanation explanation;
    explanation.offset = offset;
    explanation.instruction = line->text;
    explanation.general = instructionText(line->op);
    return explanation;
}

Result<Explanation> explainNext(Debuggee& debuggee, Places& places, const StackFrame& frame,
                                const OperandStack& stack) {
    Explanation explanation = TRY(explainAt(places, frame.location.offset));
    explanation.isNext = true;
    TRY(Next(debuggee, places, frame, explanation).explain(stack));
    return explanation;
}

}  // namespace debugger
