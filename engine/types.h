// The types of WebAssembly 3.0 (standard, section 2.3): value, reference, function, limits, memory, table, global, tag types.
// Plain values, owned by the Module that declares them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engine {

/// An index in one of a module's index spaces. Distinct types, so that a function index is never taken for a type index.
template <class Tag>
struct Index {
    uint32_t value = 0;
    constexpr Index() = default;
    constexpr explicit Index(uint32_t v) : value(v) {}
    auto operator<=>(const Index&) const = default;
};
using TypeIdx = Index<struct TypeTag>;
using FuncIdx = Index<struct FuncTag>;
using TableIdx = Index<struct TableTag>;
using MemIdx = Index<struct MemTag>;
using GlobalIdx = Index<struct GlobalTag>;
using TagIdx = Index<struct TagTag>;
using ElemIdx = Index<struct ElemTag>;
using DataIdx = Index<struct DataTag>;

/// Abstract heap types (standard, section 2.3.3), in the order of their binary codes.
enum class AbstractHeap : uint8_t {
    Exn,
    Array,
    Struct,
    I31,
    Eq,
    Any,
    Extern,
    Func,
    None,
    NoExtern,
    NoFunc,
    NoExn
};

/// A heap type: an abstract one, or a defined type by its index in the module.
class HeapType {
public:
    constexpr HeapType() : HeapType(AbstractHeap::Any) {}
    constexpr HeapType(AbstractHeap abstract) : m_bits(kAbstract | static_cast<uint32_t>(abstract)) {}
    constexpr HeapType(TypeIdx defined) : m_bits(defined.value) {}
    constexpr bool isAbstract() const { return (m_bits & kAbstract) != 0; }
    constexpr AbstractHeap abstract() const { return static_cast<AbstractHeap>(m_bits & 0xff); }
    constexpr TypeIdx defined() const { return TypeIdx(m_bits); }
    constexpr uint32_t bits() const { return m_bits; }
    static constexpr HeapType fromBits(uint32_t bits) {
        HeapType h;
        h.m_bits = bits;
        return h;
    }
    constexpr bool operator==(const HeapType&) const = default;

private:
    static constexpr uint32_t kAbstract = 1u << 24;  // defined type indices stay below 2^20 (limits.h)
    uint32_t m_bits = 0;
};

enum class ValKind : uint8_t {
    I32,
    I64,
    F32,
    F64,
    V128,
    Ref,
    Bottom /* unknown, in unreachable code only */
};

/// A value type. Packed in 32 bits, so that equality is one comparison.
class ValType {
public:
    constexpr ValType() : ValType(ValKind::I32) {}
    constexpr ValType(ValKind kind) : m_bits(static_cast<uint32_t>(kind)) {}
    static constexpr ValType ref(HeapType heap, bool nullable = true) {
        ValType t(ValKind::Ref);
        t.m_bits |= (nullable ? 8u : 0u) | (heap.bits() << 4);
        return t;
    }
    constexpr ValKind kind() const { return static_cast<ValKind>(m_bits & 7); }
    constexpr bool isRef() const { return kind() == ValKind::Ref; }
    constexpr bool isNum() const { return kind() <= ValKind::F64; }
    constexpr bool nullable() const { return (m_bits & 8) != 0; }
    constexpr HeapType heap() const { return HeapType::fromBits(m_bits >> 4); }
    /// Slots of eight bytes that a value of this type takes on the value stack: 2 for v128, else 1.
    constexpr uint32_t slots() const { return kind() == ValKind::V128 ? 2 : 1; }
    constexpr uint32_t bits() const { return m_bits; }
    constexpr bool operator==(const ValType&) const = default;

private:
    uint32_t m_bits = 0;
};

inline constexpr ValType kI32{ValKind::I32}, kI64{ValKind::I64}, kF32{ValKind::F32}, kF64{ValKind::F64},
    kV128{ValKind::V128}, kBottom{ValKind::Bottom},
    kFuncRef = ValType::ref(AbstractHeap::Func), kExternRef = ValType::ref(AbstractHeap::Extern),
    kAnyRef = ValType::ref(AbstractHeap::Any), kExnRef = ValType::ref(AbstractHeap::Exn);

/// "i32", "funcref", "(ref null 3)" … as in the text format.
std::string toText(ValType type);
std::string toText(HeapType type);

struct FuncType {
    std::vector<ValType> params;
    std::vector<ValType> results;
    bool operator==(const FuncType&) const = default;
};
/// "(param i32 i64) (result f32)", empty for no parameters and results.
std::string toText(const FuncType& type);

enum class PackedKind : uint8_t { None, I8, I16 };
struct FieldType {
    ValType type;  // for packed fields: i32, what is seen on the stack
    PackedKind packed = PackedKind::None;
    bool isMutable = false;
    bool operator==(const FieldType&) const = default;
};
struct StructType {
    std::vector<FieldType> fields;
    bool operator==(const StructType&) const = default;
};
struct ArrayType {
    FieldType element;
    bool operator==(const ArrayType&) const = default;
};

enum class CompositeKind : uint8_t { Func, Struct, Array };

/// One defined type: member of a recursion group, with its supertype (standard, section 2.3.8).
struct DefinedType {
    CompositeKind kind = CompositeKind::Func;
    bool isFinal = true;
    std::optional<TypeIdx> super;
    FuncType func;            // if kind == Func
    StructType structure;     // if kind == Struct
    ArrayType array;          // if kind == Array
    uint32_t groupFirst = 0;  // its recursion group: type indices [groupFirst, groupFirst + groupSize)
    uint32_t groupSize = 1;
};

struct Limits {
    uint64_t min = 0;
    std::optional<uint64_t> max;
    bool is64 = false;
    bool operator==(const Limits&) const = default;
};
struct MemoryType {
    Limits limits;  // in pages
    bool shared = false;
    uint8_t pageSizeLog2 = 16;
    bool operator==(const MemoryType&) const = default;
};
struct TableType {
    ValType element = kFuncRef;
    Limits limits;
    bool operator==(const TableType&) const = default;
};
struct GlobalType {
    ValType type;
    bool isMutable = false;
    bool operator==(const GlobalType&) const = default;
};
struct TagType {
    TypeIdx type;
    bool operator==(const TagType&) const = default;
};

enum class ExternKind : uint8_t { Func, Table, Memory, Global, Tag };

/// "func", "table", "memory", "global", "tag".
std::string_view toText(ExternKind kind);

}  // namespace engine
