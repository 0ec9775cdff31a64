#include "debugger/symbols/expression_names.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_types.h"
#include "engine/base/edit_distance.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr size_t kMaxTypesSearched = 3'000;
constexpr size_t kMaxGlobalsSearched = 500;

const std::vector<Scope>& scopesHere(EvaluationContext& context) {
    static const std::vector<Scope> kNone;
    const auto* scopes = context.symbols()->keptScopes(context.address(), context.inlineLevel());
    return scopes ? *scopes : kNone;
}

/// `line` 0 = the innermost one.
const Variable* findVariable(const std::vector<Scope>& scopes, std::string_view name, uint32_t line) {
    for (const Scope& scope : scopes) {
        // Of several in one scope the last one shadows the others.
        for (auto variable = scope.variables.rbegin(); variable != scope.variables.rend(); ++variable) {
            if (variable->name == name && (line == 0 || variable->declaration.line == line))
                return &*variable;
        }
    }
    return nullptr;
}

std::optional<SourceValue> memberOfThis(const std::vector<Scope>& scopes, const std::string& name,
                                        EvaluationContext& context) {
    const Variable* const self = findVariable(scopes, "this", 0);
    if (!self) return std::nullopt;
    const auto object = dereference(locate(*self, context), context);
    if (!object) return std::nullopt;
    return findMember(*object, name, context);
}

/// Enums that can be reached from the types of what is visible.
class EnumeratorSearch {
public:
    EnumeratorSearch(std::string_view name, const Types& types) : m_name(name), m_types(types) {}

    void from(TypeId type) { push(type); }

    std::optional<std::pair<TypeId, int64_t>> run() {
        for (size_t i = 0; i < m_queue.size() && i < kMaxTypesSearched; i++) {
            const TypeInfo& t = m_types.info(m_queue[i]);
            if (t.kind == TypeKind::Enum) {
                if (const Enumerator* found = findEnumerator(t, m_name))
                    return std::pair(m_queue[i], found->value);
            }
            push(m_types.target(m_queue[i]));
            for (const Member& member : t.members)
                push(member.type);
            for (const VariantCase& one : t.cases) {
                for (const Member& member : one.members)
                    push(member.type);
            }
            for (const TypeId parameter : t.parameters)
                push(parameter);
        }
        return std::nullopt;
    }

private:
    void push(TypeId type) {
        if (type != kNoType && m_queue.size() < kMaxTypesSearched && m_seen.insert(type).second)
            m_queue.push_back(type);
    }
    std::string_view m_name;
    const Types& m_types;
    std::vector<TypeId> m_queue;
    std::set<TypeId> m_seen;
};

SourceValue enumeratorValue(TypeId type, int64_t value, const Types& types) {
    const uint64_t size = types.size(type);
    return temporary(type, bytesOf(Number::ofSigned(value, 64), BaseEncoding::Signed,
                                   size && size <= 16 ? static_cast<size_t>(size) : 4));
}

std::optional<SourceValue> enumerator(const std::string& name, const std::vector<Scope>& scopes,
                                      EvaluationContext& context) {
    const Types types(context);
    // Colour::Red: the enum has a name of its own.
    const size_t colon = name.rfind("::");
    if (colon != std::string::npos && colon > 0) {
        const auto owner = context.symbols()->findType(name.substr(0, colon), context.address());
        if (owner) {
            const TypeInfo& t = types.stripped(*owner);
            const Enumerator* const found =
                t.kind == TypeKind::Enum ? findEnumerator(t, name.substr(colon + 2)) : nullptr;
            if (found) return enumeratorValue(types.strip(*owner), found->value, types);
        }
    }
    EnumeratorSearch search(name, types);
    for (const Scope& scope : scopes) {
        for (const Variable& variable : scope.variables)
            search.from(variable.type);
    }
    const auto globals = context.symbols()->globals(context.address());
    if (globals) {
        for (size_t i = 0; i < globals->size() && i < kMaxGlobalsSearched; i++)
            search.from((*globals)[i].type);
    }
    const auto found = search.run();
    if (!found) return std::nullopt;
    return enumeratorValue(found->first, found->second, types);
}

SourceValue functionValue(const FunctionSymbol& function) {
    return temporary(builtinType(Builtin::CodeAddress),
                     bytesOf(Number::ofUnsigned(function.range.begin, 32), BaseEncoding::Unsigned, 4));
}

std::vector<std::string> visibleNames(const std::vector<Scope>& scopes, EvaluationContext& context) {
    std::vector<std::string> names;
    for (const Scope& scope : scopes) {
        for (const Variable& variable : scope.variables)
            names.push_back(variable.name);
    }
    const Variable* const self = findVariable(scopes, "this", 0);
    if (self) {
        const auto object = dereference(locate(*self, context), context);
        if (object) {
            for (std::string& name : memberNames(*object, context))
                names.push_back(std::move(name));
        }
    }
    const auto globals = context.symbols()->globals(context.address());
    if (globals) {
        for (size_t i = 0; i < globals->size() && i < kMaxGlobalsSearched; i++)
            names.push_back((*globals)[i].name);
    }
    return names;
}

}  // namespace

const Enumerator* findEnumerator(const TypeInfo& type, std::string_view name) {
    for (const Enumerator& e : type.enumerators) {
        if (e.name == name || (name.size() > type.name.size() + 2 && name.ends_with(e.name) &&
                               name.substr(0, name.size() - e.name.size()).ends_with("::") &&
                               type.name.ends_with(name.substr(0, name.size() - e.name.size() - 2)))) {
            return &e;
        }
    }
    return nullptr;
}

std::string suggestion(std::string_view name, const std::vector<std::string>& candidates) {
    const size_t limit = std::max<size_t>(1, name.size() / 3);
    size_t best = limit + 1;
    const std::string* nearest = nullptr;
    for (const std::string& candidate : candidates) {
        if (candidate.empty() || candidate == name) continue;
        const size_t edits = engine::editDistance(name, candidate);
        if (edits >= best || edits >= candidate.size()) continue;
        best = edits;
        nearest = &candidate;
    }
    return nearest ? "; did you mean `" + printable(*nearest) + "`?" : "";
}

bool isVariable(const std::string& name, EvaluationContext& context) {
    if (!context.symbols()) return false;
    const std::vector<Scope>& scopes = scopesHere(context);
    return findVariable(scopes, name, 0) || memberOfThis(scopes, name, context) ||
           context.symbols()->findGlobal(name, context.address()).ok();
}

namespace {
bool isFunction(engine::ValType type) {
    const engine::HeapType heap = type.heap();
    return heap.isAbstract() &&
           (heap.abstract() == engine::AbstractHeap::Func || heap.abstract() == engine::AbstractHeap::NoFunc);
}

/// A wasm local, operand or global as a value that can be looked into and, unless it is an operand, written.
Result<SourceValue> wasmValue(const std::string& name, ObjectPlace::Kind kind, uint32_t index,
                              EvaluationContext& context) {
    SourceValue value;
    value.name = value.path = name;
    value.place.index = index;
    value.place.kind = kind;
    engine::Value wasm;
    switch (kind) {
    case ObjectPlace::Kind::WasmLocal: wasm = TRY(context.local(value.place.index)); break;
    case ObjectPlace::Kind::WasmGlobal: wasm = TRY(context.global(value.place.index)); break;
    default: wasm = TRY(context.operand(value.place.index)); break;
    }
    switch (wasm.type.kind()) {
    case engine::ValKind::I32: value.type = builtinType(Builtin::I32); break;
    case engine::ValKind::I64: value.type = builtinType(Builtin::I64); break;
    case engine::ValKind::F32: value.type = builtinType(Builtin::F32); break;
    case engine::ValKind::F64: value.type = builtinType(Builtin::F64); break;
    case engine::ValKind::V128: value.type = builtinType(Builtin::V128); break;
    default:
        value.type = builtinType(isFunction(wasm.type) ? Builtin::WasmFunction : Builtin::WasmReference);
        break;
    }
    return value;
}

/// What the module's name section calls so: a local of the frame, else a global.
std::optional<Result<SourceValue>> namedWasmValue(const std::string& written, std::string_view name,
                                                  EvaluationContext& context) {
    if (const auto local = context.localNamed(name))
        return wasmValue(written, ObjectPlace::Kind::WasmLocal, *local, context);
    if (const auto global = context.globalNamed(name))
        return wasmValue(written, ObjectPlace::Kind::WasmGlobal, *global, context);
    return std::nullopt;
}
}  // namespace

Result<SourceValue> lookUp(const std::string& written, EvaluationContext& context) {
    if (!context.symbols()) {
        if (auto named = namedWasmValue(written, written, context)) return std::move(*named);
        return Error{ErrorCode::NotFound,
                     "no variable `" + printable(written) +
                         "`: the module has no debug info; $local0, $stack0, $global0 and $memory[0] work"};
    }
    std::string name = written;
    uint32_t line = 0;
    const size_t hash = name.find('#');
    if (hash != std::string::npos) {
        std::from_chars(name.data() + hash + 1, name.data() + name.size(), line);
        name.resize(hash);
    }
    const std::vector<Scope>& scopes = scopesHere(context);
    if (const Variable* variable = findVariable(scopes, name, line)) return locate(*variable, context);
    if (line == 0) {
        if (auto member = memberOfThis(scopes, name, context)) return std::move(*member);
    }
    const std::string plain = name.starts_with("::") ? name.substr(2) : name;
    const auto global = context.symbols()->findGlobal(plain, context.address());
    if (global) return locate(*global, context);
    const auto functions = context.symbols()->findFunctions(plain);
    if (!functions.empty()) return functionValue(functions.front());
    if (auto found = enumerator(plain, scopes, context)) return std::move(*found);
    if (auto named = namedWasmValue(written, plain, context)) return std::move(*named);
    return Error{ErrorCode::NotFound, "no variable `" + printable(written) + "` here" +
                                          suggestion(name, visibleNames(scopes, context))};
}

Result<SourceValue> lookUpWasm(const std::string& name, EvaluationContext& context) {
    SourceValue value;
    value.name = value.path = name;
    if (name == "$pc") {
        value = temporary(builtinType(Builtin::UnsignedInt),
                          bytesOf(Number::ofUnsigned(context.address(), 32), BaseEncoding::Unsigned, 4));
        value.format = 'x';
        return value;
    }
    if (name == "$memory") {
        value.type = builtinType(Builtin::UnsignedChar);
        value.extents = {context.memorySize()};
        value.place = memoryPlace(0);
        return value;
    }
    constexpr std::pair<std::string_view, ObjectPlace::Kind> kKinds[] = {
        {"$local", ObjectPlace::Kind::WasmLocal},
        {"$stack", ObjectPlace::Kind::WasmOperand},
        {"$global", ObjectPlace::Kind::WasmGlobal}};
    for (const auto& [prefix, kind] : kKinds) {
        if (!name.starts_with(prefix) || name.size() == prefix.size()) continue;
        const char* const end = name.data() + name.size();
        const auto digits = std::from_chars(name.data() + prefix.size(), end, value.place.index);
        if (digits.ec != std::errc() || digits.ptr != end) break;
        return wasmValue(name, kind, value.place.index, context);
    }
    if (auto named = namedWasmValue(name, std::string_view(name).substr(1), context))
        return std::move(*named);
    return Error{ErrorCode::NotFound,
                 "there is no `" + printable(name) +
                     "`; there are $local0, $stack0 (0 is the lowest), $global0, $pc and $memory[0]"};
}

}  // namespace debugger
