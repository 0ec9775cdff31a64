// Headers of line number tables: folders and files (DWARF 5, section 6.2.4, and the form of versions 2 to 4).
#include "debugger/symbols/lines.h"

namespace debugger::dwarf {
namespace {

constexpr size_t kMaxNames = 1 << 18;  // folders or files of one table

struct Entry {
    const char* path = "";
    uint64_t folder = 0;
    Bytes md5;
};

/// Folders and files before version 5; both are numbered from 1, number 0 being the compilation folder and no file.
void readOld(ByteReader& reader, std::vector<Entry>& folders, std::vector<Entry>& files) {
    folders.emplace_back();
    files.emplace_back();
    while (reader.ok() && folders.size() < kMaxNames) {
        const char* path = reader.string();
        if (!*path) break;
        folders.push_back({path, 0, {}});
    }
    while (reader.ok() && files.size() < kMaxNames) {
        const char* path = reader.string();
        if (!*path) break;
        const uint64_t folder = reader.uleb();
        reader.uleb();  // time
        reader.uleb();  // size
        if (reader.ok()) files.push_back({path, folder, {}});
    }
}

/// A table of entries as version 5 describes it: a format, then the entries. Fails for forms that have no place here.
std::vector<Entry> readEntries(ByteReader& reader, const Unit& unit) {
    std::vector<AttributeSpec> format;
    for (int count = reader.u8(); count > 0 && reader.ok(); --count) {
        const uint64_t content = reader.uleb(), form = reader.uleb();
        if (form == DW_FORM_flag_present || form == DW_FORM_implicit_const || form == DW_FORM_indirect)
            reader.fail();
        format.push_back({static_cast<uint16_t>(content), static_cast<uint16_t>(form), 0});
    }
    std::vector<Entry> entries;
    const uint64_t count = reader.uleb();
    if (count && (format.empty() || count > reader.remaining() || count > kMaxNames)) reader.fail();
    for (uint64_t i = 0; i < count && reader.ok(); ++i) {
        Entry entry;
        for (const AttributeSpec& spec : format) {
            const AttributeValue value = readValue(reader, unit, spec.form, 0);
            if (spec.name == DW_LNCT_path) entry.path = value.string;
            if (spec.name == DW_LNCT_directory_index) entry.folder = value.value;
            if (spec.name == DW_LNCT_MD5 && value.block.size() == 16) entry.md5 = value.block;
        }
        if (reader.ok()) entries.push_back(entry);
    }
    return entries;
}

}  // namespace

LineHeader LineTables::readHeader(const Unit& owner, std::vector<NamedFile>& names) const {
    LineHeader header;
    header.offset = *owner.lineOffset;
    Unit unit = owner;  // the table has sizes of its own, but the unit's strings
    ByteReader all(unit.sections->line, header.offset);
    uint64_t length = all.u32();
    unit.offsetSize = length == 0xffffffff ? 8 : 4;
    if (length == 0xffffffff) length = all.u64();
    ByteReader reader(all.bytes(length));
    const uint64_t begin = all.position() - length;
    header.version = reader.u16();
    if (!all.ok() || header.version < 2 || header.version > 5) return header;
    if (header.version >= 5) {
        unit.addressSize = reader.u8();
        reader.u8();  // segment selector size
    }
    const uint64_t headerLength = reader.unsignedOf(unit.offsetSize);
    const uint64_t program = reader.position() + headerLength;
    header.minimumInstructionLength = reader.u8();
    if (header.version >= 4) reader.u8();  // operations per instruction: for VLIW machines
    header.defaultIsStatement = reader.u8() != 0;
    header.lineBase = static_cast<int8_t>(reader.u8());
    header.lineRange = reader.u8();
    header.opcodeBase = reader.u8();
    if (!reader.ok() || !header.opcodeBase || !header.lineRange || headerLength > length || program > length)
        return header;
    header.operandCounts = reader.bytes(header.opcodeBase - 1u);
    header.program = unit.sections->line.subspan(begin + program, length - program);

    std::vector<Entry> folders, files;
    if (header.version >= 5) {
        unit.version = 5;
        folders = readEntries(reader, unit);
        files = readEntries(reader, unit);
    } else {
        readOld(reader, folders, files);
    }
    header.isGood = header.operandCounts.size() == header.opcodeBase - 1u;
    if (!reader.ok()) header.isGood = header.isGood && !files.empty();

    const std::string_view compDir = owner.compDir;
    for (const Entry& file : files) {
        // Version 5: folder 0 is the compilation folder itself. Before: it is implied.
        const char* folder = file.folder < folders.size() ? folders[file.folder].path : "";
        const bool inCompDir = header.version >= 5 && file.folder == 0;
        const std::string parent =
            inCompDir && *folder ? std::string(folder).substr(0, 4096) : joinPath(compDir, folder);
        names.push_back({*file.path && m_pathBudget > 0 ? joinPath(parent, file.path) : "",
                         {file.md5.begin(), file.md5.end()}});
        m_pathBudget -= static_cast<int64_t>(sizeof(NamedFile) + names.back().path.size());
    }
    return header;
}

}  // namespace debugger::dwarf
