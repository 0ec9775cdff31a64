// featuresOf: which proposals a module uses, from its declarations and from one pass over its instructions.
#include <bitset>

#include "engine/disassembly.h"
#include "engine/instruction_reader.h"

namespace engine {

namespace {

class FeatureScan {
public:
    explicit FeatureScan(const Module& module) : m_module(module), m_reader(module) {}

    std::vector<Feature> run() {
        add(Feature::Mvp);
        types();
        declarations();
        segments();
        for (const Function& function : m_module.functions)
            if (!function.import) body(function);
        // `throw` belongs to both forms of exception handling.
        if (has(Feature::LegacyExceptions) && !m_usesNewExceptions)
            m_found.reset(static_cast<size_t>(Feature::Exceptions));
        std::vector<Feature> features;
        for (size_t i = 0; i < m_found.size(); ++i)
            if (m_found[i]) features.push_back(static_cast<Feature>(i));
        return features;
    }

private:
    using Features = std::bitset<static_cast<size_t>(Feature::CustomPageSizes) + 1>;
    void add(Feature feature) { m_found.set(static_cast<size_t>(feature)); }
    bool has(Feature feature) const { return m_found[static_cast<size_t>(feature)]; }

    void type(ValType type) {
        if (type.kind() == ValKind::V128) add(Feature::Simd);
        if (!type.isRef()) return;
        if (!type.nullable() || !type.heap().isAbstract()) add(Feature::FunctionReferences);
        if (!type.heap().isAbstract()) return;
        switch (type.heap().abstract()) {
        case AbstractHeap::Func:
        case AbstractHeap::Extern: add(Feature::ReferenceTypes); break;
        case AbstractHeap::Exn:
        case AbstractHeap::NoExn:
            add(Feature::Exceptions);
            m_usesNewExceptions = true;
            break;
        default: add(Feature::Gc);
        }
    }

    void types() {
        for (const DefinedType& defined : m_module.types) {
            if (defined.kind != CompositeKind::Func || defined.super || !defined.isFinal ||
                defined.groupSize > 1)
                add(Feature::Gc);
            if (defined.func.results.size() > 1) add(Feature::MultiValue);
            for (const ValType param : defined.func.params)
                type(param);
            for (const ValType result : defined.func.results)
                type(result);
            for (const FieldType& field : defined.structure.fields)
                type(field.type);
            if (defined.kind == CompositeKind::Array) type(defined.array.element.type);
        }
    }

    void declarations() {
        for (const Table& table : m_module.tables) {
            if (table.type.element != kFuncRef) type(table.type.element);
            if (table.type.limits.is64) add(Feature::Memory64);
            if (table.init) constant(*table.init);
        }
        if (m_module.tables.size() > 1) add(Feature::ReferenceTypes);
        for (const Memory& memory : m_module.memories) {
            if (memory.type.limits.is64) add(Feature::Memory64);
            if (memory.type.shared) add(Feature::Threads);
            if (memory.type.pageSizeLog2 != 16) add(Feature::CustomPageSizes);
        }
        if (m_module.memories.size() > 1) add(Feature::MultiMemory);
        if (!m_module.tags.empty()) add(Feature::Exceptions);
        for (const Global& global : m_module.globals) {
            type(global.type.type);
            if (!global.import)
                constant(global.init);
            else if (global.type.isMutable)
                add(Feature::MutableGlobals);
        }
        for (const Export& e : m_module.exports)
            if (e.kind == ExternKind::Global && e.index < m_module.globals.size() &&
                m_module.globals[e.index].type.isMutable)
                add(Feature::MutableGlobals);
    }

    void segments() {
        for (const ElementSegment& segment : m_module.elements) {
            if (segment.mode == SegmentMode::Active)
                constant(segment.offset);
            else
                add(segment.mode == SegmentMode::Passive ? Feature::BulkMemory : Feature::ReferenceTypes);
            if (segment.usesExpressions) type(segment.type);
            for (const ConstExpr& expression : segment.expressions)
                constant(expression);
        }
        for (const DataSegment& segment : m_module.data) {
            if (segment.mode == SegmentMode::Active)
                constant(segment.offset);
            else
                add(Feature::BulkMemory);
        }
    }

    void constant(const ConstExpr& expression) {
        m_reader.start(expression.bytes);
        while (m_reader.next(m_instruction)) {
            instruction();
            switch (m_instruction.op) {
            case Op::I32Add:
            case Op::I32Sub:
            case Op::I32Mul:
            case Op::I64Add:
            case Op::I64Sub:
            case Op::I64Mul: add(Feature::ExtendedConst); break;
            default: break;
            }
        }
    }

    void body(const Function& function) {
        BinaryReader locals(*m_module.bytes, function.body);
        const uint32_t groups = locals.u32();
        for (uint32_t i = 0; i < groups && locals.ok(); ++i) {
            locals.u32();
            type(locals.valType());
        }
        m_reader.start(function.code);
        while (m_reader.next(m_instruction))
            instruction();
    }

    void instruction() {
        const OpRow& r = row(m_instruction.op);
        add(r.feature);
        if (m_instruction.op == Op::TryTable || m_instruction.op == Op::ThrowRef) m_usesNewExceptions = true;
        const bool hasBlock = r.imm == Imm::Block || r.imm == Imm::TryTable;
        if (hasBlock && (!m_instruction.block.params.empty() || m_instruction.block.results.size() > 1))
            add(Feature::MultiValue);
        if ((r.imm == Imm::MemArg || r.imm == Imm::MemArgLane) && namesMemory(r)) add(Feature::MultiMemory);
        const bool namesType = (r.imm == Imm::Heap && r.feature != Feature::Gc) || r.imm == Imm::SelectTypes;
        if (namesType) type(m_instruction.type);  // of ref.null, select
    }

    /// Whether an access says which memory, be it memory 0: a bit of the flags behind the opcode.
    bool namesMemory(const OpRow& r) const {
        const uint8_t* at = m_module.bytes->data() + m_instruction.offset;
        while (r.prefix && (*++at & 0x80)) {
        }
        return at[1] & 0x40;
    }

    const Module& m_module;
    InstructionReader m_reader;
    Instruction m_instruction;
    Features m_found;
    bool m_usesNewExceptions = false;
};

}  // namespace

std::vector<Feature> featuresOf(const Module& module) { return FeatureScan(module).run(); }

}  // namespace engine
