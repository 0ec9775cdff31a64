// Conditions: expressions that are evaluated again and again, and what can be said of one before it is evaluated.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "debugger/symbols/expression_parser.h"
#include "debugger/symbols/value.h"
#include "engine/base/result.h"

namespace debugger {

/// Error: BadArgument, if it is no expression wherever it is evaluated; the message has the column, and then the text with a caret below.
engine::Result<> checkSyntax(std::string_view expression);
/// Error: NotFound, with the first name that means nothing in the context and the nearest that does.
engine::Result<> checkNames(std::string_view expression, EvaluationContext& context);

/// A condition that is parsed once per place in code.
class Condition {
public:
    explicit Condition(std::string text = {}) : m_text(std::move(text)) {}
    /// Evaluates and tells whether it is true (not zero). Errors: BadArgument, NotFound (a name, or a value that is unavailable).
    engine::Result<bool> holds(EvaluationContext& context);

private:
    std::string m_text;
    std::unordered_map<uint64_t, ParsedExpression>
        m_parsed;  // by address and level: what is a type there decides
};

/// A place in code before anything runs there: it has names and types, but no values.
class PlaceContext final : public EvaluationContext {
public:
    PlaceContext(Symbols& symbols, uint32_t address, uint32_t inlineLevel)
        : m_symbols(symbols), m_address(address), m_inlineLevel(inlineLevel) {}
    Symbols* symbols() override { return &m_symbols; }
    uint32_t address() const override { return m_address; }
    uint32_t inlineLevel() const override { return m_inlineLevel; }
    engine::Result<engine::Value> local(uint32_t) const override { return none(); }
    engine::Result<engine::Value> operand(uint32_t) const override { return none(); }
    engine::Result<engine::Value> global(uint32_t) const override { return none(); }
    engine::Result<> readMemory(uint64_t, std::span<uint8_t>) const override { return none(); }
    engine::Result<> writeMemory(uint64_t, std::span<const uint8_t>) override { return none(); }
    engine::Result<> setLocal(uint32_t, const engine::Value&) override { return none(); }
    engine::Result<> setGlobal(uint32_t, const engine::Value&) override { return none(); }
    uint64_t memorySize() const override { return 0; }

private:
    static engine::Error none() { return {engine::ErrorCode::State, "nothing runs here"}; }
    Symbols& m_symbols;
    uint32_t m_address, m_inlineLevel;
};

}  // namespace debugger
