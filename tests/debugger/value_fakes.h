// A Symbols and an EvaluationContext made by hand, for tests of locations, values and expressions: types, variables and memory as the
// test says, nothing else.
#pragma once

#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "debugger/symbols/location_operations.h"
#include "debugger/symbols/symbols.h"
#include "debugger/symbols/value.h"

namespace debugger::test {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

class FakeSymbols : public Symbols {
public:
    // ------------------------------------------------------------------------------------------------- building types
    TypeId add(TypeInfo info) {
        types.push_back(std::move(info));
        return static_cast<TypeId>(types.size() - 1);
    }
    TypeId base(std::string name, BaseEncoding encoding, uint64_t size, std::string language = "C11") {
        TypeInfo t;
        t.kind = TypeKind::Base;
        t.name = std::move(name);
        t.encoding = encoding;
        t.byteSize = size;
        t.language = std::move(language);
        return add(std::move(t));
    }
    TypeId derived(TypeKind kind, TypeId target, std::string name = {}, uint64_t size = 0,
                   std::string language = "C11") {
        TypeInfo t;
        t.kind = kind;
        t.target = target;
        t.name = std::move(name);
        t.byteSize = size;
        t.language = std::move(language);
        return add(std::move(t));
    }
    TypeId pointer(TypeId target, std::string name = {}) {
        return derived(
            TypeKind::Pointer, target,
            name.empty() ? (target == kNoType ? "void" : types[target].name) + " *" : std::move(name));
    }
    TypeId array(TypeId element, std::vector<uint64_t> dimensions, std::string name = {}) {
        TypeInfo t;
        t.kind = TypeKind::Array;
        t.target = element;
        t.language = types[element].language;
        t.name = std::move(name);
        if (t.name.empty()) {
            t.name = types[element].name;
            for (const uint64_t d : dimensions)
                t.name += "[" + std::to_string(d) + "]";
        }
        t.dimensions = std::move(dimensions);
        return add(std::move(t));
    }
    TypeId record(std::string name, uint64_t size, std::vector<Member> members,
                  TypeKind kind = TypeKind::Struct, std::string language = "C11") {
        TypeInfo t;
        t.kind = kind;
        t.name = std::move(name);
        t.byteSize = size;
        t.members = std::move(members);
        t.language = std::move(language);
        return add(std::move(t));
    }
    TypeId enumeration(std::string name, std::vector<Enumerator> enumerators, TypeId underlying) {
        TypeInfo t;
        t.kind = TypeKind::Enum;
        t.name = std::move(name);
        t.byteSize = types[underlying].byteSize;
        t.target = underlying;
        t.enumerators = std::move(enumerators);
        t.language = types[underlying].language;
        return add(std::move(t));
    }
    static Member member(std::string name, TypeId type, uint64_t offset, uint32_t bitSize = 0,
                         uint32_t bitOffset = 0) {
        Member m;
        m.name = std::move(name);
        m.type = type;
        m.offset = offset;
        m.bitSize = bitSize;
        m.bitOffset = bitOffset;
        return m;
    }

    // ----------------------------------------------------------------------------------------------------- what it has
    std::deque<TypeInfo> types;
    std::vector<Scope> scopeList;
    std::vector<Variable> globalList;
    std::vector<FunctionSymbol> functionList;
    std::vector<LocationEntry> frameBaseList;

    // ------------------------------------------------------------------------------------------------------- interface
    SymbolSummary summary() const override { return {}; }
    const std::vector<SourceFile>& files() const override { return m_files; }
    std::optional<LineRow> rowAt(uint32_t) const override { return std::nullopt; }
    std::vector<LineRow> rowsIn(AddressRange) const override { return {}; }
    std::vector<uint32_t> linesWithCode(FileId) const override { return {}; }
    std::vector<FileId> findFiles(std::string_view) const override { return {}; }
    Result<ResolvedLine> resolveLine(FileId, uint32_t) const override {
        return Error{ErrorCode::NotFound, "no lines"};
    }
    std::optional<FunctionSymbol> functionAt(uint32_t address) const override {
        for (const FunctionSymbol& f : functionList) {
            if (f.range.contains(address)) return f;
        }
        return std::nullopt;
    }
    std::vector<FunctionSymbol> findFunctions(std::string_view name) const override {
        std::vector<FunctionSymbol> found;
        for (const FunctionSymbol& f : functionList) {
            if (f.name == name || f.qualifiedName == name) found.push_back(f);
        }
        return found;
    }
    std::vector<FunctionSymbol> functions() const override { return functionList; }
    uint32_t afterPrologue(const FunctionSymbol& function) const override { return function.range.begin; }
    std::vector<InlineFrame> inlineFrames(uint32_t) override { return {}; }
    Result<TypeId> returnType(uint32_t) override { return kNoType; }
    std::vector<LevelAddress> inlinedCopies(std::string_view) override { return {}; }
    Result<std::vector<Scope>> scopes(uint32_t, uint32_t) override { return scopeList; }
    Result<std::vector<Variable>> globals(uint32_t) override { return globalList; }
    Result<Variable> findGlobal(std::string_view name, uint32_t) override {
        for (const Variable& v : globalList) {
            if (v.name == name) return v;
        }
        return Error{ErrorCode::NotFound, "no such global"};
    }
    Result<std::vector<LocationEntry>> frameBase(uint32_t) override { return frameBaseList; }
    const TypeInfo& type(TypeId id) override {
        static const TypeInfo unknown;
        return id < types.size() ? types[id] : unknown;
    }
    Result<TypeId> findType(std::string_view name, uint32_t) override {
        for (size_t i = 0; i < types.size(); i++) {
            if (types[i].name == name) return static_cast<TypeId>(i);
        }
        return Error{ErrorCode::NotFound, "no such type"};
    }

private:
    std::vector<SourceFile> m_files;
};

class FakeContext : public EvaluationContext {
public:
    explicit FakeContext(FakeSymbols* symbols, size_t memoryBytes = 0x10000)
        : memory(memoryBytes), m_symbols(symbols) {}

    std::vector<uint8_t> memory;
    std::vector<engine::Value> locals, operands, globals;
    std::map<uint64_t, TableFunction> table;
    uint32_t pc = 0x100;

    template <class T>
    void put(uint64_t address, T value) {
        std::memcpy(memory.data() + address, &value, sizeof value);
    }
    void putText(uint64_t address, std::string_view text) {
        std::memcpy(memory.data() + address, text.data(), text.size());
    }
    template <class T>
    T get(uint64_t address) const {
        T value;
        std::memcpy(&value, memory.data() + address, sizeof value);
        return value;
    }

    Symbols* symbols() override { return m_symbols; }
    uint32_t address() const override { return pc; }
    uint32_t inlineLevel() const override { return 0; }
    Result<engine::Value> local(uint32_t index) const override { return at(locals, index, "local"); }
    Result<engine::Value> operand(uint32_t index) const override { return at(operands, index, "operand"); }
    Result<engine::Value> global(uint32_t index) const override { return at(globals, index, "global"); }
    Result<> readMemory(uint64_t address, std::span<uint8_t> into) const override {
        if (address > memory.size() || into.size() > memory.size() - address) return outside();
        std::memcpy(into.data(), memory.data() + address, into.size());
        return {};
    }
    Result<> writeMemory(uint64_t address, std::span<const uint8_t> bytes) override {
        if (address > memory.size() || bytes.size() > memory.size() - address) return outside();
        std::memcpy(memory.data() + address, bytes.data(), bytes.size());
        return {};
    }
    Result<> setLocal(uint32_t index, const engine::Value& value) override {
        return set(locals, index, value);
    }
    Result<> setGlobal(uint32_t index, const engine::Value& value) override {
        return set(globals, index, value);
    }
    uint64_t memorySize() const override { return memory.size(); }
    std::optional<TableFunction> functionInTable(uint64_t index) const override {
        const auto found = table.find(index);
        return found == table.end() ? std::nullopt : std::optional(found->second);
    }

private:
    static Error outside() { return Error{ErrorCode::NotFound, "beyond the end of memory"}; }
    static Result<engine::Value> at(const std::vector<engine::Value>& all, uint32_t index, const char* what) {
        if (index < all.size()) return all[index];
        return Error{ErrorCode::NotFound, std::string("there is no ") + what + " " + std::to_string(index)};
    }
    static Result<> set(std::vector<engine::Value>& all, uint32_t index, const engine::Value& value) {
        if (index >= all.size()) return Error{ErrorCode::NotFound, "no such place"};
        all[index] = value;
        return {};
    }
    FakeSymbols* m_symbols;
};

/// DW_OP_addr of an address below 2^32.
inline std::vector<uint8_t> atAddress(uint32_t address) {
    return {dwarf::DW_OP_addr, static_cast<uint8_t>(address), static_cast<uint8_t>(address >> 8),
            static_cast<uint8_t>(address >> 16), static_cast<uint8_t>(address >> 24)};
}
inline Variable variableAt(std::string name, TypeId type, uint32_t address, uint32_t line = 1) {
    Variable v;
    v.name = std::move(name);
    v.type = type;
    v.declaration.line = line;
    v.locations = {{{0, ~uint32_t{0}}, atAddress(address)}};
    return v;
}

/// The types and objects of a small C program, like those of tests that real compilers make.
struct CProgram {
    FakeSymbols symbols;
    FakeContext context{&symbols};
    TypeId intType = symbols.base("int", BaseEncoding::Signed, 4);
    TypeId unsignedType = symbols.base("unsigned int", BaseEncoding::Unsigned, 4);
    TypeId charType = symbols.base("char", BaseEncoding::SignedChar, 1);
    TypeId boolType = symbols.base("_Bool", BaseEncoding::Boolean, 1);
    TypeId shortType = symbols.base("short", BaseEncoding::Signed, 2);
    TypeId longLongType = symbols.base("long long", BaseEncoding::Signed, 8);
    TypeId floatType = symbols.base("float", BaseEncoding::Float, 4);
    TypeId doubleType = symbols.base("double", BaseEncoding::Float, 8);
    TypeId unsignedCharType = symbols.base("unsigned char", BaseEncoding::UnsignedChar, 1);
    TypeId uint8Type = symbols.derived(TypeKind::Typedef, unsignedCharType, "uint8_t");
    TypeId constChar = symbols.derived(TypeKind::Const, charType, "const char");
    TypeId stringType = symbols.pointer(constChar, "const char *");
    TypeId colorType = symbols.enumeration("enum color", {{"RED", 1}, {"GREEN", 5}, {"BLUE", -3}}, intType);
    TypeId modeType =
        symbols.enumeration("enum mode", {{"READ", 1}, {"WRITE", 2}, {"EXECUTE", 4}}, unsignedType);
    TypeId numberType =
        symbols.record("union number", 4,
                       {FakeSymbols::member("i", intType, 0), FakeSymbols::member("f", floatType, 0),
                        FakeSymbols::member("b", symbols.array(uint8Type, {4}), 0)},
                       TypeKind::Union);
    TypeId flagsType = symbols.record(
        "struct flags", 4,
        {FakeSymbols::member("a", unsignedType, 0, 3, 0), FakeSymbols::member("b", intType, 0, 5, 3),
         FakeSymbols::member("c", unsignedType, 1, 9, 0)});
    TypeId itemType = symbols.record("struct item", 48, {});
    TypeId itemPointer = symbols.pointer(itemType, "struct item *");
    TypeId functionType = symbols.derived(TypeKind::Function, intType, "int (int, int)");
    TypeId functionPointer = symbols.pointer(functionType, "int (*)(int, int)");
    TypeId opType = symbols.derived(TypeKind::Typedef, functionPointer, "op_t");

    static constexpr uint32_t kItems = 0x1000, kNames = 0x2000;

    CProgram() {
        symbols.types[itemType].members = {FakeSymbols::member("next", itemPointer, 0),
                                           FakeSymbols::member("name", stringType, 4),
                                           FakeSymbols::member("weight", doubleType, 8),
                                           FakeSymbols::member("color", colorType, 16),
                                           FakeSymbols::member("n", numberType, 20),
                                           FakeSymbols::member("fl", flagsType, 24),
                                           FakeSymbols::member("dims", symbols.array(shortType, {2, 3}), 28)};
        context.putText(kNames, "edge");
        context.putText(kNames + 16, "middle");
        for (uint32_t i = 0; i < 3; i++) {
            const uint32_t at = kItems + 48 * i;
            context.put<uint32_t>(at, i ? at - 48 : 0);
            context.put<uint32_t>(at + 4, i == 1 ? kNames + 16 : kNames);
            context.put<double>(at + 8, i * 1.5);
            context.put<int32_t>(at + 16, i == 0 ? 1 : i == 1 ? 5 : -3);
            context.put<float>(at + 20, static_cast<float>(i) / 4);
            context.put<uint32_t>(
                at + 24, i | (static_cast<uint32_t>(-static_cast<int>(i)) & 31) << 3 | (100u * i) << 8);
            for (uint32_t j = 0; j < 6; j++)
                context.put<int16_t>(at + 28 + 2 * j, static_cast<int16_t>(i * 10 + j));
        }
        Scope block, function;
        block.variables = {variableAt("i", intType, 0x3000, 26), variableAt("count", intType, 0x3004, 25)};
        context.put<int32_t>(0x3000, 2);
        context.put<int32_t>(0x3004, -7);
        function.name = "main";
        function.variables = {variableAt("items", symbols.array(itemType, {3}, "struct item[3]"), kItems, 24),
                              variableAt("p", itemPointer, 0x3008, 24),
                              variableAt("count", unsignedType, 0x300c, 23),
                              variableAt("big", longLongType, 0x3010, 24),
                              variableAt("op", opType, 0x3018, 24),
                              variableAt("mode", modeType, 0x301c, 24),
                              variableAt("buffer", symbols.array(charType, {16}), 0x3020, 24),
                              variableAt("flag", boolType, 0x3030, 24),
                              variableAt("letter", charType, 0x3031, 24),
                              variableAt("byte", uint8Type, 0x3032, 24),
                              variableAt("ratio", floatType, 0x3034, 24),
                              variableAt("anything", symbols.pointer(kNoType, "void *"), 0x3038, 24)};
        context.put<uint32_t>(0x3008, kItems + 96);
        context.put<uint32_t>(0x300c, 4'000'000'000u);
        context.put<int64_t>(0x3010, 0x123456789abcdef);
        context.put<uint32_t>(0x3018, 1);
        context.put<uint32_t>(0x301c, 6);
        context.putText(0x3020, "a\"b\n");
        context.memory[0x3030] = 1;
        context.memory[0x3031] = 'x';
        context.memory[0x3032] = 200;
        context.put<float>(0x3034, 0.1f);
        context.put<uint32_t>(0x3038, kNames);
        Variable lost;
        lost.name = "lost";
        lost.type = intType;
        lost.locations = {{{0x1f0, 0x230}, atAddress(0)}};
        function.variables.push_back(lost);
        symbols.scopeList = {block, function};
        symbols.globalList = {variableAt("total", intType, 0x3040)};
        context.put<int32_t>(0x3040, 42);
        FunctionSymbol add;
        add.name = add.qualifiedName = "add";
        add.range = {0x500, 0x520};
        symbols.functionList = {add};
        context.table[1] = {"add", 0x500};
        context.locals = {engine::Value::i32(7), engine::Value::i64(uint64_t{1} << 40),
                          engine::Value::f32(1.5f), engine::Value::f64(-2.25)};
        context.operands = {engine::Value::i32(0xffffffff)};
        context.globals = {engine::Value::i32(0x10000)};
    }

    std::string show(std::string_view expression, size_t length = 200) {
        auto value = evaluate(expression, context);
        return value ? render(*value, context, length) : "error: " + value.error().message;
    }
};

}  // namespace debugger::test
