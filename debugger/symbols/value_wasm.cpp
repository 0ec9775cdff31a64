#include "debugger/symbols/value_wasm.h"

#include <cstring>

#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_types.h"

namespace debugger {

using engine::Result;

namespace {

constexpr uint64_t kMaxFields = 10'000;  // a structure has no more

Builtin builtinOf(const engine::Value& value, engine::PackedKind packed, bool isFunction) {
    if (packed != engine::PackedKind::None)
        return packed == engine::PackedKind::I8 ? Builtin::I8 : Builtin::I16;
    switch (value.type.kind()) {
    case engine::ValKind::I32: return Builtin::I32;
    case engine::ValKind::I64: return Builtin::I64;
    case engine::ValKind::F32: return Builtin::F32;
    case engine::ValKind::F64: return Builtin::F64;
    case engine::ValKind::V128: return Builtin::V128;
    default: return isFunction ? Builtin::WasmFunction : Builtin::WasmReference;
    }
}

Result<engine::Slot> readSlot(const SourceValue& reference, EvaluationContext& context) {
    uint8_t bytes[sizeof(engine::Slot)];
    TRY(readPlace(reference.place, 0, bytes, context));
    engine::Slot slot = 0;
    std::memcpy(&slot, bytes, sizeof slot);
    return slot;
}

SourceValue partValue(const SourceValue& reference, uint64_t index, const WasmPart& part) {
    SourceValue value = wasmTemporary(part.value, part.packed, part.isFunction);
    const std::string number = std::to_string(index);
    value.name = part.name.empty() ? "[" + number + "]" : part.name;
    value.path = part.name.empty() || writtenName(part.name).empty() ? indexPath(reference.path, number)
                                                                     : memberPath(reference.path, part.name);
    value.format = reference.format;
    return value;
}

}  // namespace

bool isWasmReference(const SourceValue& value) {
    const auto builtin = asBuiltin(value.type);
    return value.extents.empty() && (builtin == Builtin::WasmReference || builtin == Builtin::WasmFunction);
}

SourceValue wasmTemporary(const engine::Value& value, engine::PackedKind packed, bool isFunction) {
    std::vector<uint8_t> bytes = bytesOf(value);
    if (packed != engine::PackedKind::None) bytes.resize(packed == engine::PackedKind::I8 ? 1 : 2);
    return temporary(builtinType(builtinOf(value, packed, isFunction)), std::move(bytes));
}

Result<WasmReferent> wasmReferent(const SourceValue& reference, EvaluationContext& context) {
    const engine::Slot slot = TRY(readSlot(reference, context));
    return context.referent(slot, asBuiltin(reference.type) == Builtin::WasmFunction);
}

Result<SourceValue> wasmPart(const SourceValue& reference, uint64_t index, EvaluationContext& context) {
    const engine::Slot slot = TRY(readSlot(reference, context));
    return partValue(reference, index, TRY(context.part(slot, index)));
}

std::optional<SourceValue> wasmMember(const SourceValue& reference, std::string_view name,
                                      EvaluationContext& context) {
    const auto slot = readSlot(reference, context);
    const auto referent = wasmReferent(reference, context);
    if (!slot || !referent || referent->isArray) return std::nullopt;
    for (uint64_t i = 0; i < referent->count && i < kMaxFields; i++) {
        const auto part = context.part(*slot, i);
        if (part && part->name == name) return partValue(reference, i, *part);
    }
    return std::nullopt;
}

std::vector<SourceValue> wasmParts(const SourceValue& reference, uint64_t first, uint64_t count,
                                   EvaluationContext& context) {
    std::vector<SourceValue> parts;
    const auto referent = wasmReferent(reference, context);
    for (uint64_t i = first; referent && i < referent->count && i - first < count; i++) {
        auto part = wasmPart(reference, i, context);
        if (!part) break;
        parts.push_back(std::move(*part));
    }
    return parts;
}

std::optional<std::string> wasmText(const SourceValue& reference, size_t maxLength,
                                    EvaluationContext& context) {
    const auto slot = readSlot(reference, context);
    const auto referent = wasmReferent(reference, context);
    if (!slot || !referent || !referent->isArray || referent->count == 0) return std::nullopt;
    std::string text;
    for (uint64_t i = 0; i < referent->count && i <= maxLength; i++) {
        const auto part = context.part(*slot, i);
        if (!part || part->packed == engine::PackedKind::None) return std::nullopt;
        const engine::Slot unit = part->value.low;
        if ((unit < 0x20 && unit != '\n' && unit != '\t') || unit > 0x7e) return std::nullopt;
        text += static_cast<char>(unit);
    }
    bool isCut = referent->count > maxLength;
    const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()),
                                         std::min(text.size(), maxLength));
    return '"' + escapedText(bytes, 1, maxLength, '"', isCut) + '"' + (isCut ? "…" : "");
}

}  // namespace debugger
