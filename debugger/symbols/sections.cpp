#include "debugger/symbols/sections.h"

#include <algorithm>
#include <array>
#include <filesystem>

namespace debugger::dwarf {
namespace {

struct SectionName {
    std::string_view name;
    Bytes SectionSet::*member;
    bool isStrings = false;
};

constexpr SectionName kSections[] = {
    {".debug_info", &SectionSet::info},
    {".debug_types", &SectionSet::types},
    {".debug_abbrev", &SectionSet::abbrev},
    {".debug_str", &SectionSet::str, true},
    {".debug_line_str", &SectionSet::lineStr, true},
    {".debug_str_offsets", &SectionSet::strOffsets},
    {".debug_addr", &SectionSet::addr},
    {".debug_line", &SectionSet::line},
    {".debug_ranges", &SectionSet::ranges},
    {".debug_rnglists", &SectionSet::rnglists},
    {".debug_loc", &SectionSet::loc},
    {".debug_loclists", &SectionSet::loclists},
    {".debug_cu_index", &SectionSet::cuIndex},
    {".debug_tu_index", &SectionSet::tuIndex},
};

Bytes cutToLastNul(Bytes bytes) {
    size_t size = bytes.size();
    while (size && bytes[size - 1])
        --size;
    return bytes.first(size);
}

void place(SectionSet& set, std::string_view name, Bytes bytes, bool split) {
    if (split && name.ends_with(".dwo"))
        name.remove_suffix(4);
    else if (split && !name.ends_with("_index"))
        return;
    for (const SectionName& section : kSections) {
        if (section.name == name) set.*section.member = section.isStrings ? cutToLastNul(bytes) : bytes;
    }
}

/// Custom sections of any wasm file, also of one that is nothing but debug info (no code section to match functions with).
SectionSet readSet(Bytes file, bool split) {
    SectionSet set;
    ByteReader reader(file);
    if (reader.u32() != 0x6d736100 || reader.u32() != 1) return set;
    while (reader.ok() && !reader.atEnd()) {
        const uint8_t id = reader.u8();
        ByteReader section(reader.bytes(reader.uleb()));
        if (id != 0 || !reader.ok()) continue;
        const Bytes name = section.bytes(section.uleb());
        if (!section.ok()) continue;
        place(set, {reinterpret_cast<const char*>(name.data()), name.size()},
              section.bytes(section.remaining()), split);
    }
    return set;
}

void addInfos(DebugSections& sections, uint32_t set) {
    const auto add = [&](Bytes bytes, bool isTypes) {
        if (bytes.empty()) return;
        const uint64_t base =
            sections.infos.empty() ? 0 : sections.infos.back().base + sections.infos.back().bytes.size();
        if (base + bytes.size() > 0xfffffff0) {
            sections.problems.push_back("debug info is larger than 4 GiB: the rest is ignored");
            return;
        }
        sections.infos.push_back({bytes, static_cast<uint32_t>(base), set, isTypes});
    };
    add(sections.sets[set].info, false);
    add(sections.sets[set].types, true);
}

std::string externalName(const engine::Module& module) {
    const engine::Section* section = module.custom("external_debug_info");
    if (!section) return {};
    ByteReader reader(module.view(section->payload));
    const Bytes name = reader.bytes(reader.uleb());
    return {reinterpret_cast<const char*>(name.data()), name.size()};
}

/// Of a separate debug file that the module does not name.
std::array<std::string, 2> usualNames(const engine::Module& module) {
    const std::filesystem::path path(module.fileName);
    return {path.stem().string() + ".debug.wasm", path.filename().string() + ".debug"};
}

/// The separate debug file: the one asked for, the one that the module names, or one with the usual name beside it.
void readExternal(DebugSections& sections, const engine::Module& module, const SymbolOptions& options) {
    std::string name = options.externalFile;
    std::shared_ptr<const std::vector<uint8_t>> bytes;
    if (!name.empty()) {
        auto file = engine::readFile(name);
        if (!file.ok())
            sections.problems.push_back("debug info file: " + file.error().text());
        else
            bytes = file.value();
    } else if (name = externalName(module); !name.empty()) {
        bytes = fileBeside(module.fileName, name);
        if (!bytes)
            sections.problems.push_back("debug info is in the separate file " + name.substr(0, 200) +
                                        ", which is not beside the module");
    } else if (sections.sets[0].info.empty() && !module.fileName.empty()) {
        for (const std::string& usual : usualNames(module))
            if (!bytes) bytes = fileBeside(module.fileName, usual);
    }
    if (!bytes) return;
    SectionSet set = readSet(*bytes, false);
    if (!set.info.empty()) {
        sections.sets[0] = set;
        sections.owners.push_back(std::move(bytes));
    } else if (readSet(*bytes, true).info.empty()) {
        sections.problems.push_back("no debug info in " + name);
    }
}

}  // namespace

std::shared_ptr<const std::vector<uint8_t>> fileBeside(const std::string& moduleFile, std::string_view name) {
    if (name.empty() || name.size() > 4096 || name.find("://") != name.npos || name.find('\0') != name.npos)
        return nullptr;
    const auto last = std::filesystem::path(std::string(name)).filename();
    if (last.empty() || last == "." || last == "..") return nullptr;
    const auto path = std::filesystem::path(moduleFile).parent_path() / last;
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) return nullptr;
    auto file = engine::readFile(path.string());
    return file.ok() ? file.value() : nullptr;
}

bool mayReadFiles(const engine::Module& module) {
    // Units that lie elsewhere, in DWARF of any version, take addresses from this section.
    if (module.custom("external_debug_info") || module.custom(".debug_addr")) return true;
    const auto folder = std::filesystem::path(module.fileName).parent_path();
    const auto names = usualNames(module);
    std::error_code ignored;
    const engine::Section* const info = module.custom(".debug_info");
    return (!info || module.view(info->payload).empty()) &&
           std::any_of(names.begin(), names.end(),
                       [&](const auto& name) { return std::filesystem::exists(folder / name, ignored); });
}

bool addSplitFile(DebugSections& sections, std::shared_ptr<const std::vector<uint8_t>> bytes) {
    const SectionSet set = readSet(*bytes, true);
    if (set.info.empty()) return false;
    sections.owners.push_back(std::move(bytes));
    sections.sets.push_back(set);
    addInfos(sections, static_cast<uint32_t>(sections.sets.size() - 1));
    return true;
}

DebugSections gatherSections(const engine::Module& module, const SymbolOptions& options) {
    DebugSections sections;
    sections.owners.push_back(module.bytes);
    sections.codeBegin = module.codeSection.begin;
    sections.codeSize = module.codeSection.size();
    SectionSet set;
    for (const engine::Section& section : module.sections) {
        if (section.id == 0) place(set, section.name, module.view(section.payload), false);
    }
    sections.sets.push_back(set);
    readExternal(sections, module, options);
    addInfos(sections, 0);

    std::shared_ptr<const std::vector<uint8_t>> package;
    if (!options.externalFile.empty()) {
        if (auto file = engine::readFile(options.externalFile); file.ok()) package = file.value();
    }
    if (!package || !addSplitFile(sections, package)) {
        package = module.fileName.empty() ? nullptr : fileBeside(module.fileName, module.fileName + ".dwp");
        if (package) addSplitFile(sections, package);
    }
    return sections;
}

}  // namespace debugger::dwarf
