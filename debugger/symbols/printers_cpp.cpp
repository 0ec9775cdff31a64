// The C++ standard library as libc++ lays it out, old and new: __compressed_pair or plain members, __r_ or __rep_.
#include <algorithm>

#include "debugger/symbols/printers.h"
#include "debugger/symbols/value_read.h"

namespace debugger {

namespace {

using View = std::optional<PrintedView>;

TypeId templateArgument(const SourceValue& value, size_t index, const Types& types) {
    const auto& arguments = types.stripped(value.type).templateArguments;
    return index < arguments.size() ? arguments[index].second : kNoType;
}

/// A pointer member, in wrappers or not.
std::optional<SourceValue> pointerMember(const SourceValue& value, std::string_view name,
                                         EvaluationContext& context) {
    const auto member = findMember(value, name, context);
    return member ? findPointer(*member, context) : std::nullopt;
}

std::optional<uint64_t> addressIn(const std::optional<SourceValue>& pointer, EvaluationContext& context) {
    if (!pointer) return std::nullopt;
    const auto address = readPointer(*pointer, context);
    if (!address) return std::nullopt;
    return *address;
}

// ------------------------------------------------------------------------------------------------------------- strings

View shortString(const SourceValue& shortForm, uint64_t size, EvaluationContext& context) {
    const auto data = findMember(shortForm, "__data_", context);
    if (!data || data->place.kind != ObjectPlace::Kind::Memory) return std::nullopt;
    const Types types(context);
    const ArrayShape shape = types.shape(*data);
    if (shape.extents.empty()) return std::nullopt;
    const auto unit = static_cast<unsigned>(types.size(shape.element));
    if (unit != 1 && unit != 2 && unit != 4) return std::nullopt;
    return textAt(data->place.address, std::min(size, shape.extents[0]), unit, context);
}

View printString(const SourceValue& value, EvaluationContext& context, Wanted) {
    const auto rep = memberAt(value, {"__rep_"}, context) ? memberAt(value, {"__rep_"}, context)
                                                          : memberAt(value, {"__r_", "__value_"}, context);
    if (!rep) return std::nullopt;
    const auto shortForm = findMember(*rep, "__s", context), longForm = findMember(*rep, "__l", context);
    if (!shortForm || !longForm) return std::nullopt;
    auto size = numberAt(*shortForm, {"__size_"}, context);
    if (!size) return std::nullopt;
    bool isLong = false;
    if (const auto flag = numberAt(*shortForm, {"__is_long_"}, context)) {
        isLong = *flag != 0;
    } else {
        // Before LLVM 15 the flag is a bit of the size: the highest where the size comes last, else the lowest.
        const auto sizeMember = findMember(*shortForm, "__size_", context);
        const bool sizeIsLast = sizeMember && sizeMember->place.kind == ObjectPlace::Kind::Memory &&
                                value.place.kind == ObjectPlace::Kind::Memory &&
                                sizeMember->place.address != value.place.address;
        isLong = sizeIsLast ? (*size & 0x80) != 0 : (*size & 1) != 0;
        size = sizeIsLast ? *size & 0x7f : *size >> 1;
    }
    if (!isLong) return shortString(*shortForm, *size, context);
    const auto data = pointerMember(*longForm, "__data_", context);
    const auto address = addressIn(data, context);
    const auto length = numberAt(*longForm, {"__size_"}, context);
    if (!address || !length) return std::nullopt;
    const Types types(context);
    const auto unit = static_cast<unsigned>(types.size(types.target(types.strip(data->type))));
    if (unit != 1 && unit != 2 && unit != 4) return std::nullopt;
    return textAt(*address, *length, unit, context);
}

View printStringView(const SourceValue& value, EvaluationContext& context, Wanted) {
    auto data = pointerMember(value, "__data_", context);
    if (!data) data = pointerMember(value, "__data", context);
    auto size = numberAt(value, {"__size_"}, context);
    if (!size) size = numberAt(value, {"__size"}, context);
    const auto address = addressIn(data, context);
    if (!address || !size) return std::nullopt;
    const Types types(context);
    const auto unit = static_cast<unsigned>(types.size(types.target(types.strip(data->type))));
    if (unit != 1 && unit != 2 && unit != 4) return std::nullopt;
    return textAt(*address, *size, unit, context);
}

// ----------------------------------------------------------------------------------------------------------- sequences

View printVector(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto begin = pointerMember(value, "__begin_", context);
    const auto first = addressIn(begin, context),
               last = addressIn(pointerMember(value, "__end_", context), context);
    if (!first || !last || *last < *first) return std::nullopt;
    const Types types(context);
    const TypeId element = types.target(types.strip(begin->type));
    const uint64_t each = types.size(element);
    if (each == 0) return std::nullopt;
    return contiguous(value, element, *first, (*last - *first) / each, wanted, context);
}

View printArray(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto elements = findMember(value, "__elems_", context);
    if (!elements || elements->place.kind != ObjectPlace::Kind::Memory) return std::nullopt;
    const ArrayShape shape = Types(context).shape(*elements);
    if (shape.extents.size() != 1) return std::nullopt;
    return contiguous(value, shape.element, elements->place.address, shape.extents[0], wanted, context);
}

View printSpan(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    auto data = pointerMember(value, "__data_", context);
    if (!data) data = pointerMember(value, "__data", context);
    auto size = numberAt(value, {"__size_"}, context);
    if (!size) size = numberAt(value, {"__size"}, context);
    const auto address = addressIn(data, context);
    if (!address || !size) return std::nullopt;
    const Types types(context);
    return contiguous(value, types.target(types.strip(data->type)), *address, *size, wanted, context);
}

// ------------------------------------------------------------------------------------------------- pointers, optionals

View pointerView(std::optional<SourceValue> pointer, const SourceValue& value, EvaluationContext& context) {
    if (!pointer) return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Pointer;
    pointer->path = value.path;
    auto pointee = dereference(*pointer, context);
    view.pointer = std::move(pointer);
    if (pointee) {
        view.count = 1;
        view.items.push_back(std::move(*pointee));
    }
    return view;
}

View printUniquePointer(const SourceValue& value, EvaluationContext& context, Wanted) {
    return pointerView(pointerMember(value, "__ptr_", context), value, context);
}

View printSharedPointer(const SourceValue& value, EvaluationContext& context, Wanted) {
    auto view = pointerView(pointerMember(value, "__ptr_", context), value, context);
    const auto control = pointerMember(value, "__cntrl_", context);
    if (!view || !control) return view;
    const auto block = dereference(*control, context);
    if (!block) return view;
    const auto owners = numberAt(*block, {"__shared_owners_"}, context),
               weak = numberAt(*block, {"__shared_weak_owners_"}, context);
    // libc++ counts owners from zero.
    if (owners && weak)
        view->note = "strong=" + std::to_string(*owners + 1) + ", weak=" + std::to_string(*weak);
    return view;
}

View printOptional(const SourceValue& value, EvaluationContext& context, Wanted) {
    const auto engaged = numberAt(value, {"__engaged_"}, context);
    auto object = findMember(value, "__val_", context);
    if (!engaged || !object) return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Optional;
    if (*engaged == 0) return view;
    object->path = dereferencePath(value.path);
    object->name = "value";
    view.count = 1;
    view.items.push_back(std::move(*object));
    return view;
}

// --------------------------------------------------------------------------------------------------------------- trees

/// Walks the nodes of a red-black tree in order; every step is a bounded number of reads.
class TreeWalk {
public:
    TreeWalk(SourceValue node, EvaluationContext& context) : m_node(std::move(node)), m_context(context) {}
    const SourceValue& node() const { return m_node; }
    bool next() {
        const auto right = link("__right_");
        if (!right) return false;
        if (*right != 0) return moveTo(*right) && leftmost();
        for (unsigned i = 0; i < kMaxHeight; i++) {
            const uint64_t from = m_node.place.address;
            const auto parent = link("__parent_");
            if (!parent || !moveTo(*parent)) return false;
            const auto left = link("__left_");
            if (!left) return false;
            if (*left == from) return true;
        }
        return false;
    }

private:
    static constexpr unsigned kMaxHeight = 128;
    std::optional<uint64_t> link(std::string_view name) { return numberAt(m_node, {name}, m_context); }
    bool moveTo(uint64_t address) {
        m_node.place = memoryPlace(address);
        return address != 0;
    }
    bool leftmost() {
        for (unsigned i = 0; i < kMaxHeight; i++) {
            const auto left = link("__left_");
            if (!left) return false;
            if (*left == 0) return true;
            moveTo(*left);
        }
        return false;
    }
    SourceValue m_node;
    EvaluationContext& m_context;
};

/// The node type of a container is nowhere a member's type: it is looked up by the name that the library gives it.
std::optional<TypeId> nodeType(const SourceValue& container, std::string_view owner, std::string_view node,
                               EvaluationContext& context) {
    const Types types(context);
    const std::string& name = types.stripped(container.type).name;
    const size_t end = name.find(owner);
    const TypeId element = templateArgument(container, 0, types);
    if (!context.symbols() || end == std::string::npos || element == kNoType) return std::nullopt;
    const std::string wanted = name.substr(0, end) + std::string(node) + types.name(element) + ", void *>";
    const auto found = context.symbols()->findType(wanted, context.address());
    if (!found) return std::nullopt;
    return *found;
}

/// The object in a node: older libraries wrap the pairs of maps.
std::optional<SourceValue> nodeValue(const SourceValue& node, const SourceValue& owner, uint64_t index,
                                     EvaluationContext& context) {
    auto element = findMember(node, "__value_", context);
    if (!element) return std::nullopt;
    for (const char* wrapper : {"__cc_", "__cc"}) {
        if (auto inner = findMember(*element, wrapper, context)) element = std::move(inner);
    }
    element->path = owner.path.empty() ? "" : owner.path + ".[" + std::to_string(index) + "]";
    element->name = "[" + std::to_string(index) + "]";
    return element;
}

View printTree(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto tree = findMember(value, "__tree_", context);
    if (!tree) return std::nullopt;
    auto size = numberAt(*tree, {"__size_"}, context);
    if (!size) size = numberAt(*tree, {"__pair3_"}, context);
    const auto begin = addressIn(pointerMember(*tree, "__begin_node_", context), context);
    const auto type = nodeType(*tree, "__tree<", "__tree_node<", context);
    if (!size || !begin || !type) return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Sequence;
    view.count = *size;
    SourceValue node;
    node.type = *type;
    node.place = memoryPlace(*begin);
    TreeWalk walk(std::move(node), context);
    constexpr uint64_t kMaxSteps = 200'000;
    const uint64_t end = wanted.first + std::min(wanted.count, kMaxSteps);
    for (uint64_t i = 0; i < *size && i < end && i < kMaxSteps; i++) {
        if (i > 0 && !walk.next()) break;
        if (i < wanted.first) continue;
        auto element = nodeValue(walk.node(), value, i, context);
        if (!element) return std::nullopt;
        view.items.push_back(std::move(*element));
    }
    return view;
}

/// Nodes that point to the next one: lists and hash tables.
View printChain(const SourceValue& owner, TypeId type, uint64_t first, uint64_t count, Wanted wanted,
                EvaluationContext& context) {
    PrintedView view;
    view.kind = PrintedView::Kind::Sequence;
    view.count = count;
    SourceValue node;
    node.type = type;
    constexpr uint64_t kMaxSteps = 200'000;
    uint64_t address = first;
    for (uint64_t i = 0; i < count && i < kMaxSteps && address != 0; i++) {
        if (i >= wanted.first && view.items.size() >= wanted.count) break;
        node.place = memoryPlace(address);
        if (i >= wanted.first) {
            auto element = nodeValue(node, owner, i, context);
            if (!element) return std::nullopt;
            view.items.push_back(std::move(*element));
        }
        const auto next = numberAt(node, {"__next_"}, context);
        if (!next) break;
        address = *next;
    }
    return view;
}

View printList(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    auto size = numberAt(value, {"__size_"}, context);
    if (!size) size = numberAt(value, {"__size_alloc_"}, context);
    const auto first = numberAt(value, {"__end_", "__next_"}, context);
    const auto type = nodeType(value, "list<", "__list_node<", context);
    if (!size || !first || !type) return std::nullopt;
    return printChain(value, *type, *first, *size, wanted, context);
}

View printHashTable(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    const auto table = findMember(value, "__table_", context);
    if (!table) return std::nullopt;
    auto size = numberAt(*table, {"__size_"}, context);
    if (!size) size = numberAt(*table, {"__p2_"}, context);
    auto first = numberAt(*table, {"__first_node_", "__next_"}, context);
    if (!first) first = numberAt(*table, {"__p1_", "__value_", "__next_"}, context);
    const auto type = nodeType(*table, "__hash_table<", "__hash_node<", context);
    if (!size || !first || !type) return std::nullopt;
    return printChain(value, *type, *first, *size, wanted, context);
}

/// From pairs to keys and values.
View withKeys(View view, EvaluationContext& context) {
    if (!view) return view;
    view->kind = PrintedView::Kind::Map;
    for (SourceValue& item : view->items) {
        auto key = findMember(item, "first", context), mapped = findMember(item, "second", context);
        if (!key || !mapped) return std::nullopt;
        mapped->path = item.path;
        view->keys.push_back(std::move(*key));
        item = std::move(*mapped);
    }
    return view;
}

View printMap(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    return withKeys(printTree(value, context, wanted), context);
}

View printHashMap(const SourceValue& value, EvaluationContext& context, Wanted wanted) {
    return withKeys(printHashTable(value, context, wanted), context);
}

/// The alternatives are a list of unions: head, or tail.
View printVariant(const SourceValue& value, EvaluationContext& context, Wanted) {
    auto inner = findMember(value, "__impl_", context);
    if (!inner) inner = findMember(value, "__impl", context);
    if (!inner) return std::nullopt;
    const auto index = numberAt(*inner, {"__index"}, context);
    auto alternative = findMember(*inner, "__data", context);
    if (!index || !alternative) return std::nullopt;
    PrintedView view;
    view.kind = PrintedView::Kind::Optional;
    view.note = "valueless";
    constexpr uint64_t kMaxAlternatives = 64;
    for (uint64_t i = 0; i < *index && i < kMaxAlternatives && alternative; i++)
        alternative = findMember(*alternative, "__tail", context);
    auto object = alternative ? memberAt(*alternative, {"__head", "__value"}, context) : std::nullopt;
    if (!object) return view;
    object->name = "value";
    object->path = dereferencePath(value.path);
    view.count = 1;
    view.items.push_back(std::move(*object));
    return view;
}

}  // namespace

std::vector<PrinterRow> cppPrinters() {
    return {
        {"std::basic_string<", printString},
        {"std::basic_string_view<", printStringView},
        {"std::vector<", printVector},
        {"std::array<", printArray},
        {"std::span<", printSpan},
        {"std::initializer_list<", printSpan},
        {"std::unique_ptr<", printUniquePointer},
        {"std::shared_ptr<", printSharedPointer},
        {"std::optional<", printOptional},
        {"std::map<", printMap},
        {"std::multimap<", printMap},
        {"std::set<", printTree},
        {"std::multiset<", printTree},
        {"std::list<", printList},
        {"std::unordered_map<", printHashMap},
        {"std::unordered_multimap<", printHashMap},
        {"std::unordered_set<", printHashTable},
        {"std::unordered_multiset<", printHashTable},
        {"std::variant<", printVariant},
    };
}

}  // namespace debugger
