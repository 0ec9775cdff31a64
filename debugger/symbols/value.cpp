#include "debugger/symbols/value.h"

#include <algorithm>

#include "debugger/symbols/location.h"
#include "debugger/symbols/printers.h"
#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_types.h"
#include "debugger/symbols/value_wasm.h"

namespace debugger {

SourceValue locate(const Variable& variable, EvaluationContext& context) {
    SourceValue value;
    value.name = variable.name;
    value.type = variable.type;
    value.path = writtenName(variable.name);
    if (variable.constant && variable.locations.empty()) {
        value.place.kind = ObjectPlace::Kind::Bytes;
        value.place.bytes = *variable.constant;
        return value;
    }
    value.place = evaluateLocations(variable.locations, context, Types(context).size(variable.type));
    return value;
}

std::string typeName(TypeId type, Symbols& symbols) { return printable(Types(&symbols, 4).name(type)); }

std::string typeName(const SourceValue& value, EvaluationContext& context) {
    if (isWasmReference(value)) {
        const auto referent = wasmReferent(value, context);
        if (referent && !referent->type.empty()) return referent->text + " " + referent->type;
    }
    std::string name = Types(context).name(value.type);
    for (const uint64_t extent : value.extents)
        name += "[" + std::to_string(extent) + "]";
    return printable(name);
}

std::string placeText(const SourceValue& value) {
    const ObjectPlace& place = value.place;
    std::string text(kindName(place.kind));
    if (place.kind == ObjectPlace::Kind::Memory) return text + " " + hexadecimal(place.address);
    if (place.kind == ObjectPlace::Kind::Bytes || place.kind == ObjectPlace::Kind::Unavailable) return text;
    text += " " + std::to_string(place.index);
    return place.offset ? text + " byte " + std::to_string(place.offset) : text;
}

uint64_t byteSize(const SourceValue& value, EvaluationContext& context) {
    const uint64_t size = Types(context).size(value.type);
    return value.extents.empty() ? size : saturatingMultiply(size, elementCount(value.extents));
}

bool isAssignable(const SourceValue& value, EvaluationContext& context) {
    const SourceValue object = throughReferences(value, context);
    const ObjectPlace::Kind kind = object.place.kind;
    if (kind != ObjectPlace::Kind::Memory && kind != ObjectPlace::Kind::WasmLocal &&
        kind != ObjectPlace::Kind::WasmGlobal)
        return false;
    const Types types(context);
    const TypeKind type = types.kind(types.strip(object.type));
    return object.extents.empty() && !isWasmReference(object) &&
           (type == TypeKind::Base || type == TypeKind::Pointer || type == TypeKind::Enum);
}

// ------------------------------------------------------------------------------------------------------------ children

namespace {

constexpr size_t kMaxMembers = 4000;

std::string childPath(const SourceValue& parent, const std::string& name) {
    return memberPath(parent.path, "[" + name + "]");
}

/// Members as a person expects them: bases and anonymous members by a made name, of a Rust enum what the active case holds.
void appendMembers(const SourceValue& object, std::vector<SourceValue>& all, EvaluationContext& context,
                   unsigned depth) {
    const Types types(context);
    const TypeInfo& t = types.stripped(object.type);
    for (const Member& member : t.members) {
        if (member.isStatic || all.size() >= kMaxMembers) continue;
        SourceValue& child = all.emplace_back(memberOf(object, member, context));
        if (!member.isBase && !member.name.empty()) continue;
        const TypeKind kind = types.kind(types.strip(member.type));
        child.path = childPath(object, std::to_string(all.size() - 1));
        child.name = member.isBase             ? types.name(member.type)
                     : kind == TypeKind::Union ? "{union}"
                                               : "{struct}";
    }
    if (t.cases.empty() || depth > 4) return;
    const auto active = activeCase(object, context);
    if (!active || !*active) return;
    for (const Member& member : (*active)->members) {
        SourceValue payload = memberOf(object, member, context);
        payload.path = object.path;  // its members are found in the enum itself
        if (types.isAggregate(member.type))
            appendMembers(payload, all, context, depth + 1);
        else
            all.push_back(std::move(payload));
    }
}

SourceValue rawChild(const SourceValue& value) {
    SourceValue raw = value;
    raw.name = "[raw]";
    raw.isRaw = true;
    raw.path = childPath(value, "raw");
    return raw;
}

std::vector<SourceValue> printedChildren(const SourceValue& value, const PrintedView& view,
                                         EvaluationContext& context) {
    std::vector<SourceValue> all = view.items;
    for (size_t i = 0; i < view.keys.size() && i < all.size(); i++)
        all[i].name = "[" + render(view.keys[i], context, 60) + "]";
    if (view.kind == PrintedView::Kind::Pointer && !all.empty()) all.front().name = "*" + value.name;
    return all;
}

uint64_t logicalCount(const PrintedView& view) {
    return view.kind == PrintedView::Kind::Text ? 0 : view.count;
}

/// What a pointer's children are taken from: an object with members, or else its one pointee.
struct Pointee {
    std::optional<SourceValue> object;
    bool isExpanded = false;
};
Pointee pointeeOf(const SourceValue& pointer, EvaluationContext& context) {
    const Types types(context);
    const TypeId target = types.target(types.strip(pointer.type));
    const TypeInfo& t = types.stripped(target);
    if (t.kind == TypeKind::Function || types.isVoid(target) || t.isDeclaration) return {};
    auto object = dereference(pointer, context);
    if (!object) return {};
    const bool expands = types.isAggregate(target);
    return {std::move(*object), expands};
}

std::vector<SourceValue> slice(std::vector<SourceValue> all, uint64_t first, uint64_t count) {
    if (first >= all.size()) return {};
    all.erase(all.begin(), all.begin() + static_cast<ptrdiff_t>(first));
    if (all.size() > count) all.resize(static_cast<size_t>(count));
    return all;
}

}  // namespace

uint64_t childCount(const SourceValue& original, EvaluationContext& context) {
    const SourceValue value = throughReferences(original, context);
    if (value.place.kind == ObjectPlace::Kind::Unavailable) return 0;
    if (isWasmReference(value)) return wasmReferent(value, context).valueOr({}).count;
    if (const auto view = printedView(value, context, {0, 1})) return logicalCount(*view) + 1;
    const Types types(context);
    const ArrayShape shape = types.shape(value);
    if (!shape.extents.empty()) return shape.extents[0];
    if (types.isPointer(value.type)) {
        const Pointee pointee = pointeeOf(value, context);
        if (!pointee.object) return 0;
        return pointee.isExpanded ? childCount(*pointee.object, context) : 1;
    }
    std::vector<SourceValue> members;
    appendMembers(value, members, context, 0);
    return members.size();
}

std::vector<SourceValue> children(const SourceValue& original, EvaluationContext& context, uint64_t first,
                                  uint64_t count) {
    const SourceValue value = throughReferences(original, context);
    if (value.place.kind == ObjectPlace::Kind::Unavailable || count == 0) return {};
    count = std::min<uint64_t>(count, 10'000);
    if (isWasmReference(value)) return wasmParts(value, first, count, context);
    if (const auto view = printedView(value, context, {first, count})) {
        std::vector<SourceValue> all = view->kind == PrintedView::Kind::Text
                                           ? std::vector<SourceValue>()
                                           : printedChildren(value, *view, context);
        if (all.size() > count) all.resize(static_cast<size_t>(count));
        const uint64_t logical = logicalCount(*view);
        const bool isSmall =
            view->kind == PrintedView::Kind::Pointer || view->kind == PrintedView::Kind::Optional;
        if (isSmall) all = slice(std::move(all), first, count);
        if (first <= logical && logical - first < count) all.push_back(rawChild(value));
        return all;
    }
    const Types types(context);
    const ArrayShape shape = types.shape(value);
    std::vector<SourceValue> all;
    if (!shape.extents.empty()) {
        for (uint64_t i = first; i < shape.extents[0] && i - first < count; i++) {
            auto element = elementOf(value, i, context);
            if (!element) break;
            all.push_back(std::move(*element));
        }
        return all;
    }
    if (types.isPointer(value.type)) {
        Pointee pointee = pointeeOf(value, context);
        if (!pointee.object) return {};
        if (pointee.isExpanded) return children(*pointee.object, context, first, count);
        all.push_back(std::move(*pointee.object));
        return slice(std::move(all), first, count);
    }
    appendMembers(value, all, context, 0);
    return slice(std::move(all), first, count);
}

}  // namespace debugger
