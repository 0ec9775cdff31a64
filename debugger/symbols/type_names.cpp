// Names of derived types, spelled as C declares them: "struct item *", "int16_t[2][3]", "int (*)(char *)".
#include "debugger/symbols/types.h"

namespace debugger::dwarf {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxLength = 1000;

std::string joined(std::string name, const std::string& inner) {
    if (inner.empty()) return name;
    if (inner[0] != '[') name += ' ';
    return name += inner;
}

}  // namespace

std::string TypePool::spell(const TypeInfo& info) { return declareDerived(info, "", 0); }

std::string TypePool::declare(TypeId id, std::string inner, int depth) {
    if (id == kNoType) return joined("void", inner);
    if (depth > kMaxDepth || inner.size() > kMaxLength) return "…";
    const TypeInfo& info = this->info(id);
    switch (info.kind) {
    case TypeKind::Pointer:
    case TypeKind::Reference:
    case TypeKind::RvalueReference:
    case TypeKind::MemberPointer:
    case TypeKind::Array:
    case TypeKind::Const:
    case TypeKind::Volatile:
    case TypeKind::Function: {
        // A name of its own (Rust) or one still being made is taken as it is.
        const bool isOwn = info.name == "…" || (info.language == "Rust" && !info.name.empty());
        return isOwn ? joined(info.name, inner) : declareDerived(info, std::move(inner), depth);
    }
    default: return joined(info.name, inner);
    }
}

std::string TypePool::declareDerived(const TypeInfo& info, std::string inner, int depth) {
    const auto pointer = [&](const std::string& sign) {
        const TypeKind kind = info.target == kNoType ? TypeKind::Base : this->info(info.target).kind;
        const bool needsParentheses = kind == TypeKind::Array || kind == TypeKind::Function;
        const bool isWord = !inner.empty() && (inner[0] == 'c' || inner[0] == 'v');
        inner = sign + (isWord && sign.back() != '*' ? " " : "") + inner;
        return declare(info.target, needsParentheses ? "(" + inner + ")" : inner, depth + 1);
    };
    const auto qualified = [&](const std::string& word) {
        const TypeKind kind = info.target == kNoType ? TypeKind::Base : this->info(info.target).kind;
        if (kind == TypeKind::Pointer)
            return declare(info.target, inner.empty() ? word : word + " " + inner, depth + 1);
        return word + " " + declare(info.target, inner, depth + 1);
    };
    switch (info.kind) {
    case TypeKind::Pointer: return pointer("*");
    case TypeKind::Reference: return pointer("&");
    case TypeKind::RvalueReference: return pointer("&&");
    case TypeKind::MemberPointer:
        return pointer((info.parameters.empty() ? "" : this->info(info.parameters[0]).name) + "::*");
    case TypeKind::Const: return qualified("const");
    case TypeKind::Volatile: return qualified("volatile");
    case TypeKind::Array:
        for (const uint64_t length : info.dimensions)
            inner += length ? "[" + std::to_string(length) + "]" : "[]";
        return declare(info.target, inner, depth + 1);
    case TypeKind::Function: {
        std::string parameters;
        for (const TypeId parameter : info.parameters) {
            if (parameters.size() > kMaxLength) {
                parameters += ", …";
                break;
            }
            parameters += (parameters.empty() ? "" : ", ") +
                          (parameter == kNoType ? "void" : this->info(parameter).name);
        }
        return declare(info.target, inner + "(" + parameters + ")", depth + 1);
    }
    default: return joined(info.name, inner);
    }
}

}  // namespace debugger::dwarf
