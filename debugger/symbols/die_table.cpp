#include "debugger/symbols/die_table.h"

#include <algorithm>

#include "debugger/symbols/index.h"

namespace debugger::dwarf {
namespace {

struct Header {
    uint32_t dies = 0, attributes = 0, pool = 0, reserved = 0;
};
struct DieRecord {
    uint32_t offset = 0;
    int32_t parent = -1;
    uint32_t attributes = 0;
    uint32_t tag = 0;
};
struct AttributeRecord {
    uint64_t value = 0;
    uint32_t length = 0;
    uint16_t name = 0;
    uint8_t cls = 0, reserved = 0;
};

bool isPooled(ValueClass cls) {
    return cls == ValueClass::String || cls == ValueClass::Block || cls == ValueClass::Expression;
}

template <class T>
void append(std::vector<uint8_t>& out, const T& record) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(&record);
    out.insert(out.end(), bytes, bytes + sizeof(T));
}

template <class T>
T take(std::span<const uint8_t>& bytes) {
    T record;
    std::memcpy(&record, bytes.data(), sizeof(T));
    bytes = bytes.subspan(sizeof(T));
    return record;
}

engine::Error malformed(const std::string& what) {
    return {engine::ErrorCode::Malformed, what, {"", ".debug_info", {}, {}}};
}

}  // namespace

AttributeValue DieTable::valueOf(const DieAttribute& a) const {
    AttributeValue value;
    value.cls = a.cls;
    value.value = a.value;
    if (a.cls == ValueClass::String)
        value.string = reinterpret_cast<const char*>(m_pool.data() + a.value);
    else if (isPooled(a.cls))
        value.block = Bytes(m_pool).subspan(a.value, a.length);
    return value;
}

AttributeValue DieTable::attribute(uint32_t die, uint16_t name) const {
    for (const DieAttribute& a : attributes(die)) {
        if (a.name == name) return valueOf(a);
    }
    return {};
}

std::optional<uint32_t> DieTable::find(uint32_t offset) const {
    const auto it = std::lower_bound(m_dies.begin(), m_dies.end(), offset,
                                     [](const Die& die, uint32_t o) { return die.offset < o; });
    if (it == m_dies.end() || it->offset != offset) return std::nullopt;
    return static_cast<uint32_t>(it - m_dies.begin());
}

bool DieTable::addDie(uint32_t offset, uint16_t tag, int32_t parent) {
    if (m_dies.size() >= kMaxDies) return false;
    m_dies.push_back({offset, tag, parent, 0, static_cast<uint32_t>(m_attributes.size()), 0});
    return true;
}

bool DieTable::setValue(DieAttribute& a, const AttributeValue& value) {
    a.cls = value.cls;
    a.value = value.value;
    if (!isPooled(a.cls)) return true;
    const auto* bytes = value.block.data();
    size_t length = value.block.size();
    if (a.cls == ValueClass::String) {
        bytes = reinterpret_cast<const uint8_t*>(value.string);
        length = nameOf(value.string).size();
        const auto [it, isNew] = m_strings.emplace(value.string, m_pool.size());
        a.value = it->second;
        a.length = static_cast<uint32_t>(length);
        if (!isNew) return true;
    }
    if (length >= kMaxPool - m_pool.size()) return false;
    a.value = m_pool.size();
    a.length = static_cast<uint32_t>(length);
    m_pool.insert(m_pool.end(), bytes, bytes + length);
    if (a.cls == ValueClass::String) m_pool.push_back(0);
    return true;
}

bool DieTable::addAttribute(uint16_t name, const AttributeValue& value) {
    if (m_attributes.size() >= kMaxAttributes) return false;
    DieAttribute a;
    a.name = name;
    if (!setValue(a, value)) return false;
    m_attributes.push_back(a);
    ++m_dies.back().attributeCount;
    return true;
}

void DieTable::replace(uint32_t die, uint32_t attribute, const AttributeValue& value) {
    setValue(m_attributes[m_dies[die].firstAttribute + attribute], value);
}

void DieTable::finish() {
    m_strings = {};
    for (uint32_t i = 0; i < m_dies.size(); ++i)
        m_dies[i].end = i + 1;
    for (size_t i = m_dies.size(); i-- > 0;) {
        if (m_dies[i].parent < 0) continue;
        auto& parent = m_dies[static_cast<size_t>(m_dies[i].parent)];
        parent.end = std::max(parent.end, m_dies[i].end);
    }
}

std::vector<uint8_t> DieTable::encode() const {
    std::vector<uint8_t> out;
    out.reserve(sizeof(Header) + m_dies.size() * sizeof(DieRecord) +
                m_attributes.size() * sizeof(AttributeRecord) + m_pool.size());
    append(out, Header{static_cast<uint32_t>(m_dies.size()), static_cast<uint32_t>(m_attributes.size()),
                       static_cast<uint32_t>(m_pool.size()), 0});
    for (const Die& die : m_dies)
        append(out, DieRecord{die.offset, die.parent, die.attributeCount, die.tag});
    for (const DieAttribute& a : m_attributes)
        append(out, AttributeRecord{a.value, a.length, a.name, static_cast<uint8_t>(a.cls), 0});
    out.insert(out.end(), m_pool.begin(), m_pool.end());
    return out;
}

engine::Result<std::shared_ptr<DieTable>> DieTable::decode(std::span<const uint8_t> bytes, const Unit& unit) {
    if (bytes.size() < sizeof(Header)) return malformed("answer of the symbol reader is cut off");
    const auto header = take<Header>(bytes);
    if (header.dies > kMaxDies || header.attributes > kMaxAttributes || header.pool > kMaxPool ||
        bytes.size() !=
            header.dies * sizeof(DieRecord) + header.attributes * sizeof(AttributeRecord) + header.pool) {
        return malformed("answer of the symbol reader has impossible sizes");
    }
    auto table = std::make_shared<DieTable>();
    table->m_dies.reserve(header.dies);
    uint64_t attributes = 0;
    for (uint32_t i = 0; i < header.dies; ++i) {
        const auto record = take<DieRecord>(bytes);
        // File order: offsets rise, and a parent is the DIE before it or one of that DIE's ancestors.
        int32_t open = static_cast<int32_t>(i) - 1;
        const int32_t steps = 1 << 16;
        for (int32_t n = 0; open >= 0 && open != record.parent && n < steps; ++n)
            open = table->m_dies[static_cast<size_t>(open)].parent;
        const bool inOrder = i == 0 ? record.parent == -1
                                    : record.parent >= 0 && open == record.parent &&
                                          record.offset > table->m_dies.back().offset;
        if (!inOrder || record.offset < unit.firstDie || record.offset >= unit.end ||
            record.attributes > header.attributes - attributes) {
            return malformed("answer of the symbol reader is not a tree of this unit");
        }
        table->m_dies.push_back({record.offset, static_cast<uint16_t>(record.tag), record.parent, 0,
                                 static_cast<uint32_t>(attributes), record.attributes});
        attributes += record.attributes;
    }
    if (attributes != header.attributes)
        return malformed("answer of the symbol reader has attributes of no DIE");
    const auto pool = bytes.subspan(header.attributes * sizeof(AttributeRecord));
    table->m_attributes.reserve(header.attributes);
    for (uint32_t i = 0; i < header.attributes; ++i) {
        const auto record = take<AttributeRecord>(bytes);
        const auto cls = static_cast<ValueClass>(record.cls);
        if (cls > ValueClass::Unreadable)
            return malformed("answer of the symbol reader has a value of no kind");
        const uint64_t length = uint64_t{record.length} + (cls == ValueClass::String);
        if (isPooled(cls) && (record.value > pool.size() || length > pool.size() - record.value)) {
            return malformed("answer of the symbol reader has a value outside its bytes");
        }
        if (cls == ValueClass::String && pool[record.value + record.length] != 0)
            return malformed("answer of the symbol reader has an endless string");
        table->m_attributes.push_back({record.value, record.length, record.name, cls});
    }
    table->m_pool.assign(pool.begin(), pool.end());
    table->finish();
    return table;
}

}  // namespace debugger::dwarf
