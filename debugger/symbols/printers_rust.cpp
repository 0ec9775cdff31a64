// The Rust standard library. Enums (Option, Result …) need no printer: their variant parts say what is active.
#include <algorithm>

#include "debugger/symbols/printers.h"
#include "debugger/symbols/value_read.h"

namespace debugger {

namespace {

using View = std::optional<PrintedView>;

std::optional<uint64_t> firstPointer(const SourceValue& value, EvaluationContext& context) {
    const auto pointer = findPointer(value, context);
    if (!pointer) return std::nullopt;
    const auto address = readPointer(*pointer, context);
    if (!address) return std::nullopt;
    return *address;
}

/// T of Vec<T, A>.
TypeId typeArgument(const SourceValue& value, std::string_view name, EvaluationContext& context) {
    for (const auto& [argument, type] : Types(context).stripped(value.type).templateArguments) {
        if (argument == name) return type;
    }
    return kNoType;
}

/// &str, &[T], Box<[T]>, Box<str>: a pointer and a length.
struct FatPointer {
    uint64_t address = 0, length = 0;
    TypeId element = kNoType;
};
std::optional<FatPointer> fatPointer(const SourceValue& value, EvaluationContext& context) {
    const auto data = findMember(value, "data_ptr", context);
    const auto length = numberAt(value, {"length"}, context);
    const Types types(context);
    if (!data || !length || !types.isPointer(data->type)) return std::nullopt;
    const auto address = readPointer(*data, context);
    if (!address) return std::nullopt;
    return FatPointer{*address, *length, types.target(types.strip(data->type))};
}

View printStr(const SourceValue& value, EvaluationContext& context, Wanted) {
    const auto fat = fatPointer(value, context);
    return fat ? textAt(fat->address, fat->length, 1, context) : std::nullopt;
}

View printSlice(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto fat = fatPointer(value, context);
    return fat ? contiguous(value, fat->element, fat->address, fat->length, wanted, context) : std::nullopt;
}

View printVec(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto buffer = findMember(value, "buf", context);
    const auto length = numberAt(value, {"len"}, context);
    const TypeId element = typeArgument(value, "T", context);
    if (!buffer || !length || element == kNoType) return std::nullopt;
    const auto address = firstPointer(*buffer, context);
    return address ? contiguous(value, element, *address, *length, wanted, context) : std::nullopt;
}

View printString(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto bytes = findMember(value, "vec", context);
    if (!bytes) return std::nullopt;
    const auto view = printVec(*bytes, context, {wanted.first, 0});
    return view ? textAt(view->address, view->count, 1, context) : std::nullopt;
}

/// PathBuf and OsString wrap a Vec<u8> in as many layers as the version likes.
View printOsString(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    SourceValue inner = value;
    const Types types(context);
    for (unsigned depth = 0; depth < 6; depth++) {
        if (const auto view = printVec(inner, context, {wanted.first, 0}))
            return textAt(view->address, view->count, 1, context);
        const TypeInfo& t = types.stripped(inner.type);
        if (t.members.empty()) return std::nullopt;
        inner = memberOf(inner, t.members.front(), context);
    }
    return std::nullopt;
}

View printBox(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const Types types(context);
    if (const auto fat = fatPointer(value, context)) {
        const bool isText = types.stripped(value.type).name.find("::Box<str") != std::string::npos;
        return isText ? textAt(fat->address, fat->length, 1, context)
                      : contiguous(value, fat->element, fat->address, fat->length, wanted, context);
    }
    if (!types.isPointer(value.type)) return std::nullopt;  // Box<dyn Trait>: shown with its two pointers
    PrintedView view;
    view.kind = PrintedView::Kind::Pointer;
    view.pointer = value;
    auto pointee = dereference(value, context);
    if (pointee) {
        view.count = 1;
        view.items.push_back(std::move(*pointee));
    }
    return view;
}

/// Rc and Arc point to {strong, weak, value}; weak counts one for all strong ones.
View printCounted(const SourceValue& value, EvaluationContext& context, Wanted) {
    const auto pointer = findPointer(value, context);
    if (!pointer) return std::nullopt;
    const auto inner = dereference(*pointer, context);
    if (!inner) return std::nullopt;
    auto object = findMember(*inner, "value", context);
    if (!object) object = findMember(*inner, "data", context);
    const auto strong = numberAt(*inner, {"strong"}, context), weak = numberAt(*inner, {"weak"}, context);
    if (!object || !strong || !weak) return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Pointer;
    view.pointer = pointer;
    view.count = 1;
    view.note = "strong=" + std::to_string(*strong) + ", weak=" + std::to_string(*weak ? *weak - 1 : 0);
    object->path = dereferencePath(value.path);
    view.items.push_back(std::move(*object));
    return view;
}

/// hashbrown: a control byte per bucket (high bit clear = full); the entries lie before them, last one first.
View printTable(const SourceValue& table, const SourceValue& owner, EvaluationContext& context,
                Wanted wanted) {
    const TypeId entry = typeArgument(table, "T", context);
    const auto control = memberAt(table, {"table", "ctrl"}, context);
    const auto mask = numberAt(table, {"table", "bucket_mask"}, context),
               count = numberAt(table, {"table", "items"}, context);
    if (entry == kNoType || !control || !mask || !count) return std::nullopt;
    const auto address = firstPointer(*control, context);
    const uint64_t each = Types(context).size(entry);
    if (!address) return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Sequence;
    view.count = *count;
    constexpr uint64_t kMaxBuckets = 1 << 20, kChunk = 256;
    const uint64_t buckets = std::min(*mask + 1, kMaxBuckets);
    uint64_t seen = 0;
    uint8_t bytes[kChunk];
    for (uint64_t bucket = 0; bucket < buckets && seen < *count && view.items.size() < wanted.count;
         bucket++) {
        if (bucket % kChunk == 0) {
            const auto length = static_cast<size_t>(std::min(kChunk, buckets - bucket));
            if (!context.readMemory(*address + bucket, {bytes, length})) break;
        }
        if ((bytes[bucket % kChunk] & 0x80) || seen++ < wanted.first) continue;
        SourceValue item;
        item.type = entry;
        item.name = "[" + std::to_string(seen - 1) + "]";
        item.place = memoryPlace(*address - saturatingMultiply(bucket + 1, each));
        item.path = owner.path.empty() ? "" : owner.path + ".[" + std::to_string(seen - 1) + "]";
        view.items.push_back(std::move(item));
    }
    return view;
}

std::optional<SourceValue> rawTable(const SourceValue& value, EvaluationContext& context) {
    for (const auto& path :
         std::initializer_list<std::initializer_list<std::string_view>>{{"base", "table"},
                                                                        {"base", "map", "table"},
                                                                        {"map", "base", "table"},
                                                                        {"table"},
                                                                        {"map", "table"}}) {
        const auto table = memberAt(value, path, context);
        if (table && findMember(*table, "table", context)) return table;
    }
    return std::nullopt;
}

View printHashSet(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto table = rawTable(value, context);
    auto view = table ? printTable(*table, value, context, wanted) : std::nullopt;
    if (!view) return view;
    for (SourceValue& item : view->items) {
        auto key = findMember(item, "__0", context);
        if (!key) continue;
        key->path = item.path;
        key->name = item.name;
        item = std::move(*key);
    }
    return view;
}

View printHashMap(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto table = rawTable(value, context);
    auto view = table ? printTable(*table, value, context, wanted) : std::nullopt;
    if (!view) return view;
    view->kind = PrintedView::Kind::Map;
    for (SourceValue& item : view->items) {
        auto key = findMember(item, "__0", context), mapped = findMember(item, "__1", context);
        if (!key || !mapped) return std::nullopt;
        mapped->path = item.path;
        view->keys.push_back(std::move(*key));
        item = std::move(*mapped);
    }
    return view;
}

}  // namespace

std::vector<PrinterRow> rustPrinters() {
    return {
        {"&str", printStr},
        {"&mut str", printStr},
        {"&[", printSlice},
        {"&mut [", printSlice},
        {"alloc::string::String", printString},
        {"alloc::vec::Vec<", printVec},
        {"alloc::boxed::Box<", printBox},
        {"alloc::rc::Rc<", printCounted},
        {"alloc::sync::Arc<", printCounted},
        {"std::path::PathBuf", printOsString},
        {"std::ffi::os_str::OsString", printOsString},
        {"std::collections::hash::map::HashMap<", printHashMap},
        {"std::collections::hash::set::HashSet<", printHashSet},
        {"hashbrown::map::HashMap<", printHashMap},
    };
}

}  // namespace debugger
