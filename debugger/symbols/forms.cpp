// Values of DIE attributes by form (DWARF 5, section 7.5.6), for versions 2 to 5.
#include "debugger/symbols/units.h"

namespace debugger::dwarf {
namespace {

constexpr int kVariable = -1, kUnknown = -2;

int fixedSize(uint16_t form, unsigned version, unsigned addressSize, unsigned offsetSize) {
    switch (form) {
    case DW_FORM_addr: return static_cast<int>(addressSize);
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const: return 0;
    case DW_FORM_data1:
    case DW_FORM_ref1:
    case DW_FORM_flag:
    case DW_FORM_strx1:
    case DW_FORM_addrx1: return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2: return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3: return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
    case DW_FORM_ref_sup4: return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8: return 8;
    case DW_FORM_data16: return 16;
    case DW_FORM_ref_addr: return static_cast<int>(version <= 2 ? addressSize : offsetSize);
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt: return static_cast<int>(offsetSize);
    case DW_FORM_block:
    case DW_FORM_block1:
    case DW_FORM_block2:
    case DW_FORM_block4:
    case DW_FORM_exprloc:
    case DW_FORM_string:
    case DW_FORM_sdata:
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_addr_index:
    case DW_FORM_GNU_str_index:
    case DW_FORM_indirect: return kVariable;
    default: return kUnknown;
    }
}

const char* stringAt(Bytes section, uint64_t offset) {
    return offset < section.size() ? reinterpret_cast<const char*>(section.data() + offset) : "";
}

const char* indexedString(const Unit& unit, uint64_t index) {
    const Bytes table = unit.sections->strOffsets;
    if (index > table.size()) return "";
    ByteReader reader(table, unit.strOffsetsBase);
    reader.skip(index * unit.offsetSize);
    const uint64_t offset = reader.unsignedOf(unit.offsetSize);
    return reader.ok() ? stringAt(unit.sections->str, offset) : "";
}

AttributeValue number(ValueClass cls, uint64_t value) { return {cls, value, "", {}}; }
AttributeValue text(const char* string) { return {ValueClass::String, 0, string, {}}; }
AttributeValue block(ValueClass cls, Bytes bytes) { return {cls, bytes.size(), "", bytes}; }

AttributeValue reference(ByteReader& reader, uint64_t base, uint64_t offset, uint64_t limit) {
    if (!reader.ok() || offset > limit) return number(ValueClass::Unreadable, 0);
    return number(ValueClass::Reference, base + offset);
}

}  // namespace

AbbreviationTable::AbbreviationTable(Bytes section, uint64_t offset, unsigned version, unsigned addressSize,
                                     unsigned offsetSize) {
    ByteReader reader(section, offset);
    while (reader.ok()) {
        const uint64_t code = reader.uleb();
        if (!code) break;
        Abbreviation abbreviation;
        abbreviation.tag = static_cast<uint16_t>(reader.uleb());
        abbreviation.hasChildren = reader.u8() != 0;
        abbreviation.firstSpec = static_cast<uint32_t>(m_specs.size());
        int64_t size = 0;
        while (reader.ok()) {
            const uint64_t name = reader.uleb(), form = reader.uleb();
            if (!name && !form) break;
            AttributeSpec spec{static_cast<uint16_t>(name > 0xffff ? 0 : name),
                               static_cast<uint16_t>(form > 0xffff ? 0 : form), 0};
            if (form == DW_FORM_implicit_const) spec.implicitConst = reader.sleb();
            m_specs.push_back(spec);
            const int one = fixedSize(spec.form, version, addressSize, offsetSize);
            size = one < 0 || size < 0 ? -1 : size + one;
        }
        if (!reader.ok()) break;
        abbreviation.specCount = static_cast<uint32_t>(m_specs.size()) - abbreviation.firstSpec;
        abbreviation.fixedSize = size > 1 << 30 ? -1 : static_cast<int32_t>(size);
        if (code == m_dense.size() + 1)
            m_dense.push_back(abbreviation);
        else
            m_sparse.emplace(code, abbreviation);
    }
    m_bytes = reader.ok() ? reader.position() - offset : section.size();
}

bool AbbreviationTable::usesForm(uint16_t form) const {
    for (const AttributeSpec& spec : m_specs) {
        if (spec.form == form) return true;
    }
    return false;
}

std::optional<uint64_t> Unit::addressAt(uint64_t index) const {
    const Bytes table = all->sets[0].addr;  // of the skeleton, also for split units
    if (index > table.size()) return std::nullopt;
    ByteReader reader(table, addrBase);
    reader.skip(index * addressSize);
    const uint64_t value = reader.unsignedOf(addressSize);
    return reader.ok() ? std::optional(value) : std::nullopt;
}

std::optional<uint64_t> Unit::address(const AttributeValue& value) const {
    if (value.cls == ValueClass::Address) return value.value;
    if (value.cls == ValueClass::AddressIndex) return addressAt(value.value);
    return std::nullopt;
}

AttributeValue readValue(ByteReader& reader, const Unit& unit, uint16_t form, int64_t implicitConst) {
    using enum ValueClass;
    if (form == DW_FORM_indirect) {
        form = static_cast<uint16_t>(reader.uleb());
        if (form == DW_FORM_indirect || form == DW_FORM_implicit_const)
            return reader.fail(), AttributeValue();
    }
    const uint64_t unitOffset = unit.offset - unit.sectionBase;
    const auto localReference = [&](uint64_t offset) {
        return reference(reader, unit.offset, offset, unit.section.size() - unitOffset);
    };
    switch (form) {
    case DW_FORM_addr: return number(Address, reader.unsignedOf(unit.addressSize));
    case DW_FORM_addrx:
    case DW_FORM_GNU_addr_index: return number(AddressIndex, reader.uleb());
    case DW_FORM_addrx1: return number(AddressIndex, reader.u8());
    case DW_FORM_addrx2: return number(AddressIndex, reader.u16());
    case DW_FORM_addrx3: return number(AddressIndex, reader.u24());
    case DW_FORM_addrx4: return number(AddressIndex, reader.u32());
    case DW_FORM_data1: return number(Unsigned, reader.u8());
    case DW_FORM_data2: return number(Unsigned, reader.u16());
    case DW_FORM_data4: return number(Unsigned, reader.u32());
    case DW_FORM_data8: return number(Unsigned, reader.u64());
    case DW_FORM_data16: return block(Block, reader.bytes(16));
    case DW_FORM_udata: return number(Unsigned, reader.uleb());
    case DW_FORM_sdata: return number(Signed, static_cast<uint64_t>(reader.sleb()));
    case DW_FORM_implicit_const: return number(Signed, static_cast<uint64_t>(implicitConst));
    case DW_FORM_flag: return number(Flag, reader.u8());
    case DW_FORM_flag_present: return number(Flag, 1);
    case DW_FORM_string: return text(reader.string());
    case DW_FORM_strp: return text(stringAt(unit.sections->str, reader.unsignedOf(unit.offsetSize)));
    case DW_FORM_line_strp: return text(stringAt(unit.sections->lineStr, reader.unsignedOf(unit.offsetSize)));
    case DW_FORM_strx:
    case DW_FORM_GNU_str_index: return text(indexedString(unit, reader.uleb()));
    case DW_FORM_strx1: return text(indexedString(unit, reader.u8()));
    case DW_FORM_strx2: return text(indexedString(unit, reader.u16()));
    case DW_FORM_strx3: return text(indexedString(unit, reader.u24()));
    case DW_FORM_strx4: return text(indexedString(unit, reader.u32()));
    case DW_FORM_block: return block(Block, reader.bytes(reader.uleb()));
    case DW_FORM_block1: return block(Block, reader.bytes(reader.u8()));
    case DW_FORM_block2: return block(Block, reader.bytes(reader.u16()));
    case DW_FORM_block4: return block(Block, reader.bytes(reader.u32()));
    case DW_FORM_exprloc: return block(Expression, reader.bytes(reader.uleb()));
    case DW_FORM_sec_offset: return number(SectionOffset, reader.unsignedOf(unit.offsetSize));
    case DW_FORM_rnglistx: return number(RangeListIndex, reader.uleb());
    case DW_FORM_loclistx: return number(LocationListIndex, reader.uleb());
    case DW_FORM_ref1: return localReference(reader.u8());
    case DW_FORM_ref2: return localReference(reader.u16());
    case DW_FORM_ref4: return localReference(reader.u32());
    case DW_FORM_ref8: return localReference(reader.u64());
    case DW_FORM_ref_udata: return localReference(reader.uleb());
    case DW_FORM_ref_addr: {
        const uint64_t offset = reader.unsignedOf(unit.version <= 2 ? unit.addressSize : unit.offsetSize);
        // References by address always mean .debug_info, also from a .debug_types unit.
        for (const InfoSection& info : unit.all->infos) {
            if (info.set == unit.set && !info.isTypes)
                return reference(reader, info.base, offset, info.bytes.size());
        }
        return number(Unreadable, 0);
    }
    case DW_FORM_ref_sig8: return number(Signature, reader.u64());
    case DW_FORM_ref_sup4:
    case DW_FORM_ref_sup8:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_ref_alt:
    case DW_FORM_GNU_strp_alt: skipValue(reader, unit, form); return number(Unreadable, 0);
    default: return reader.fail(), AttributeValue();
    }
}

void skipValue(ByteReader& reader, const Unit& unit, uint16_t form) {
    const int size = fixedSize(form, unit.version, unit.addressSize, unit.offsetSize);
    if (size >= 0) return reader.skip(static_cast<uint64_t>(size));
    switch (form) {
    case DW_FORM_string: reader.string(); return;
    case DW_FORM_block:
    case DW_FORM_exprloc: reader.skip(reader.uleb()); return;
    case DW_FORM_block1: reader.skip(reader.u8()); return;
    case DW_FORM_block2: reader.skip(reader.u16()); return;
    case DW_FORM_block4: reader.skip(reader.u32()); return;
    case DW_FORM_indirect: readValue(reader, unit, form, 0); return;
    default: size == kUnknown ? reader.fail() : void(reader.uleb());
    }
}

}  // namespace debugger::dwarf
