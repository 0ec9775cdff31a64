// DwarfSymbols: Symbols of one module out of its DWARF, with the name section for functions that DWARF does not know. Owned by the session;
// its thread only. Parts: sections → units → index and line tables (at once), rows, inlined calls, DIE tables and types (on first use).
#pragma once

#include <memory>
#include <unordered_map>

#include "debugger/symbols/index.h"
#include "debugger/symbols/inline_tree.h"
#include "debugger/symbols/lines.h"
#include "debugger/symbols/scopes.h"

namespace debugger::dwarf {

class DwarfSymbols final : public Symbols {
public:
    DwarfSymbols(std::shared_ptr<const engine::Module> module, const SymbolOptions& options);

    SymbolSummary summary() const override;
    const std::vector<SourceFile>& files() const override { return m_lines.files(); }

    std::optional<LineRow> rowAt(uint32_t address) const override;
    std::vector<LineRow> rowsIn(AddressRange range) const override;
    std::vector<uint32_t> linesWithCode(FileId file) const override;
    std::vector<FileId> findFiles(std::string_view path) const override;
    engine::Result<ResolvedLine> resolveLine(FileId file, uint32_t line) const override;

    std::optional<FunctionSymbol> functionAt(uint32_t address) const override;
    std::vector<FunctionSymbol> findFunctions(std::string_view name) const override;
    std::vector<LevelAddress> inlinedCopies(std::string_view name) override;
    std::vector<FunctionSymbol> functions() const override;
    uint32_t afterPrologue(const FunctionSymbol& function) const override;
    std::vector<InlineFrame> inlineFrames(uint32_t address) override;

    engine::Result<std::vector<Scope>> scopes(uint32_t address, uint32_t inlineLevel) override;
    const std::vector<Scope>* keptScopes(uint32_t address, uint32_t inlineLevel) override;
    engine::Result<std::vector<Variable>> globals(uint32_t address) override;
    engine::Result<Variable> findGlobal(std::string_view name, uint32_t nearAddress) override;
    engine::Result<std::vector<LocationEntry>> frameBase(uint32_t address) override;
    engine::Result<TypeId> returnType(uint32_t address) override;
    const TypeInfo& type(TypeId id) override;
    engine::Result<TypeId> findType(std::string_view name, uint32_t nearAddress) override;

private:
    void findStaleness();
    /// The table that knows about the address, decoded; null if none does.
    const LineRows* rowsAround(uint32_t address) const;
    uint32_t beginOfRows(uint32_t address, uint32_t end) const;
    const std::vector<uint32_t>& tablesWithoutUnit() const;
    LineRow lineRow(const LineRows& rows, const Sequence& sequence, uint32_t index) const;

    /// Code of a line, and whose it is: the innermost inlined call's, or else the function's.
    struct CodePlace {
        uint32_t owner = 0;        // DIE of the call or function
        uint32_t declaration = 0;  // DIE that says where that function is declared
        LevelAddress start;
        bool isStatement = false;
    };
    struct CallSite {
        uint32_t line = 0;
        CodePlace place;
    };
    const std::vector<CallSite>& callSites(FileId file) const;
    void eachInlinedCall(
        const std::function<bool(const Unit&)>& wanted,
        const std::function<bool(const FunctionCode&, const InlineTree&, const InlineCall&)>& visit) const;
    std::vector<CodePlace> placesOfLine(FileId file, uint32_t line) const;
    uint32_t breakAddress(uint32_t address) const;
    uint32_t declarationLine(uint32_t die, FileId file) const;

    FunctionSymbol functionSymbol(const FunctionCode& code) const;
    FunctionSymbol plainFunction(engine::FuncIdx function) const;
    const engine::Function* bodyAt(uint32_t address) const;
    const InlineTree& inlineTree(const FunctionCode& function) const;
    SourcePlace declarationOf(EntryRef ref) const;

    std::shared_ptr<const engine::Module> m_module;
    DebugSections m_sections;
    std::vector<Unit> m_units;
    Index m_index;
    LineTables m_lines;
    std::vector<std::string> m_problems;
    mutable std::unordered_map<uint32_t, InlineTree> m_inlineTrees;  // by DIE of the function
    std::optional<std::unordered_multimap<uint32_t, LevelAddress>>
        m_inlinedCopies;                                            // by DIE of what was inlined
    std::unordered_map<uint64_t, std::vector<Scope>> m_keptScopes;  // by address and level
    mutable std::unordered_map<FileId, std::vector<uint32_t>> m_codeLines;
    mutable std::unordered_map<FileId, std::vector<CallSite>> m_callSites;
    mutable std::optional<std::vector<uint32_t>> m_tablesWithoutUnit;
    std::unique_ptr<Scopes> m_scopes;  // reads nothing before it is asked
};

}  // namespace debugger::dwarf
