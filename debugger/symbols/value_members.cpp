// Parts of objects: members, cases of enums, elements, pointees, and the expressions that yield them.
#include <algorithm>
#include <cctype>

#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_wasm.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

Error notReadable(std::string why) { return Error{ErrorCode::NotFound, std::move(why)}; }

constexpr unsigned kMaxMemberDepth = 16;
constexpr unsigned kMaxDescents = 100;  // objects whose own members are looked through in one search
constexpr size_t kMaxNames = 4000;

/// Members whose own members count as the object's.
bool isTransparent(const Member& member) { return member.isBase || member.name.empty(); }

struct MemberSearch {
    EvaluationContext& context;
    unsigned visited = 0;

    std::optional<SourceValue> byName(const SourceValue& object, std::string_view name, unsigned depth) {
        if (depth > kMaxMemberDepth || ++visited > kMaxDescents) return std::nullopt;
        const Types types(context);
        const TypeInfo& t = types.stripped(object.type);
        for (const Member& member : t.members) {
            if (!member.isStatic && member.name == name && !member.isBase)
                return memberOf(object, member, context);
        }
        for (const Member& member : t.members) {
            if (member.isStatic || !isTransparent(member) || !types.isAggregate(member.type)) continue;
            auto found = byName(memberOf(object, member, context), name, depth + 1);
            if (found) return found;
        }
        if (t.cases.empty()) return std::nullopt;
        const auto active = activeCase(object, context);
        if (!active || !*active) return std::nullopt;
        for (const Member& member : (*active)->members) {
            const SourceValue payload = memberOf(object, member, context);
            if (member.name == name) return payload;
            if (!types.isAggregate(member.type)) continue;
            auto found = byName(payload, name, depth + 1);
            if (found) return found;
        }
        return std::nullopt;
    }

    void names(const SourceValue& object, std::vector<std::string>& into, unsigned depth) {
        if (depth > kMaxMemberDepth || ++visited > kMaxDescents) return;
        const Types types(context);
        const TypeInfo& t = types.stripped(object.type);
        for (const Member& member : t.members) {
            if (into.size() >= kMaxNames) return;
            if (!member.name.empty() && !member.isBase) into.push_back(member.name);
            if (isTransparent(member) && types.isAggregate(member.type))
                names(memberOf(object, member, context), into, depth + 1);
        }
        if (t.cases.empty()) return;
        const auto active = activeCase(object, context);
        if (!active || !*active) return;
        for (const Member& member : (*active)->members) {
            if (types.isAggregate(member.type)) names(memberOf(object, member, context), into, depth + 1);
        }
    }

    std::optional<SourceValue> pointer(const SourceValue& object, unsigned depth) {
        const Types types(context);
        if (types.isPointer(object.type)) return object;
        if (depth > kMaxMemberDepth || !types.isAggregate(object.type)) return std::nullopt;
        for (const Member& member : types.stripped(object.type).members) {
            if (++visited > kMaxDescents) return std::nullopt;
            if (member.isStatic) continue;
            auto found = pointer(memberOf(object, member, context), depth + 1);
            if (found) return found;
        }
        return std::nullopt;
    }
};

}  // namespace

SourceValue memberOf(const SourceValue& object, const Member& member, EvaluationContext& context) {
    const Types types(context);
    SourceValue value;
    value.name = member.name;
    value.type = member.type;
    value.bitSize = member.bitSize;
    value.bitOffset = member.bitOffset;
    value.format = object.format;
    value.path = memberPath(object.path, member.name);
    if (member.isStatic) {
        value.place = unavailable("static member; look it up by its qualified name");
    } else if (member.virtualBase != 0) {
        value.place = unavailable("virtual base class");
    } else {
        const uint64_t bits = uint64_t{member.bitOffset} + member.bitSize;
        value.place =
            partOf(object.place, member.offset, member.bitSize ? (bits + 7) / 8 : types.size(member.type));
    }
    return value;
}

std::optional<SourceValue> findMember(const SourceValue& object, std::string_view name,
                                      EvaluationContext& context) {
    if (name.empty() || !object.extents.empty()) return std::nullopt;
    if (isWasmReference(object)) return wasmMember(object, name, context);
    SourceValue start = object;
    start.path.clear();  // paths of what is only passed through would be made for nothing
    auto found = MemberSearch{context}.byName(start, name, 0);
    if (found) found->path = memberPath(object.path, std::string(name));
    return found;
}

std::vector<std::string> memberNames(const SourceValue& object, EvaluationContext& context) {
    std::vector<std::string> all;
    if (isWasmReference(object)) {
        for (const SourceValue& part : wasmParts(object, 0, kMaxNames, context))
            all.push_back(part.name);
        return all;
    }
    SourceValue start = object;
    start.path.clear();
    MemberSearch{context}.names(start, all, 0);
    return all;
}

std::optional<SourceValue> findPointer(const SourceValue& object, EvaluationContext& context) {
    SourceValue start = object;
    start.path.clear();
    return MemberSearch{context}.pointer(start, 0);
}

Result<const VariantCase*> activeCase(const SourceValue& value, EvaluationContext& context) {
    const Types types(context);
    const TypeInfo& t = types.stripped(value.type);
    if (!t.discriminant) return t.cases.empty() ? nullptr : &t.cases.front();
    const Number number = TRY(readNumber(memberOf(value, *t.discriminant, context), context));
    const uint64_t mask = number.bits >= 64 ? ~uint64_t{0} : (uint64_t{1} << number.bits) - 1;
    const uint64_t discriminant = number.asUnsigned() & mask;
    const VariantCase* otherwise = nullptr;
    for (const VariantCase& one : t.cases) {
        if (one.values.empty()) otherwise = &one;
        for (const auto& [first, last] : one.values) {
            // A range may wrap when it was written with signed values.
            const uint64_t low = first & mask, high = last & mask;
            const bool inside = low <= high ? discriminant >= low && discriminant <= high
                                            : discriminant >= low || discriminant <= high;
            if (inside) return &one;
        }
    }
    return otherwise;
}

// -------------------------------------------------------------------------------------------------- elements, pointees

Result<SourceValue> elementOf(const SourceValue& array, uint64_t index, EvaluationContext& context) {
    const Types types(context);
    ArrayShape shape = types.shape(array);
    if (shape.extents.empty()) return Error{ErrorCode::BadArgument, "not an array"};
    shape.extents.erase(shape.extents.begin());
    const uint64_t each = saturatingMultiply(elementCount(shape.extents), types.size(shape.element));
    const uint64_t offset = saturatingMultiply(each, index);
    if (offset == ~uint64_t{0}) return notReadable("address beyond memory");
    SourceValue value;
    value.name = "[" + std::to_string(index) + "]";
    value.type = shape.element;
    value.extents = std::move(shape.extents);
    value.format = array.format;
    value.place = partOf(array.place, offset, each);
    value.path = indexPath(array.path, std::to_string(index));
    return value;
}

Result<SourceValue> dereference(const SourceValue& pointer, EvaluationContext& context) {
    const Types types(context);
    const TypeId type = types.strip(pointer.type);
    const TypeKind kind = types.kind(type);
    if (!pointer.extents.empty() || (kind != TypeKind::Pointer && !types.isReference(type))) {
        return Error{ErrorCode::BadArgument, "`" + typeName(pointer, context) + "` is not a pointer"};
    }
    const TypeId pointee = types.target(type);
    if (types.isVoid(pointee)) {
        return Error{ErrorCode::BadArgument,
                     "a `" + types.name(pointer.type) +
                         "` says nothing of what is there: cast it first, as in *(int *)p"};
    }
    const uint64_t address = TRY(readPointer(pointer, context));
    if (address == 0) return notReadable("null pointer");
    SourceValue value;
    value.name = "*" + pointer.name;
    value.type = pointee;
    value.place = memoryPlace(address);
    value.format = pointer.format;
    value.path = types.isReference(type) ? pointer.path : dereferencePath(pointer.path);
    return value;
}

SourceValue throughReferences(const SourceValue& value, EvaluationContext& context) {
    const Types types(context);
    SourceValue current = value;
    for (unsigned depth = 0; depth < 8 && current.extents.empty() && types.isReference(current.type);
         depth++) {
        auto referent = dereference(current, context);
        if (!referent) {
            current.type = types.target(types.strip(current.type));
            current.place = unavailable("reference: " + referent.error().message);
            return current;
        }
        referent->name = value.name;
        referent->format = value.format;
        current = std::move(*referent);
    }
    return current;
}

// --------------------------------------------------------------------------------------------------------------- names

std::string shortName(std::string_view qualified) {
    // Rust: "&dyn Area" of "&(dyn shapes::Area + core::marker::Send)".
    const size_t trait = qualified.find("dyn ");
    if (trait != std::string_view::npos && qualified.starts_with('&')) {
        const size_t begin = trait + 4,
                     end = std::min(qualified.find_first_of("<(+)", begin), qualified.size());
        std::string_view name = qualified.substr(begin, end - begin);
        while (name.ends_with(' '))
            name.remove_suffix(1);
        return std::string(qualified.substr(0, qualified.find_first_of("(d"))) + "dyn " + shortName(name);
    }
    size_t begin = 0, depth = 0;
    size_t end = qualified.size();
    for (size_t i = 0; i < qualified.size(); i++) {
        const char c = qualified[i];
        if (c == '<' || c == '(' || c == '[') {
            if (depth++ == 0 && c == '<' && i > begin) end = i;
        } else if ((c == '>' || c == ')' || c == ']') && depth > 0) {
            depth--;
        } else if (c == ':' && depth == 0 && i + 1 < qualified.size() && qualified[i + 1] == ':') {
            begin = i + 2;
            end = qualified.size();
            i++;
        }
    }
    return std::string(qualified.substr(begin, end - begin));
}

namespace {

bool isNameCharacter(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == ':' || c == '#' ||
           (c & 0x80);
}

/// The position behind the bracket that closes the one at `at`; npos if none does.
size_t closing(std::string_view text, size_t at) {
    int depth = 0;
    for (size_t i = at; i < text.size(); i++) {
        if (text[i] == '(' || text[i] == '[') depth++;
        if ((text[i] == ')' || text[i] == ']') && --depth == 0) return i + 1;
    }
    return std::string_view::npos;
}

/// The position behind a name, or behind one in quotes; npos if the quote is not closed.
size_t nameEnd(std::string_view text, size_t at) {
    if (at < text.size() && text[at] == '\'') {
        const size_t quote = text.find('\'', at + 1);
        return quote == std::string_view::npos ? quote : quote + 1;
    }
    while (at < text.size() && isNameCharacter(text[at]))
        at++;
    return at;
}

/// Whether `.x` or `[i]` can be written behind it.
bool isPostfix(std::string_view text) {
    size_t at = text.starts_with('(') ? closing(text, 0) : nameEnd(text, 0);
    if (at == 0) return false;
    while (at < text.size()) {
        if (text[at] == '[') {
            at = closing(text, at);
        } else if (text[at] == '.' || text.substr(at).starts_with("->")) {
            at += text[at] == '.' ? 1 : 2;
            const size_t begin = at;
            at = nameEnd(text, at);
            if (at == begin && (at >= text.size() || text[at] != '[')) return false;
        } else {
            return false;
        }
    }
    return at != std::string_view::npos;
}

std::string parenthesised(const std::string& path) { return isPostfix(path) ? path : "(" + path + ")"; }

/// The pointer of a path that dereferences one: "p" of "*p".
std::optional<std::string> pointerOf(const std::string& path) {
    if (!path.starts_with('*')) return std::nullopt;
    return path.substr(1);
}

}  // namespace

std::string writtenName(const std::string& name) {
    const bool isPlain =
        std::all_of(name.begin(), name.end(), isNameCharacter) && name.find('#') == std::string::npos;
    if (name.starts_with('[') ||
        (isPlain && !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0]))))
        return name;
    return name.size() < 2 || name.find('\'') != std::string::npos ? std::string() : "'" + name + "'";
}

std::string memberPath(const std::string& path, const std::string& member) {
    if (path.empty() || member.empty()) return path;
    const std::string name = writtenName(member);
    if (name.empty()) return {};
    const auto pointer = pointerOf(path);
    return pointer ? parenthesised(*pointer) + "->" + name : parenthesised(path) + "." + name;
}

std::string indexPath(const std::string& path, const std::string& index) {
    return path.empty() ? std::string() : parenthesised(path) + "[" + index + "]";
}

std::string dereferencePath(const std::string& path) {
    if (path.empty()) return {};
    return isPostfix(path) || path.starts_with('*') ? "*" + path : "*(" + path + ")";
}

}  // namespace debugger
