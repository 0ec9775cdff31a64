#include "debugger/symbols/types.h"

#include <algorithm>

namespace debugger::dwarf {
namespace {

constexpr int kMaxDepth = 48;  // of types that need one another to be filled
constexpr size_t kMaxMembers = 100'000, kMaxTypes = 8 << 20;

TypeKind kindOf(uint16_t tag) {
    switch (tag) {
    case DW_TAG_base_type:
    case DW_TAG_subrange_type: return TypeKind::Base;
    case DW_TAG_pointer_type: return TypeKind::Pointer;
    case DW_TAG_reference_type: return TypeKind::Reference;
    case DW_TAG_rvalue_reference_type: return TypeKind::RvalueReference;
    case DW_TAG_structure_type: return TypeKind::Struct;
    case DW_TAG_class_type:
    case DW_TAG_interface_type: return TypeKind::Class;
    case DW_TAG_union_type: return TypeKind::Union;
    case DW_TAG_array_type: return TypeKind::Array;
    case DW_TAG_enumeration_type: return TypeKind::Enum;
    case DW_TAG_typedef: return TypeKind::Typedef;
    case DW_TAG_const_type: return TypeKind::Const;
    case DW_TAG_volatile_type: return TypeKind::Volatile;
    case DW_TAG_subroutine_type: return TypeKind::Function;
    case DW_TAG_ptr_to_member_type: return TypeKind::MemberPointer;
    case DW_TAG_unspecified_type: return TypeKind::Unspecified;
    default: return TypeKind::Unknown;
    }
}

bool isSeenThrough(uint16_t tag) {
    return tag == DW_TAG_restrict_type || tag == DW_TAG_atomic_type || tag == DW_TAG_immutable_type ||
           tag == DW_TAG_packed_type || tag == DW_TAG_shared_type;
}

BaseEncoding encodingOf(uint64_t encoding) {
    switch (encoding) {
    case DW_ATE_address: return BaseEncoding::Address;
    case DW_ATE_boolean: return BaseEncoding::Boolean;
    case DW_ATE_complex_float: return BaseEncoding::Complex;
    case DW_ATE_float: return BaseEncoding::Float;
    case DW_ATE_signed: return BaseEncoding::Signed;
    case DW_ATE_signed_char: return BaseEncoding::SignedChar;
    case DW_ATE_unsigned: return BaseEncoding::Unsigned;
    case DW_ATE_unsigned_char: return BaseEncoding::UnsignedChar;
    case DW_ATE_UTF:
    case DW_ATE_UCS:
    case DW_ATE_ASCII: return BaseEncoding::Utf;
    default: return BaseEncoding::None;
    }
}

bool isNumber(const AttributeValue& value) {
    return value.cls == ValueClass::Unsigned || value.cls == ValueClass::Signed;
}

uint64_t times(uint64_t a, uint64_t b) {
    uint64_t result = 0;
    return __builtin_mul_overflow(a, b, &result) ? 0 : result;
}

/// Offset of a member: a number, or (DWARF 2 and 3) an expression that adds one.
std::optional<uint64_t> memberOffset(const AttributeValue& value) {
    if (!value || isNumber(value)) return value.value;
    if (value.block.size() < 2 || value.block[0] != 0x23) return std::nullopt;  // DW_OP_plus_uconst
    ByteReader reader(value.block, 1);
    return reader.uleb();
}

}  // namespace

std::vector<uint8_t> constantBytes(const AttributeValue& value, uint64_t byteSize) {
    if (value.cls == ValueClass::Block || value.cls == ValueClass::Expression)
        return {value.block.begin(), value.block.end()};
    if (value.cls == ValueClass::String) {
        const std::string text = nameOf(value.string);
        return {text.c_str(), text.c_str() + text.size() + 1};
    }
    const size_t size = byteSize && byteSize <= 16 ? static_cast<size_t>(byteSize) : 8;
    const bool negative = value.cls == ValueClass::Signed && static_cast<int64_t>(value.value) < 0;
    std::vector<uint8_t> bytes(size, negative ? 0xff : 0);
    std::memcpy(bytes.data(), &value.value, std::min<size_t>(size, 8));
    return bytes;
}

TypeId TypePool::add(uint32_t die) {
    if (m_slots.size() >= kMaxTypes) return kNoType;
    m_slots.emplace_back().die = die;
    return static_cast<TypeId>(m_slots.size() - 1);
}

TypeId TypePool::idOf(uint32_t dieOffset) {
    for (int hops = 0; dieOffset && hops < 8; ++hops) {
        if (const auto it = m_byDie.find(dieOffset); it != m_byDie.end()) return it->second;
        const DieRef die = m_dies.at(dieOffset);
        if (!die || !isSeenThrough(die.tag())) break;
        dieOffset = m_dies.targetOffset(die.attribute(DW_AT_type));
    }
    if (!dieOffset) return kNoType;
    const TypeId id = add(dieOffset);
    if (id != kNoType) m_byDie.emplace(dieOffset, id);
    return id;
}

const TypeInfo& TypePool::info(TypeId id) {
    static const TypeInfo nothing = [] {
        TypeInfo info;
        info.kind = TypeKind::Unspecified;
        info.name = "void";
        return info;
    }();
    if (id >= m_slots.size()) return nothing;
    Slot& slot = m_slots[id];
    if (slot.state != Slot::State::Empty) return slot.info;
    if (m_depth >= kMaxDepth) {
        static const TypeInfo tooDeep = [] {
            TypeInfo info;
            info.name = "…";
            return info;
        }();
        return tooDeep;
    }
    slot.state = Slot::State::Filling;
    slot.info.name = "…";  // what a type that contains itself sees
    ++m_depth;
    fill(slot);
    --m_depth;
    slot.state = Slot::State::Full;
    return slot.info;
}

TypeId TypePool::pointerTo(TypeId target) {
    const auto [it, isNew] = m_made.emplace(std::pair(target, ~uint64_t{0}), kNoType);
    if (!isNew || (it->second = add(0)) == kNoType) return it->second;
    const TypeId id = it->second;
    TypeInfo made;
    made.kind = TypeKind::Pointer;
    made.byteSize = 4;
    made.target = target;
    made.language = info(target).language;
    made.name = spell(made);
    m_slots[id].info = std::move(made);
    m_slots[id].state = Slot::State::Full;
    return id;
}

TypeId TypePool::arrayOf(TypeId element, uint64_t count) {
    const auto [it, isNew] = m_made.emplace(std::pair(element, count), kNoType);
    if (!isNew || (it->second = add(0)) == kNoType) return it->second;
    const TypeId id = it->second;
    TypeInfo made;
    made.kind = TypeKind::Array;
    made.byteSize = times(info(element).byteSize, count);
    made.target = element;
    made.dimensions = {count};
    made.language = info(element).language;
    made.name = spell(made);
    m_slots[id].info = std::move(made);
    m_slots[id].state = Slot::State::Full;
    return id;
}

void TypePool::fill(Slot& slot) {
    TypeInfo& info = slot.info;
    const DieRef die = m_dies.at(slot.die);
    if (!die) {
        info.name = "<unreadable type>";
        return;
    }
    info.kind = kindOf(die.tag());
    info.language = languageName(die.unit->language);
    const AttributeValue size = die.attribute(DW_AT_byte_size);
    info.byteSize = isNumber(size) ? size.value : 0;
    switch (info.kind) {
    case TypeKind::Base:
    case TypeKind::Struct:
    case TypeKind::Class:
    case TypeKind::Union:
    case TypeKind::Enum:
    case TypeKind::Typedef:
    case TypeKind::Unspecified: return fillNamed(die, info);
    case TypeKind::Unknown: info.name = "<unknown type>"; return;
    default: return fillDerived(die, info);
    }
}

/// "struct item" in C, "shapes::Circle" elsewhere.
std::string TypePool::tagName(const DieRef& die) {
    const char* keyword = "";
    switch (die.tag()) {
    case DW_TAG_structure_type: keyword = "struct"; break;
    case DW_TAG_class_type: keyword = "class"; break;
    case DW_TAG_union_type: keyword = "union"; break;
    case DW_TAG_enumeration_type: keyword = "enum"; break;
    default: break;
    }
    if (!*die.attribute(DW_AT_name).string) return *keyword ? std::string(keyword) + " {…}" : "<unnamed>";
    std::string name = m_dies.index().qualifiedName(die.die().offset);
    if (name.empty()) name = die.name();
    return isCLike(die.unit->language) && *keyword ? keyword + (" " + name) : name;
}

void TypePool::fillNamed(const DieRef& die, TypeInfo& info) {
    info.name = tagName(die);
    if (die.attribute(DW_AT_signature) || die.flag(DW_AT_declaration)) {
        info.isDeclaration = !findDefinition(die, info);
        return;
    }
    switch (info.kind) {
    case TypeKind::Base:
        info.encoding = encodingOf(die.attribute(DW_AT_encoding).value);
        if (die.tag() == DW_TAG_subrange_type) {
            info.target = typeOf(die);
            info.encoding = this->info(info.target).encoding;
            if (!info.byteSize) info.byteSize = this->info(info.target).byteSize;
        }
        break;
    case TypeKind::Typedef:
        info.target = typeOf(die);
        if (!info.byteSize) info.byteSize = this->info(info.target).byteSize;
        break;
    case TypeKind::Enum:
        info.target = typeOf(die);
        info.encoding = info.target == kNoType ? BaseEncoding::None : this->info(info.target).encoding;
        fillEnumerators(die, info);
        break;
    case TypeKind::Struct:
    case TypeKind::Class:
    case TypeKind::Union: fillMembers(die, info); break;
    default: break;
    }
}

void TypePool::fillDerived(const DieRef& die, TypeInfo& info) {
    info.target = typeOf(die);
    switch (info.kind) {
    case TypeKind::Pointer:
    case TypeKind::Reference:
    case TypeKind::RvalueReference:
    case TypeKind::MemberPointer:
        if (!info.byteSize) info.byteSize = die.unit->addressSize;
        if (info.kind == TypeKind::MemberPointer)
            info.parameters.push_back(idOf(m_dies.targetOffset(die.attribute(DW_AT_containing_type))));
        break;
    case TypeKind::Const:
    case TypeKind::Volatile: info.byteSize = this->info(info.target).byteSize; break;
    case TypeKind::Array: fillDimensions(die, info); break;
    case TypeKind::Function:
        die.forEachChild([&](const DieRef& child) {
            if (child.tag() == DW_TAG_formal_parameter && info.parameters.size() < 1000)
                info.parameters.push_back(typeOf(child));
        });
        break;
    default: break;
    }
    // Rust names its pointers itself: "&str", "*const i32".
    const std::string own = die.name();
    info.name = own.empty() ? spell(info) : own;
}

/// The definition with the same name, in this unit or another one, or in a type unit.
bool TypePool::findDefinition(const DieRef& declaration, TypeInfo& info) {
    uint32_t definition = m_dies.targetOffset(declaration.attribute(DW_AT_signature));
    if (!definition) {
        const std::string name = m_dies.index().qualifiedName(declaration.die().offset);
        for (const EntryRef ref : m_dies.index().lookUp(Index::Kind::Type, name)) {
            const Entry& entry = m_dies.index().entry(ref);
            const TypeKind kind = kindOf(entry.tag);
            const bool same = kind == info.kind ||
                              (kind == TypeKind::Struct && info.kind == TypeKind::Class) ||
                              (kind == TypeKind::Class && info.kind == TypeKind::Struct);
            if (!same || m_dies.index().qualifiedName(ref) != name) continue;
            if (!definition || ref.unit == declaration.unit->index) definition = entry.offset;
        }
    }
    const DieRef die =
        definition && definition != declaration.die().offset ? m_dies.at(definition) : DieRef();
    if (!die || die.flag(DW_AT_declaration) || kindOf(die.tag()) == TypeKind::Unknown) return false;
    const TypeInfo found = this->info(idOf(definition));
    if (found.kind == TypeKind::Unknown) return false;
    info = found;
    return !found.isDeclaration;
}

void TypePool::fillEnumerators(const DieRef& die, TypeInfo& info) {
    die.forEachChild([&](const DieRef& child) {
        if (child.tag() != DW_TAG_enumerator || info.enumerators.size() >= kMaxMembers) return;
        info.enumerators.push_back(
            {child.name(), static_cast<int64_t>(child.attribute(DW_AT_const_value).value)});
    });
}

void TypePool::fillDimensions(const DieRef& die, TypeInfo& info) {
    die.forEachChild([&](const DieRef& child) {
        if (info.dimensions.size() >= 64) return;
        if (child.tag() != DW_TAG_subrange_type && child.tag() != DW_TAG_generic_subrange &&
            child.tag() != DW_TAG_enumeration_type)
            return;
        const AttributeValue count = child.attribute(DW_AT_count), upper = child.attribute(DW_AT_upper_bound),
                             lower = child.attribute(DW_AT_lower_bound);
        uint64_t length = 0;
        if (isNumber(count))
            length = count.value;
        else if (isNumber(upper) &&
                 !(upper.cls == ValueClass::Signed && static_cast<int64_t>(upper.value) < 0))
            length = upper.value - lower.value + 1;
        if (upper.cls == ValueClass::Unsigned && upper.value == 0xffffffff)
            length = 0;  // clang's way to write int a[0]
        info.dimensions.push_back(length);
    });
    if (info.dimensions.empty()) info.dimensions.push_back(0);
    if (info.byteSize) return;
    info.byteSize = this->info(info.target).byteSize;
    for (const uint64_t length : info.dimensions)
        info.byteSize = times(info.byteSize, length);
}

std::optional<Member> TypePool::member(const DieRef& die) {
    Member member;
    member.name = die.name();
    member.type = typeOf(die);
    member.isArtificial = die.flag(DW_AT_artificial);
    member.isStatic = die.flag(DW_AT_external) || die.flag(DW_AT_declaration) || die.tag() == DW_TAG_variable;
    if (member.isStatic) return member;
    const auto offset = memberOffset(die.attribute(DW_AT_data_member_location));
    if (die.tag() == DW_TAG_inheritance) {
        member.isBase = true;
        member.name = info(member.type).name;
        member.virtualBase = die.flag(DW_AT_virtuality) && !offset;
    } else if (!offset) {
        return std::nullopt;
    }
    member.offset = offset.value_or(0);
    const AttributeValue bitSize = die.attribute(DW_AT_bit_size),
                         dataBit = die.attribute(DW_AT_data_bit_offset),
                         oldBit = die.attribute(DW_AT_bit_offset);
    if (!isNumber(bitSize) || bitSize.value == 0 || bitSize.value > 128) return member;
    member.bitSize = static_cast<uint32_t>(bitSize.value);
    uint64_t bits = dataBit.value;
    if (oldBit) {  // DWARF 2 and 3: counted from the most significant bit of the storage unit
        AttributeValue size = die.attribute(DW_AT_byte_size);
        if (!isNumber(size)) size.value = info(member.type).byteSize;
        bits = size.value * 8 - oldBit.value - bitSize.value;
    }
    member.offset += bits / 8;
    member.bitOffset = static_cast<uint32_t>(bits % 8);
    return member;
}

void TypePool::fillTemplateArgument(const DieRef& die, TypeInfo& info) {
    if (info.templateArguments.size() >= 1000) return;
    std::string name = die.name();
    const AttributeValue value = die.attribute(DW_AT_const_value);
    if (die.tag() == DW_TAG_template_value_parameter && isNumber(value)) {
        name += " = " + (value.cls == ValueClass::Signed ? std::to_string(static_cast<int64_t>(value.value))
                                                         : std::to_string(value.value));
    }
    info.templateArguments.emplace_back(std::move(name), typeOf(die));
}

void TypePool::fillMembers(const DieRef& die, TypeInfo& info) {
    die.forEachChild([&](const DieRef& child) {
        if (info.members.size() >= kMaxMembers) return;
        switch (child.tag()) {
        case DW_TAG_member:
        case DW_TAG_inheritance:
        case DW_TAG_variable:
            if (auto made = member(child)) info.members.push_back(std::move(*made));
            break;
        case DW_TAG_variant_part: fillVariants(child, info); break;
        case DW_TAG_template_type_parameter:
        case DW_TAG_template_value_parameter: fillTemplateArgument(child, info); break;
        default: break;
        }
    });
}

/// A Rust enum: the discriminant, and a case for each DW_TAG_variant (DWARF 5, section 5.7.10).
void TypePool::fillVariants(const DieRef& part, TypeInfo& info) {
    info.kind = TypeKind::Variant;
    uint64_t mask = ~uint64_t{0};
    const DieRef discriminant = m_dies.target(part.attribute(DW_AT_discr));
    if (discriminant && discriminant.tag() == DW_TAG_member) info.discriminant = member(discriminant);
    if (info.discriminant) {
        const uint64_t size = this->info(info.discriminant->type).byteSize;
        if (size && size < 8) mask = (uint64_t{1} << (size * 8)) - 1;
    }
    part.forEachChild([&](const DieRef& child) {
        if (child.tag() != DW_TAG_variant || info.cases.size() >= kMaxMembers) return;
        VariantCase one;
        const AttributeValue value = child.attribute(DW_AT_discr_value),
                             list = child.attribute(DW_AT_discr_list);
        if (isNumber(value)) one.values.emplace_back(value.value & mask, value.value & mask);
        ByteReader reader(list.block);
        while (reader.ok() && !reader.atEnd() && one.values.size() < 1000) {
            const bool isRange = reader.u8() == 1;  // DW_DSC_range
            const uint64_t low = reader.uleb(), high = isRange ? reader.uleb() : low;
            one.values.emplace_back(low & mask, high & mask);
        }
        child.forEachChild([&](const DieRef& field) {
            if (field.tag() != DW_TAG_member || one.members.size() >= kMaxMembers) return;
            if (auto made = member(field)) one.members.push_back(std::move(*made));
        });
        info.cases.push_back(std::move(one));
    });
}

}  // namespace debugger::dwarf
