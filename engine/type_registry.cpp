#include "engine/type_registry.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace engine {

namespace {

constexpr uint32_t kNone = ~0u;
// What modules leave for the types of host functions, so that those are never refused.
constexpr uint32_t kHostIds = 1u << 16;
constexpr uint32_t kMaxIds = 1u << 24;    // so that an id fits where a HeapType holds a type index
constexpr uint32_t kRelative = 1u << 25;  // in keys: a reference into the group itself
constexpr uint32_t kChunk = 4096;

struct Entry {
    uint32_t super = kNone;
    uint16_t depth = 0;
    CompositeKind kind = CompositeKind::Func;
};

/// Groups by their serialised form, and an entry per id. Entries stand in chunks that never move, so that readers need no lock: an id
/// reaches them only from a module that was published after its entry was written.
class Registry {
public:
    /// First id of the group with that key; a new group gets its entries from `makeEntry(member, first)`.
    template <class MakeEntry>
    Result<uint32_t> intern(std::string&& key, uint32_t size, uint32_t limit, const MakeEntry& makeEntry) {
        const std::lock_guard lock(m_mutex);
        const auto [at, isNew] = m_groups.try_emplace(std::move(key), m_count);
        if (!isNew) return at->second;
        if (m_count > limit || limit - m_count < size) {
            m_groups.erase(at);
            return Error{ErrorCode::Limit,
                         "too many different types in this process, limit " + std::to_string(limit),
                         {}};
        }
        const uint32_t first = m_count;
        m_count += size;
        for (uint32_t i = 0; i < size; ++i) {
            auto& chunk = m_chunks[(first + i) / kChunk];
            if (!chunk.load(std::memory_order_relaxed))
                chunk.store(new std::array<Entry, kChunk>, std::memory_order_release);
            slot(first + i) = makeEntry(i, first);
        }
        return first;
    }

    const Entry& entry(uint32_t id) const {
        return (*m_chunks[id / kChunk].load(std::memory_order_acquire))[id % kChunk];
    }

private:
    Entry& slot(uint32_t id) { return (*m_chunks[id / kChunk].load(std::memory_order_relaxed))[id % kChunk]; }

    std::mutex m_mutex;
    std::unordered_map<std::string, uint32_t> m_groups;
    uint32_t m_count = 0;
    std::array<std::atomic<std::array<Entry, kChunk>*>, kMaxIds / kChunk> m_chunks{};
};

Registry& registry() {
    static auto* const instance = new Registry;  // never destroyed: other threads may still read it at exit
    return *instance;
}

/// Serialises a recursion group: equal groups, and only they, give equal keys.
class KeyWriter {
public:
    KeyWriter(const Module* module, uint32_t first, uint32_t size)
        : m_module(module), m_first(first), m_size(size) {}

    void add(const DefinedType& type) {
        number(static_cast<uint32_t>(type.kind) | (type.isFinal ? 4u : 0u) | (type.super ? 8u : 0u));
        if (type.super) number(reference(*type.super));
        switch (type.kind) {
        case CompositeKind::Func: add(type.func); break;
        case CompositeKind::Struct:
            number(static_cast<uint32_t>(type.structure.fields.size()));
            for (const FieldType& field : type.structure.fields)
                add(field);
            break;
        case CompositeKind::Array: add(type.array.element); break;
        }
    }
    std::string take() { return std::move(m_key); }

private:
    void add(const FuncType& type) {
        number(static_cast<uint32_t>(type.params.size()));
        for (const ValType param : type.params)
            add(param);
        number(static_cast<uint32_t>(type.results.size()));
        for (const ValType result : type.results)
            add(result);
    }
    void add(const FieldType& field) {
        number(static_cast<uint32_t>(field.packed) << 1 | (field.isMutable ? 1 : 0));
        add(field.type);
    }
    void add(ValType type) {
        if (type.isRef() && !type.heap().isAbstract() && m_module)
            type = ValType::ref(HeapType::fromBits(reference(type.heap().defined())), type.nullable());
        number(type.bits());
    }
    uint32_t reference(TypeIdx index) const {
        if (index.value - m_first < m_size) return kRelative | (index.value - m_first);
        return m_module->canonicalTypes[index.value];
    }
    void number(uint32_t n) {
        for (; n >= 0x80; n >>= 7)
            m_key += static_cast<char>(n | 0x80);
        m_key += static_cast<char>(n);
    }

    const Module* m_module;
    uint32_t m_first, m_size;
    std::string m_key;
};

}  // namespace

Result<> canonicalizeTypes(Module& module) {
    const auto count = static_cast<uint32_t>(module.types.size());
    module.canonicalTypes.assign(count, 0);
    for (uint32_t first = 0; first < count;) {
        const uint32_t size = module.types[first].groupSize;
        KeyWriter key(&module, first, size);
        for (uint32_t i = 0; i < size; ++i)
            key.add(module.types[first + i]);
        const auto makeEntry = [&](uint32_t member, uint32_t firstId) {
            const DefinedType& type = module.types[first + member];
            Entry entry{kNone, 0, type.kind};
            if (type.super) {
                const uint32_t super = type.super->value;
                entry.super = super >= first ? firstId + (super - first) : module.canonicalTypes[super];
                entry.depth = static_cast<uint16_t>(registry().entry(entry.super).depth + 1);
            }
            return entry;
        };
        const uint32_t firstId = TRY(registry().intern(key.take(), size, kMaxIds - kHostIds, makeEntry));
        for (uint32_t i = 0; i < size; ++i)
            module.canonicalTypes[first + i] = firstId + i;
        first += size;
    }
    return {};
}

uint32_t canonicalFuncType(const FuncType& type) {
    DefinedType defined;
    defined.func = type;
    KeyWriter key(nullptr, 0, 0);
    key.add(defined);
    const auto id = registry().intern(key.take(), 1, kMaxIds, [](uint32_t, uint32_t) { return Entry{}; });
    CHECK(id.ok());
    return *id;
}

HeapType toCanonical(const Module& module, HeapType type) {
    return type.isAbstract() ? type : HeapType(TypeIdx(module.canonicalTypes[type.defined().value]));
}

ValType toCanonical(const Module& module, ValType type) {
    return type.isRef() ? ValType::ref(toCanonical(module, type.heap()), type.nullable()) : type;
}

FuncType toCanonical(const Module& module, const FuncType& type) {
    FuncType result = type;
    for (ValType& param : result.params)
        param = toCanonical(module, param);
    for (ValType& r : result.results)
        r = toCanonical(module, r);
    return result;
}

bool isCanonicalSubtype(uint32_t sub, uint32_t super) {
    if (sub == super) return true;
    const Registry& types = registry();
    const uint32_t depth = types.entry(super).depth;
    while (types.entry(sub).depth > depth)
        sub = types.entry(sub).super;
    return sub == super;
}

std::vector<uint32_t> canonicalSupertypes(uint32_t id) {
    std::vector<uint32_t> supertypes(registry().entry(id).depth + 1);
    for (size_t depth = supertypes.size(); depth-- > 0; id = registry().entry(id).super)
        supertypes[depth] = id;
    return supertypes;
}

CompositeKind canonicalKind(uint32_t id) { return registry().entry(id).kind; }

}  // namespace engine
