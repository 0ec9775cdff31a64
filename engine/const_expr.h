// ConstEvaluator: values of constant expressions (standard, section 3.3.13) of a module while it is instantiated. Collection must be
// suspended: what an expression has made is not yet among the roots.
#pragma once

#include "engine/instruction_reader.h"
#include "engine/store_state.h"

namespace engine {

struct ObjectLayout;

class ConstEvaluator {
public:
    /// `instance` needs its functions, and the globals that come before the one evaluated.
    ConstEvaluator(StoreState& state, const Module& module, const Instance& instance)
        : m_state(state), m_module(module), m_instance(instance), m_reader(module) {}

    /// The expression must be valid. Error: Limit (the memory limit has no room for an object).
    Result<Value> evaluate(const ConstExpr& expression, ValType type);

private:
    void apply(const Instruction& instruction);
    void applyGc(const Instruction& instruction);
    Slot pop();
    void push(Slot object, const ObjectLayout& layout, uint32_t length);
    void make(const ObjectLayout& layout, uint32_t slots, uint32_t length);
    template <class T, class Operation>
    void binary(Operation operation);

    StoreState& m_state;
    const Module& m_module;
    const Instance& m_instance;
    InstructionReader m_reader;
    std::vector<Slot> m_stack;
    std::optional<Trap> m_trap;  // an object found no room
};

}  // namespace engine
