// Programs for the tests of the running half: functions written as text, instruction names from the rows of opcodes.def.
#pragma once

#include <bit>
#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>
#include <string>

#include "engine/machine.h"
#include "engine/opcode.h"
#include "tests/engine/binary_builder.h"

namespace engine::test {

inline Bytes signedLeb(int64_t value) {
    Bytes bytes;
    while (true) {
        const auto byte = static_cast<uint8_t>(value & 0x7f);
        value >>= 7;
        if ((value == 0 && !(byte & 0x40)) || (value == -1 && (byte & 0x40)))
            return bytes.push_back(byte), bytes;
        bytes.push_back(byte | 0x80);
    }
}

/// "ref:3" is a nullable reference to type 3.
inline Bytes typeCode(const std::string& type) {
    static const std::map<std::string, uint8_t> codes = {
        {"i32", 0x7f},   {"i64", 0x7e},     {"f32", 0x7d},       {"f64", 0x7c},
        {"v128", 0x7b},  {"funcref", 0x70}, {"externref", 0x6f}, {"anyref", 0x6e},
        {"eqref", 0x6d}, {"i31ref", 0x6c},  {"exnref", 0x69}};
    if (type.starts_with("ref:")) return Bytes{0x63} + leb(std::stoul(type.substr(4)));
    const auto code = codes.find(type);
    return {code == codes.end() ? uint8_t{0x40} : code->second};
}

template <class T>
Bytes raw(T value) {
    Bytes bytes(sizeof(T));
    std::memcpy(bytes.data(), &value, sizeof(T));
    return bytes;
}

/// Code from text: one instruction a line or between semicolons; immediates as numbers, block types by name. memarg: "offset" or
/// "offset memory", then the lane; v128.const: two halves, low first; try_table: block type, if any, then "catch TAG LABEL", "catch_all LABEL" ….
inline Bytes assemble(std::string text) {
    for (char& c : text)
        if (c == ';') c = '\n';
    std::istringstream lines(text);
    Bytes code;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string word;
        if (!(words >> word)) continue;
        const Op op = findOp(word);
        CHECK(op != Op::Count);
        const OpRow& r = row(op);
        code += (r.prefix ? Bytes{r.prefix} + leb(r.code) : Bytes{static_cast<uint8_t>(r.code)});
        std::vector<std::string> immediates;
        while (words >> word)
            immediates.push_back(word);
        const auto number = [&](size_t i) {
            return i < immediates.size() ? std::stoll(immediates[i], nullptr, 0) : 0;
        };
        switch (r.imm) {
        case Imm::None: break;
        case Imm::Block: code += typeCode(immediates.empty() ? "" : immediates[0]); break;
        case Imm::I32:
        case Imm::I64: code += signedLeb(number(0)); break;
        case Imm::F32: code += raw(std::stof(immediates[0])); break;
        case Imm::F64: code += raw(std::stod(immediates[0])); break;
        case Imm::MemArg:
        case Imm::MemArgLane: {
            const bool hasLane = r.imm == Imm::MemArgLane;
            const bool hasMemory = immediates.size() > 1u + hasLane;
            const auto align = static_cast<uint8_t>(r.prefix == 0xfe ? std::countr_zero(accessBytes(op)) : 0);
            const auto flags = static_cast<uint8_t>(align + (hasMemory ? 0x40 : 0));
            const uint64_t offset = immediates.empty() ? 0 : std::stoull(immediates[0], nullptr, 0);
            code +=
                Bytes{flags} + (hasMemory ? leb(static_cast<uint64_t>(number(1))) : Bytes{}) + leb(offset);
            if (hasLane) code.push_back(static_cast<uint8_t>(number(hasMemory ? 2 : 1)));
            break;
        }
        case Imm::V128: code += raw(number(0)) + raw(number(1)); break;
        case Imm::Shuffle:
            for (size_t i = 0; i < 16; ++i)
                code.push_back(static_cast<uint8_t>(number(i)));
            break;
        case Imm::LabelTable:
            code += leb(immediates.size() - 1);
            for (size_t i = 0; i < immediates.size(); ++i)
                code += leb(static_cast<uint64_t>(number(i)));
            break;
        case Imm::CallIndirect:
        case Imm::DataMemory:
        case Imm::MemoryMemory:
        case Imm::ElemTable:
        case Imm::TableTable:
        case Imm::TypeField:
        case Imm::TypeU32:
        case Imm::TypeData:
        case Imm::TypeElem:
        case Imm::TypeType:
            code += leb(static_cast<uint64_t>(number(0))) + leb(static_cast<uint64_t>(number(1)));
            break;
        case Imm::TryTable: {
            const bool isTyped = !immediates.empty() && !immediates[0].starts_with("catch");
            code += typeCode(isTyped ? immediates[0] : "");
            Bytes clauses;
            uint32_t count = 0;
            for (size_t i = isTyped; i < immediates.size(); ++count) {
                const std::string kind = immediates[i++];
                const bool all = kind.starts_with("catch_all");
                clauses.push_back(static_cast<uint8_t>(2 * all + kind.ends_with("_ref")));
                for (int indices = all ? 1 : 2; indices > 0; --indices)
                    clauses += leb(static_cast<uint64_t>(number(i++)));
            }
            code += leb(count) + clauses;
            break;
        }
        default: code += leb(static_cast<uint64_t>(number(0))); break;
        }
    }
    return code;
}

/// "i32 i64" → type codes with their count.
inline Bytes types(const std::string& text) {
    std::istringstream words(text);
    Bytes codes;
    uint32_t count = 0;
    for (std::string word; words >> word;)
        codes += typeCode(word), ++count;
    return leb(count) + codes;
}

struct FunctionText {
    std::string params, results, locals;
    std::string code;  // without the final end
};

/// A module: types of structures and arrays, imported functions ("module name", as types), functions (all exported as "0", "1" … by position, after the imports in the
/// index space), one memory, one table that holds all functions.
struct Program {
    std::vector<Bytes> objectTypes;  // type indices 0, 1 …; those of functions follow
    std::vector<std::pair<std::string, FunctionText>> imports;  // "m.f" and its type
    std::vector<FunctionText> functions;
    std::vector<std::string> tags;  // their parameters; exported as "tag0" …
    uint32_t pages = 0;             // 0: no memory
    uint32_t maxPages = 4;
    uint8_t memoryFlags = 1;  // 1: it has a maximum, 2: shared, 4: 64-bit
    Bytes data;               // at address 0

    Bytes bytes() const {
        Bytes typeItems, importItems, functionItems, exportItems, codeItems, elements;
        auto type = static_cast<uint32_t>(objectTypes.size());
        for (const Bytes& objectType : objectTypes)
            typeItems += objectType;
        const uint32_t firstType = type;
        for (const auto& [name, f] : imports) {
            const size_t dot = name.find('.');
            typeItems += Bytes{0x60} + types(f.params) + types(f.results);
            importItems +=
                test::name(name.substr(0, dot)) + test::name(name.substr(dot + 1)) + Bytes{0} + leb(type++);
        }
        uint32_t position = 0;
        for (const FunctionText& f : functions) {
            typeItems += Bytes{0x60} + types(f.params) + types(f.results);
            functionItems += leb(type);
            exportItems += test::name(std::to_string(position++)) + Bytes{0} + leb(type++ - firstType);
            std::istringstream words(f.locals);
            Bytes locals;
            uint32_t count = 0;
            for (std::string word; words >> word; ++count)
                locals += Bytes{1} + typeCode(word);
            codeItems += sized(leb(count) + locals + assemble(f.code) + Bytes{0x0b});
        }
        const uint32_t all = type - firstType;
        for (uint32_t i = 0; i < all; ++i)
            elements += leb(i);
        Bytes tagItems;
        for (uint32_t i = 0; i < tags.size(); ++i) {
            typeItems += Bytes{0x60} + types(tags[i]) + Bytes{0};
            tagItems += Bytes{0} + leb(type++);
            exportItems += test::name("tag" + std::to_string(i)) + Bytes{4} + leb(i);
        }
        uint32_t exports = position + static_cast<uint32_t>(tags.size());
        if (pages) exportItems += test::name("memory") + Bytes{2, 0}, ++exports;
        exportItems += test::name("table") + Bytes{1, 0};
        ++exports;
        return module(
            {section(1, leb(type) + typeItems),
             imports.empty() ? Bytes{} : section(2, leb(imports.size()) + importItems),
             section(3, leb(functions.size()) + functionItems), section(4, Bytes{1, 0x70, 0} + leb(all)),
             pages ? section(5, Bytes{1, memoryFlags} + leb(pages) + leb(maxPages)) : Bytes{},
             tags.empty() ? Bytes{} : section(13, leb(tags.size()) + tagItems),
             section(7, leb(exports) + exportItems),
             section(9, Bytes{1, 0} + assemble("i32.const 0; end") + leb(all) + elements),
             data.empty() ? Bytes{} : section(12, Bytes{1}), section(10, leb(functions.size()) + codeItems),
             data.empty()
                 ? Bytes{}
                 : section(11, Bytes{1, 0} + assemble("i32.const 0; end") + leb(data.size()) + data)});
    }
};

/// A store with one instance of a program, and a machine.
struct Running {
    explicit Running(const Program& program, StoreLimits limits = {}, ImportResolver resolver = {})
        : store(limits) {
        auto decoded = decode(program.bytes());
        CHECK(decoded.ok());
        module = *decoded;
        const auto valid = validateModule(*module);
        if (!valid) std::fprintf(stderr, "%s\n", valid.error().text().c_str());
        CHECK(valid.ok());
        if (!resolver)
            resolver = [this](const Import& import, const Module& m) -> Result<Extern> {
                const auto host = hosts.find(import.module + "." + import.name);
                if (host == hosts.end()) return Error{ErrorCode::NotFound, "unknown import"};
                const auto& [body, direct] = host->second;
                return Extern{
                    ExternKind::Func,
                    store.addHostFunction(m.typeOf(FuncIdx(import.index)), host->first, body, direct).value};
            };
        this->resolver = resolver;
        machine = std::move(*Machine::create(store));
    }
    Running& host(const std::string& name, HostFunctionBody body, DirectHostFunction direct = {}) {
        hosts[name] = {std::move(body), direct};
        return *this;
    }
    Running& link() {
        Trap trap;
        auto made = store.instantiate(module, resolver, &trap);
        if (!made) std::fprintf(stderr, "%s\n", made.error().text().c_str());
        CHECK(made.ok() && trap.kind == TrapKind::None);
        id = *made;
        return *this;
    }
    FuncAddr function(const std::string& name = "0") {
        return FuncAddr(store.instance(id).exported(name)->address);
    }
    LinearMemory& memory() { return store.memory(store.instance(id).memories[0]); }
    void start(std::vector<Value> arguments = {}, const std::string& name = "0") {
        CHECK(machine->start(function(name), arguments).ok());
    }
    /// Offset of the nth instruction of a function.
    CodeLocation at(uint32_t instruction, const std::string& name = "0") {
        const FuncAddr address = function(name);
        return {id, store.function(address).index, (*machine->instructionOffsets(address))[instruction]};
    }

    Store store;
    std::shared_ptr<const Module> module;
    ImportResolver resolver;
    std::map<std::string, std::pair<HostFunctionBody, DirectHostFunction>> hosts;
    std::unique_ptr<Machine> machine;
    InstanceId id;
};

}  // namespace engine::test
