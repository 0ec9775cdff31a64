// Watch expressions, DWARF expressions, and rendering of hostile types. The first byte chooses: 0 the rest is the text of an expression
// over a small C program; 1 the bytes of a location; 2 a table of types (eight bytes each) that memory is looked at through.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "debugger/symbols/condition.h"
#include "tests/debugger/value_fakes.h"

namespace {

using namespace debugger;
using namespace debugger::test;

void lookAt(const SourceValue& value, EvaluationContext& context, unsigned depth) {
    if (render(value, context).size() > 4000) std::abort();
    (void)typeName(value, context);
    (void)byteSize(value, context);
    (void)isAssignable(value, context);
    const uint64_t count = childCount(value, context);
    if (depth == 2) return;
    for (const SourceValue& child : children(value, context, 0, 4))
        lookAt(child, context, depth + 1);
    if (count > 4) (void)children(value, context, count - 1, 4);
}

void expression(std::string_view text) {
    CProgram program;
    const auto value = evaluate(text, program.context);
    if (!value) {
        if (value.error().message.empty()) std::abort();
        return;
    }
    lookAt(*value, program.context, 1);
    (void)Condition(std::string(text)).holds(program.context);
    (void)checkSyntax(text);
    (void)checkNames(text, program.context);
    std::ignore = assign(*value, "1", program.context);
    (void)evaluateAssignment("count", text, program.context);
}

void location(std::span<const uint8_t> bytes) {
    CProgram program;
    program.symbols.frameBaseList = {
        {{0, ~uint32_t{0}}, {dwarf::DW_OP_WASM_location, 0, 0, dwarf::DW_OP_stack_value}}};
    for (const uint64_t size : {uint64_t{0}, uint64_t{4}, uint64_t{40}, uint64_t{1} << 60}) {
        const ObjectPlace place = evaluateLocation(bytes, program.context, size);
        if (place.bytes.size() > 64 * 1024) std::abort();
        SourceValue value;
        value.type = program.itemType;
        value.place = place;
        lookAt(value, program.context, 1);
    }
}

/// Names that printers wait for, and members that they read.
constexpr const char* kNames[] = {"",
                                  "int",
                                  "char",
                                  "std::__2::basic_string<char>",
                                  "std::__2::vector<int>",
                                  "std::__2::map<int, int>",
                                  "std::__2::optional<int>",
                                  "std::__2::unique_ptr<int>",
                                  "&str",
                                  "alloc::vec::Vec<u8>",
                                  "alloc::string::String",
                                  "alloc::boxed::Box<u8>",
                                  "std::collections::hash::map::HashMap<u8, u8>",
                                  "alloc::rc::Rc<u8>",
                                  "std::__2::__tree<int>",
                                  "std::__2::__tree_node<int, void *>"};
constexpr const char* kMembers[] = {
    "",         "x",           "__0",      "__1",     "__begin_",      "__end_",
    "__rep_",   "__s",         "__l",      "__data_", "__size_",       "__is_long_",
    "__ptr_",   "__engaged_",  "__val_",   "__tree_", "__begin_node_", "__left_",
    "__right_", "__parent_",   "__value_", "first",   "second",        "data_ptr",
    "length",   "buf",         "len",      "vec",     "base",          "table",
    "ctrl",     "bucket_mask", "items",    "strong",  "weak",          "value"};

void types(std::span<const uint8_t> bytes) {
    FakeSymbols symbols;
    FakeContext context(&symbols, 4096);
    const size_t count = std::min<size_t>(bytes.size() / 8, 24);
    for (size_t i = 0; i < count; i++) {
        const uint8_t* const b = bytes.data() + 8 * i;
        TypeInfo t;
        t.kind = static_cast<TypeKind>(b[0] % 17);
        t.name = kNames[b[1] % std::size(kNames)];
        t.byteSize = b[2] == 255 ? uint64_t{1} << 60 : b[2] % 40;
        t.encoding = static_cast<BaseEncoding>(b[3] % 10);
        t.target = b[4] == 255 ? kNoType : b[4] % count;
        t.language = b[1] & 0x80 ? "Rust" : "C++14";
        t.isDeclaration = b[3] == 255;
        t.templateArguments = {{"T", b[5] % count}};
        for (unsigned m = 0; m < b[5] % 5u; m++) {
            Member member =
                FakeSymbols::member(kMembers[(b[6] + 7u * m) % std::size(kMembers)], (b[7] + m) % count,
                                    (b[6] * m) % 24, b[7] % 9u == 8 ? m * 3 : 0, m);
            member.isBase = (b[6] & 0x40) && m == 0;
            if ((b[7] & 0x80) && m > 0)
                t.cases.push_back({{{m, m + b[6] % 3u}}, {member}});
            else
                t.members.push_back(member);
        }
        if (!t.cases.empty()) t.discriminant = FakeSymbols::member("", b[7] % count, 0);
        if (t.kind == TypeKind::Array)
            t.dimensions = {b[6] == 255 ? uint64_t{1} << 60 : b[6] % 9u, uint64_t{b[7]} % 4 + 1};
        if (t.kind == TypeKind::Enum) t.enumerators = {{"A", b[6]}, {"B", -b[7]}, {"C", 4}};
        symbols.types.push_back(std::move(t));
    }
    const auto rest = bytes.subspan(8 * count);
    for (size_t i = 0; i < context.memory.size() && !rest.empty(); i++)
        context.memory[i] = rest[i % rest.size()];
    for (size_t i = 0; i < count; i++) {
        SourceValue value;
        value.type = static_cast<TypeId>(i);
        value.name = value.path = "v";
        value.place.kind = ObjectPlace::Kind::Memory;
        value.place.address = 8 * i;
        lookAt(value, context, 0);
        (void)describeType(value.type, symbols);
        for (const char* name : {"x", "__0", "0", "len"})
            (void)evaluate(std::string("(*(int *)8).") + name, context);
        std::ignore = assign(value, "7", context);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    const std::span<const uint8_t> rest(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0: expression({reinterpret_cast<const char*>(rest.data()), rest.size()}); break;
    case 1: location(rest); break;
    default: types(rest); break;
    }
    return 0;
}
