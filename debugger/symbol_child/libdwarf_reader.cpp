#include "debugger/symbol_child/libdwarf_reader.h"

#include <libdwarf/libdwarf.h>

namespace debugger::symbol_child {

using dwarf::AttributeValue;
using dwarf::ValueClass;

/// The sections as libdwarf's object, and the Dwarf_Debug over it.
struct LibdwarfReader::Implementation {
    std::vector<NamedSection> sections;
    Dwarf_Obj_Access_Methods methods{};
    Dwarf_Obj_Access_Interface object{};
    Dwarf_Debug debug = nullptr;

    ~Implementation() {
        if (debug) dwarf_object_finish(debug, nullptr);
    }
};

namespace {

using Sections = std::vector<NamedSection>;

int sectionInfo(void* object, Dwarf_Half index, Dwarf_Obj_Access_Section* out, int*) {
    const auto& sections = *static_cast<Sections*>(object);
    if (index >= sections.size()) return DW_DLV_NO_ENTRY;
    *out = {};
    out->name = sections[index].name.c_str();
    out->size = sections[index].bytes.size();
    return DW_DLV_OK;
}
int loadSection(void* object, Dwarf_Half index, Dwarf_Small** data, int*) {
    const auto& sections = *static_cast<Sections*>(object);
    if (index >= sections.size()) return DW_DLV_NO_ENTRY;
    *data = const_cast<Dwarf_Small*>(sections[index].bytes.data());  // libdwarf only reads it
    return DW_DLV_OK;
}
Dwarf_Endianness byteOrder(void*) { return DW_OBJECT_LSB; }
Dwarf_Small lengthSize(void*) { return 4; }
Dwarf_Small pointerSize(void*) { return 4; }
Dwarf_Unsigned sectionCount(void* object) { return static_cast<Sections*>(object)->size(); }

engine::Error failure(Dwarf_Debug debug, Dwarf_Error error, const char* what) {
    std::string message = what;
    if (error) {
        message += std::string(": ") + dwarf_errmsg(error);
        dwarf_dealloc_error(debug, error);
    }
    return {engine::ErrorCode::Malformed, message, {}};
}

/// One attribute of a DIE; Unreadable where libdwarf gives no answer (we read those from the bytes).
class ValueReader {
public:
    ValueReader(Dwarf_Debug debug, const dwarf::ChildRequest& request) : m_debug(debug), m_request(request) {}

    AttributeValue read(Dwarf_Attribute attribute) {
        Dwarf_Half form = 0;
        AttributeValue value;
        value.cls = ValueClass::Unreadable;
        if (dwarf_whatform(attribute, &form, &m_error) != DW_DLV_OK) return forget(), value;
        const bool known = constant(attribute, form, value) || bytes(attribute, form, value) ||
                           reference(attribute, form, value);
        if (!known) value = {ValueClass::Unreadable, 0, "", {}};
        forget();
        return value;
    }

private:
    bool take(int result, AttributeValue& value, ValueClass cls, uint64_t number) {
        value.cls = cls;
        value.value = number;
        return result == DW_DLV_OK;
    }
    bool constant(Dwarf_Attribute attribute, Dwarf_Half form, AttributeValue& value) {
        using namespace dwarf;
        Dwarf_Unsigned number = 0;
        Dwarf_Signed negative = 0;
        Dwarf_Addr address = 0;
        Dwarf_Bool flag = 0;
        int result = DW_DLV_ERROR;
        switch (form) {
        case DW_FORM_addr:
            result = dwarf_formaddr(attribute, &address, &m_error);
            return take(result, value, ValueClass::Address, address);
        case DW_FORM_addrx:
        case DW_FORM_addrx1:
        case DW_FORM_addrx2:
        case DW_FORM_addrx4:
        case DW_FORM_GNU_addr_index:
            result = dwarf_get_debug_addr_index(attribute, &number, &m_error);
            return take(result, value, ValueClass::AddressIndex, number);
        case DW_FORM_data1:
        case DW_FORM_data2:
        case DW_FORM_data4:
        case DW_FORM_data8:
        case DW_FORM_udata:
            result = dwarf_formudata(attribute, &number, &m_error);
            return take(result, value, ValueClass::Unsigned, number);
        case DW_FORM_sdata:
        case DW_FORM_implicit_const:
            result = dwarf_formsdata(attribute, &negative, &m_error);
            return take(result, value, ValueClass::Signed, static_cast<uint64_t>(negative));
        case DW_FORM_flag:
        case DW_FORM_flag_present:
            result = dwarf_formflag(attribute, &flag, &m_error);
            return take(result, value, ValueClass::Flag, static_cast<uint64_t>(flag));
        default: return false;
        }
    }
    bool bytes(Dwarf_Attribute attribute, Dwarf_Half form, AttributeValue& value) {
        using namespace dwarf;
        switch (form) {
        case DW_FORM_string:
        case DW_FORM_strp:
        case DW_FORM_line_strp:
        case DW_FORM_strx:
        case DW_FORM_strx1:
        case DW_FORM_strx2:
        case DW_FORM_strx4:
        case DW_FORM_GNU_str_index: {
            char* string = nullptr;
            value.cls = ValueClass::String;
            if (dwarf_formstring(attribute, &string, &m_error) != DW_DLV_OK || !string) return false;
            value.string = string;
            return true;
        }
        case DW_FORM_exprloc: {
            Dwarf_Unsigned length = 0;
            Dwarf_Ptr data = nullptr;
            value.cls = ValueClass::Expression;
            if (dwarf_formexprloc(attribute, &length, &data, &m_error) != DW_DLV_OK) return false;
            value.block = {static_cast<const uint8_t*>(data), length};
            return true;
        }
        case DW_FORM_block:
        case DW_FORM_block1:
        case DW_FORM_block2:
        case DW_FORM_block4: {
            Dwarf_Block* block = nullptr;
            value.cls = ValueClass::Block;
            if (dwarf_formblock(attribute, &block, &m_error) != DW_DLV_OK) return false;
            value.block = {static_cast<const uint8_t*>(block->bl_data), block->bl_len};
            dwarf_dealloc(m_debug, block, DW_DLA_BLOCK);
            return true;
        }
        default: return false;
        }
    }
    bool reference(Dwarf_Attribute attribute, Dwarf_Half form, AttributeValue& value) {
        using namespace dwarf;
        Dwarf_Off offset = 0;
        int result = DW_DLV_ERROR;
        switch (form) {
        case DW_FORM_sec_offset:
            result = dwarf_global_formref(attribute, &offset, &m_error);
            return take(result, value, ValueClass::SectionOffset, offset);
        case DW_FORM_ref1:
        case DW_FORM_ref2:
        case DW_FORM_ref4:
        case DW_FORM_ref8:
        case DW_FORM_ref_udata:
            result = dwarf_global_formref(attribute, &offset, &m_error);
            return take(result, value, ValueClass::Reference, m_request.sectionBase + offset);
        case DW_FORM_ref_addr:
            result = dwarf_global_formref(attribute, &offset, &m_error);
            return take(result, value, ValueClass::Reference, m_request.infoBase + offset);
        case DW_FORM_ref_sig8: {
            Dwarf_Sig8 signature{};
            result = dwarf_formsig8(attribute, &signature, &m_error);
            uint64_t number = 0;
            std::memcpy(&number, signature.signature, sizeof number);
            return take(result, value, ValueClass::Signature, number);
        }
        default: return false;
        }
    }
    void forget() {
        if (m_error) dwarf_dealloc_error(m_debug, m_error);
        m_error = nullptr;
    }

    Dwarf_Debug m_debug;
    const dwarf::ChildRequest& m_request;
    Dwarf_Error m_error = nullptr;
};

/// Walks the tree of one unit; the stack holds the open DIEs.
class Walker {
public:
    Walker(Dwarf_Debug debug, const dwarf::ChildRequest& request)
        : m_debug(debug), m_request(request), m_values(debug, request) {}
    ~Walker() {
        for (const Open& open : m_open)
            dwarf_dealloc_die(open.die);
    }

    engine::Result<dwarf::DieTable> run() {
        constexpr size_t kMaxDepth = 4096;
        Dwarf_Die die = nullptr;
        const bool isInfo = !m_request.isTypes;
        if (dwarf_offdie_b(m_debug, m_request.firstDie, isInfo, &die, &m_error) != DW_DLV_OK)
            return fail("the unit is unreadable");
        m_open.push_back({die, -1});
        while (!m_open.empty()) {
            const auto index = static_cast<int32_t>(m_table.dies().size());
            if (const char* problem = record(m_open.back())) return fail(problem);
            Dwarf_Die next = nullptr;
            int found = dwarf_child(m_open.back().die, &next, &m_error);
            if (found == DW_DLV_ERROR) return fail("a DIE is unreadable");
            if (found == DW_DLV_OK) {
                m_open.push_back({next, index});
                if (m_open.size() > kMaxDepth) return fail("DIEs are nested too deeply");
                continue;
            }
            while (!m_open.empty()) {
                const Open last = m_open.back();
                found = m_open.size() == 1 ? DW_DLV_NO_ENTRY
                                           : dwarf_siblingof_b(m_debug, last.die, isInfo, &next, &m_error);
                if (found == DW_DLV_ERROR) return fail("a DIE is unreadable");
                dwarf_dealloc_die(last.die);
                m_open.pop_back();
                if (found != DW_DLV_OK) continue;
                m_open.push_back({next, last.parent});
                break;
            }
        }
        m_table.finish();
        return std::move(m_table);
    }

private:
    struct Open {
        Dwarf_Die die = nullptr;
        int32_t parent = -1;
    };
    engine::Error fail(const char* what) { return failure(m_debug, m_error, what); }

    /// Adds the DIE and its attributes; the problem if that fails.
    const char* record(const Open& open) {
        Dwarf_Off offset = 0;
        Dwarf_Half tag = 0;
        if (dwarf_dieoffset(open.die, &offset, &m_error) != DW_DLV_OK ||
            dwarf_tag(open.die, &tag, &m_error) != DW_DLV_OK)
            return "a DIE is unreadable";
        const bool inOrder =
            offset < m_request.end &&
            (m_table.dies().empty() || m_request.sectionBase + offset > m_table.dies().back().offset);
        if (!inOrder) return "a DIE lies outside its unit or before its parent";
        if (!m_table.addDie(m_request.sectionBase + static_cast<uint32_t>(offset), tag, open.parent))
            return "the unit has too many DIEs";
        Dwarf_Attribute* attributes = nullptr;
        Dwarf_Signed count = 0;
        const int result = dwarf_attrlist(open.die, &attributes, &count, &m_error);
        if (result == DW_DLV_ERROR) return "the attributes of a DIE are unreadable";
        bool ok = true;
        for (Dwarf_Signed i = 0; result == DW_DLV_OK && i < count; ++i) {
            Dwarf_Half name = 0;
            if (dwarf_whatattr(attributes[i], &name, &m_error) != DW_DLV_OK) name = 0;
            ok = ok && m_table.addAttribute(name, m_values.read(attributes[i]));
            dwarf_dealloc_attribute(attributes[i]);
        }
        if (attributes) dwarf_dealloc(m_debug, attributes, DW_DLA_LIST);
        return ok ? nullptr : "the unit has too many attributes";
    }

    Dwarf_Debug m_debug;
    const dwarf::ChildRequest& m_request;
    ValueReader m_values;
    Dwarf_Error m_error = nullptr;
    std::vector<Open> m_open;
    dwarf::DieTable m_table;
};

}  // namespace

LibdwarfReader::LibdwarfReader(std::unique_ptr<Implementation> implementation)
    : m_implementation(std::move(implementation)) {}
LibdwarfReader::~LibdwarfReader() = default;

engine::Result<std::unique_ptr<LibdwarfReader>> LibdwarfReader::create(std::vector<NamedSection> sections) {
    auto implementation = std::make_unique<Implementation>();
    implementation->sections = std::move(sections);
    implementation->methods.get_section_info = sectionInfo;
    implementation->methods.get_byte_order = byteOrder;
    implementation->methods.get_length_size = lengthSize;
    implementation->methods.get_pointer_size = pointerSize;
    implementation->methods.get_section_count = sectionCount;
    implementation->methods.load_section = loadSection;
    implementation->object.object = &implementation->sections;
    implementation->object.methods = &implementation->methods;
    Dwarf_Error error = nullptr;
    const int result = dwarf_object_init_b(&implementation->object, nullptr, nullptr, DW_GROUPNUMBER_ANY,
                                           &implementation->debug, &error);
    if (result != DW_DLV_OK) {
        implementation->debug = nullptr;
        return failure(nullptr, error, "the sections are unreadable");
    }
    return std::unique_ptr<LibdwarfReader>(new LibdwarfReader(std::move(implementation)));
}

engine::Result<dwarf::DieTable> LibdwarfReader::dieTable(const dwarf::ChildRequest& request) {
    return Walker(m_implementation->debug, request).run();
}

}  // namespace debugger::symbol_child
