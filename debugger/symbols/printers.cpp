#include "debugger/symbols/printers.h"

#include <algorithm>

#include "debugger/symbols/value_read.h"

namespace debugger {

namespace {

constexpr uint64_t kMaxItems = 10'000;  // that are ever made at once

/// "std::vector<…" of "std::__2::vector<…": libc++ has its version in the name.
std::string plainName(const std::string& name) {
    if (name.starts_with("struct ")) return name.substr(7);  // Zig, whose types say so as C's do
    const std::string_view prefix = "std::__";
    if (!name.starts_with(prefix)) return name;
    const size_t end = name.find("::", prefix.size());
    return end == std::string::npos ? name : "std::" + name.substr(end + 2);
}

bool isInMemory(uint64_t address, uint64_t size, const EvaluationContext& context) {
    const uint64_t end = context.memorySize();
    return size == 0 || (address <= end && size <= end - address);
}

/// Zig: []const u8 is what strings are.
std::optional<PrintedView> printZigSlice(const SourceValue& value, EvaluationContext& context,
                                         Wanted wanted) {
    const auto pointer = findMember(value, "ptr", context);
    const auto length = numberAt(value, {"len"}, context);
    const Types types(context);
    if (!pointer || !length || !types.isPointer(pointer->type)) return std::nullopt;
    const auto address = readPointer(*pointer, context);
    const TypeId element = types.target(types.strip(pointer->type));
    if (!address) return std::nullopt;
    if (types.stripped(element).name == "u8") return textAt(*address, *length, 1, context);
    return contiguous(value, element, *address, *length, wanted, context);
}

const PrinterRow* rowFor(const std::string& name) {
    static const std::vector<PrinterRow> rows = [] {
        std::vector<PrinterRow> all = cppPrinters();
        for (const PrinterRow& row : rustPrinters())
            all.push_back(row);
        all.push_back({"[]", printZigSlice});
        all.push_back({"[:0]", printZigSlice});
        return all;
    }();
    const std::string plain = plainName(name);
    for (const PrinterRow& row : rows) {
        // A pattern that ends in a bracket is the beginning of a name, others are whole names.
        if (row.pattern.ends_with('<') || row.pattern.ends_with('[') || row.pattern.ends_with(']')
                ? plain.starts_with(row.pattern)
                : plain == row.pattern)
            return &row;
    }
    return nullptr;
}

}  // namespace

std::optional<PrintedView> printedView(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    if (value.isRaw || !value.extents.empty() || value.bitSize != 0) return std::nullopt;
    if (value.place.kind == ObjectPlace::Kind::Unavailable) return std::nullopt;
    const Types types(context);
    const TypeInfo& t = types.stripped(value.type);
    // Box<T> is a pointer in the debug info; everything else is a struct.
    const bool isCandidate = types.isAggregate(value.type) || t.kind == TypeKind::Pointer;
    if (!isCandidate || t.name.empty()) return std::nullopt;
    const PrinterRow* const row = rowFor(t.name);
    if (!row) return std::nullopt;
    wanted.count = std::min(wanted.count, kMaxItems);
    return row->print(value, context, wanted);
}

std::optional<SourceValue> memberAt(const SourceValue& object, std::initializer_list<std::string_view> path,
                                    EvaluationContext& context) {
    std::optional<SourceValue> current = object;
    for (const std::string_view name : path) {
        current = findMember(*current, name, context);
        if (!current) return std::nullopt;
    }
    return current;
}

std::optional<uint64_t> numberAt(const SourceValue& object, std::initializer_list<std::string_view> path,
                                 EvaluationContext& context) {
    const auto member = memberAt(object, path, context);
    if (!member) return std::nullopt;
    SourceValue inner = *member;
    const Types types(context);
    // Numbers in wrappers (UsizeNoHighBit, __compressed_pair): the first member, however deep.
    for (unsigned depth = 0; depth < 8 && types.isAggregate(inner.type); depth++) {
        const TypeInfo& t = types.stripped(inner.type);
        const auto first =
            std::find_if(t.members.begin(), t.members.end(), [](const Member& m) { return !m.isStatic; });
        if (first == t.members.end()) return std::nullopt;
        inner = memberOf(inner, *first, context);
    }
    const auto number = readNumber(inner, context);
    if (!number) return std::nullopt;
    return number->asUnsigned();
}

std::optional<PrintedView> contiguous(const SourceValue& owner, TypeId element, uint64_t address,
                                      uint64_t count, Wanted wanted, EvaluationContext& context) {
    if (!isInMemory(address, saturatingMultiply(count, Types(context).size(element)), context))
        return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Sequence;
    view.address = address;
    view.count = count;
    SourceValue array;
    array.type = element;
    array.extents = {count};
    array.place = memoryPlace(address);
    array.path = owner.path;
    array.format = owner.format;
    for (uint64_t i = wanted.first; i < count && i - wanted.first < wanted.count; i++) {
        auto item = elementOf(array, i, context);
        if (!item) break;
        view.items.push_back(std::move(*item));
    }
    return view;
}

std::optional<PrintedView> textAt(uint64_t address, uint64_t count, unsigned unitSize,
                                  EvaluationContext& context) {
    if (!isInMemory(address, saturatingMultiply(count, unitSize), context)) return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Text;
    view.address = address;
    view.count = count;
    view.unitSize = unitSize;
    return view;
}

}  // namespace debugger
