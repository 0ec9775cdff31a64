#include "engine/types.h"

#include <array>

namespace engine {

namespace {

constexpr std::array<std::string_view, 12> kHeapNames = {
    "exn", "array", "struct", "i31", "eq", "any", "extern", "func", "none", "noextern", "nofunc", "noexn"};
/// The short forms of (ref null HEAP).
constexpr std::array<std::string_view, 12> kRefNames = {
    "exnref",    "arrayref", "structref", "i31ref",        "eqref",       "anyref",
    "externref", "funcref",  "nullref",   "nullexternref", "nullfuncref", "nullexnref"};

void append(std::string& text, std::string_view keyword, const std::vector<ValType>& types) {
    if (types.empty()) return;
    if (!text.empty()) text += ' ';
    text += '(';
    text += keyword;
    for (const ValType type : types) {
        text += ' ';
        text += toText(type);
    }
    text += ')';
}

}  // namespace

std::string toText(HeapType type) {
    if (!type.isAbstract()) return std::to_string(type.defined().value);
    const auto index = static_cast<size_t>(type.abstract());
    return index < kHeapNames.size() ? std::string(kHeapNames[index]) : "bot";
}

std::string toText(ValType type) {
    switch (type.kind()) {
    case ValKind::I32: return "i32";
    case ValKind::I64: return "i64";
    case ValKind::F32: return "f32";
    case ValKind::F64: return "f64";
    case ValKind::V128: return "v128";
    case ValKind::Bottom: return "bot";
    case ValKind::Ref: break;
    }
    const HeapType heap = type.heap();
    const auto index = static_cast<size_t>(heap.abstract());
    if (type.nullable() && heap.isAbstract() && index < kRefNames.size())
        return std::string(kRefNames[index]);
    return (type.nullable() ? "(ref null " : "(ref ") + toText(heap) + ")";
}

std::string toText(const FuncType& type) {
    std::string text;
    append(text, "param", type.params);
    append(text, "result", type.results);
    return text;
}

std::string_view toText(ExternKind kind) {
    switch (kind) {
    case ExternKind::Func: return "func";
    case ExternKind::Table: return "table";
    case ExternKind::Memory: return "memory";
    case ExternKind::Global: return "global";
    case ExternKind::Tag: return "tag";
    }
    return "?";
}

}  // namespace engine
