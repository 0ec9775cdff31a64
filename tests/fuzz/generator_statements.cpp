// What leaves nothing: stores, branches, loops, and the bodies of functions made of them.
#include "tests/fuzz/generator.h"

namespace fuzz {

void Generator::branch(uint32_t depth) {
    const uint32_t label = m_random.below(static_cast<uint32_t>(m_labels.size()));
    const std::string wanted = m_labels[m_labels.size() - 1 - label].branchTypes;
    expressions(wanted, depth);
    expression('i', depth);
    if (m_random.oneIn(4)) {
        // All targets of a br_table take the same.
        std::vector<uint32_t> targets;
        for (uint32_t l = 0; l < m_labels.size(); ++l)
            if (m_labels[m_labels.size() - 1 - l].branchTypes == wanted) targets.push_back(l);
        // Behind it the code is dead, so it stands in a block of its own: its depths are one more, and so are its operands inside.
        op(Op::If);
        byte(0x40);
        expressions(wanted, 0);
        expression('i', 0);
        op(Op::BrTable);
        const uint32_t count = m_random.below(4);
        number(count);
        for (uint32_t i = 0; i <= count; ++i)
            number(m_random.of(targets) + 1);
        op(Op::End);
    } else {
        op(Op::BrIf);
        number(label);
    }
    for (size_t i = 0; i < wanted.size(); ++i)
        op(Op::Drop);
}

void Generator::tableStatement(uint32_t depth) {
    const auto index = [&] {
        expression('i', depth);
        if (m_random.oneIn(12)) return;
        i32(kTableSize - 1);
        op(Op::I32And);
    };
    switch (m_random.below(6)) {
    case 0:
        index();
        if (m_random.oneIn(4)) {
            op(Op::RefNull);
            byte(0x70);
        } else {
            op(Op::RefFunc);
            number(m_random.below(static_cast<uint32_t>(m_functions.size())));
        }
        op(Op::TableSet);
        return byte(0);
    case 1:
        index();
        index();
        op(Op::TableGet);
        byte(0);
        op(Op::TableSet);
        return byte(0);
    case 2:
        index();
        op(Op::RefFunc);
        number(0);
        i32(static_cast<int32_t>(m_random.below(3)));
        op(Op::TableFill);
        return byte(0);
    case 3:
        index();
        index();
        i32(static_cast<int32_t>(m_random.below(4)));
        op(Op::TableCopy);
        byte(0);
        return byte(0);
    case 4:
        index();
        i32(0);
        i32(static_cast<int32_t>(m_random.below(3)));
        op(Op::TableInit);
        byte(1);
        return byte(0);
    default:
        index();
        op(Op::TableGet);
        byte(0);
        op(Op::RefIsNull);
        op(Op::Drop);
    }
}

void Generator::statement(uint32_t depth) {
    if (m_budget == 0) return op(Op::Nop);
    --m_budget;
    const char type = anyType();
    switch (m_random.below(12)) {
    case 0:
    case 1:
        if (const auto local = localOf(type)) {
            expression(type, depth);
            op(Op::LocalSet);
            number(*local);
        }
        return;
    case 2:
        if (const auto global = globalOf(type)) {
            expression(type, depth);
            op(Op::GlobalSet);
            number(*global);
        }
        return;
    case 3: return call(0, depth ? depth - 1 : 0);
    case 4:
        if (depth > 0) return control(0, depth - 1);
        return op(Op::Nop);
    case 5: return branch(depth ? depth - 1 : 0);
    case 6:
        if (m_profile.referenceTypes) return tableStatement(depth ? depth - 1 : 0);
        [[fallthrough]];
    case 7: expression(type, depth); return op(Op::Drop);
    default: break;
    }
    const Op o = m_random.of(m_effects);
    const OpRow& row = engine::row(o);
    if ((o == Op::DataDrop || o == Op::ElemDrop) && !m_random.oneIn(8)) return op(Op::Nop);
    const bool isBulk = o == Op::MemoryInit || o == Op::MemoryFill;
    for (size_t i = 0; row.signature[i] != ':'; ++i) {
        const bool isAddress = row.signature[i] == 'm' && i == 0;
        if (isBulk && !isAddress && i != 1) {
            i32(static_cast<int32_t>(m_random.below(m_random.oneIn(12) ? 70'000 : 12)));
        } else if (isBulk && i == 1 && o == Op::MemoryInit) {
            i32(static_cast<int32_t>(m_random.below(10)));
        } else {
            expression(row.signature[i] == 'm' ? 'i' : row.signature[i], depth);
            if (isAddress) address(row);
        }
    }
    instruction(o);
}

void Generator::statements(uint32_t most, uint32_t depth) {
    for (uint32_t n = m_random.below(most + 1); n > 0; --n)
        statement(depth);
}

Bytes Generator::body(uint32_t index) {
    m_function = &m_functions[index];
    m_code.clear();
    m_budget = 60 + m_random.below(200);
    const Signature& signature = m_types[m_function->type];
    const auto params = static_cast<uint32_t>(signature.params.size());
    m_function->locals = signature.params + types(5) + "iIfF" + (m_profile.simd ? 'v' : 'i');
    const std::string declared = m_function->locals.substr(params);
    number(declared.size());
    for (char type : declared) {
        number(1);
        byte(binaryType(type));
    }
    m_labels = {{signature.results}};
    takeFuel();
    for (uint32_t n = 1 + m_random.below(6); n > 0; --n)
        statement(3);
    expressions(signature.results, 4);
    if (m_profile.tailCalls && m_random.oneIn(3)) {
        std::vector<uint32_t> candidates;
        for (uint32_t f = 0; f < m_functions.size(); ++f)
            if (m_types[m_functions[f].type].results == signature.results) candidates.push_back(f);
        for (size_t i = 0; i < signature.results.size(); ++i)
            op(Op::Drop);
        const uint32_t f = m_random.of(candidates);
        expressions(m_types[m_functions[f].type].params, 2);
        op(Op::ReturnCall);
        number(f);
    }
    op(Op::End);
    return m_code;
}

}  // namespace fuzz
