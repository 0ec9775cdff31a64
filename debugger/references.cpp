#include "debugger/references.h"

#include <algorithm>

#include "debugger/debuggee.h"
#include "engine/gc_heap.h"
#include "engine/subtyping.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::ObjectKind;
using engine::Result;
using engine::Slot;

namespace {

/// How the debuggee's module numbers a type; nothing if it is of another module only.
std::optional<uint32_t> typeIndex(const engine::Module& module, uint32_t canonical) {
    const auto& types = module.canonicalTypes;
    const auto at = std::find(types.begin(), types.end(), canonical);
    if (at == types.end()) return {};
    return static_cast<uint32_t>(at - types.begin());
}

/// "$Node", else "3".
std::string typeText(const engine::Module& module, std::optional<uint32_t> index) {
    if (!index) return "of another module";
    const auto name = module.names().types.find(*index);
    return name == module.names().types.end() ? std::to_string(*index) : "$" + printable(name->second);
}

std::string tagText(const Debuggee& debuggee, engine::Store& store, uint32_t address) {
    const auto& tags = store.instance(debuggee.instance()).tags;
    const auto at = std::find(tags.begin(), tags.end(), engine::TagAddr(address));
    if (at == tags.end()) return "of another module";
    const auto index = static_cast<uint32_t>(at - tags.begin());
    const auto& names = debuggee.module()->names().tags;
    const auto name = names.find(index);
    return name == names.end() ? std::to_string(index) : "$" + printable(name->second);
}

std::string functionText(Debuggee& debuggee, Slot reference) {
    engine::Store& store = debuggee.store();
    if (reference > store.functions()) return "function " + std::to_string(reference - 1);
    const engine::FunctionInstance& function =
        store.function(engine::FuncAddr(static_cast<uint32_t>(reference - 1)));
    if (!function.instance) return function.hostName;
    const auto& module = store.instance(*function.instance).module;
    return printable(module->functionName(function.index));
}

std::string partName(const engine::Module& module, const engine::ObjectLayout& layout, uint64_t index) {
    if (layout.kind == ObjectKind::Struct) {
        const auto type = typeIndex(module, layout.type);
        const auto& names = module.names().fields;
        const auto fields = type ? names.find(*type) : names.end();
        if (fields != names.end()) {
            const auto field = fields->second.find(static_cast<uint32_t>(index));
            if (field != fields->second.end()) return field->second;
        }
    }
    return {};
}

}  // namespace

WasmReferent referentOf(Debuggee& debuggee, Slot reference, bool isFunction) {
    if (reference == 0) return {"null", {}, 0, false};
    if (isFunction) return {functionText(debuggee, reference), {}, 0, false};
    if (engine::reference::isI31(reference))
        return {"i31 " + std::to_string(engine::reference::i31Signed(reference)), {}, 0, false};
    if (engine::reference::isHost(reference)) return {"host " + std::to_string(reference - 1), {}, 0, false};
    const engine::GcHeap& heap = debuggee.store().heap();
    if (!heap.contains(reference)) return {"<unavailable: no object is there>", {}, 0, false};
    const engine::ObjectLayout& layout = heap.layoutAt(reference);
    const uint32_t count = heap.count(reference);
    const engine::Module& module = *debuggee.module();
    if (layout.kind == ObjectKind::Exception)
        return {"exception", tagText(debuggee, debuggee.store(), layout.type), count, false};
    const bool isArray = layout.kind == ObjectKind::Array;
    return {isArray ? "array" : "struct", typeText(module, typeIndex(module, layout.type)), count, isArray};
}

Result<WasmPart> partOf(Debuggee& debuggee, Slot object, uint64_t index) {
    if (object == 0) return Error{ErrorCode::NotFound, "null reference"};
    const engine::GcHeap& heap = debuggee.store().heap();
    if (!heap.contains(object)) return Error{ErrorCode::NotFound, "the reference is to no object"};
    const uint32_t count = heap.count(object);
    if (index >= count)
        return Error{ErrorCode::NotFound,
                     "there is no part " + std::to_string(index) + ": there are " + std::to_string(count)};
    const engine::ObjectLayout& layout = heap.layoutAt(object);
    const engine::FieldType& type = layout.fields[layout.kind == ObjectKind::Array ? 0 : index];
    return WasmPart{partName(*debuggee.module(), layout, index),
                    heap.get(object, static_cast<uint32_t>(index)), type.packed,
                    type.type.isRef() && !engine::mayNameObject(type.type)};
}

}  // namespace debugger
