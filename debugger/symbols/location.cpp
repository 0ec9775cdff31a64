#include "debugger/symbols/location.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "debugger/symbols/byte_reader.h"
#include "debugger/symbols/location_operations.h"
#include "debugger/symbols/value_number.h"
#include "debugger/symbols/value_read.h"

namespace debugger {

using namespace dwarf;
using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr unsigned kMaxSteps = 10'000;
constexpr size_t kMaxStack = 1'000;

/// How wide a value is: constants take the width of what they meet, 32-bit locals and addresses are narrow. Bits above the 32nd of a narrow
/// value mean nothing to operations that look at them.
enum class Width : uint8_t { Any, Narrow, Wide };

struct Entry {
    uint64_t value = 0;
    Width width = Width::Any;
    std::optional<ObjectPlace> wasm;  // pushed from there and not changed since
};

Error impossible(std::string why) { return Error{ErrorCode::Unsupported, std::move(why)}; }

Error outOfStack() {
    return impossible("damaged debug info: the location expression takes more than it has");
}

class Machine {
public:
    Machine(Bytes expression, EvaluationContext& context, uint64_t byteSize, bool isFrameBase)
        : m_reader(expression), m_context(context), m_byteSize(byteSize), m_isFrameBase(isFrameBase) {}

    Result<ObjectPlace> run();

private:
    Result<> step(uint8_t op);
    Result<> wasmLocation();
    Result<> stackOperation(uint8_t op);
    Result<> binary(uint8_t op);
    Result<> unary(uint8_t op);
    Result<> branch(uint8_t op);
    Result<> frameBase(int64_t offset);
    Result<> dereferenceTop(uint64_t size);
    Result<> piece(uint64_t bitSize, uint64_t bitOffset);
    Result<ObjectPlace> current();
    Result<Entry> pop();
    Result<Entry*> peek(size_t index);
    Width addressWidth() const { return m_context.pointerSize() < 8 ? Width::Narrow : Width::Wide; }
    void push(uint64_t value, Width width = Width::Any) { m_stack.push_back({value, width, std::nullopt}); }

    ByteReader m_reader;
    EvaluationContext& m_context;
    uint64_t m_byteSize;
    bool m_isFrameBase;
    std::vector<Entry> m_stack;
    bool m_isValue = false;  // DW_OP_stack_value was the last operation
    std::optional<std::vector<uint8_t>> m_implicit;
    std::optional<ObjectPlace> m_pieces;  // Bytes, if there are pieces
    uint64_t m_pieceBits = 0;             // how many bits the pieces have
    unsigned m_pieceCount = 0;
    bool m_onlyPieceIsPlain = false;
};

Result<Entry> Machine::pop() {
    if (m_stack.empty()) return outOfStack();
    Entry top = std::move(m_stack.back());
    m_stack.pop_back();
    return top;
}

Result<Entry*> Machine::peek(size_t index) {
    if (index >= m_stack.size()) return outOfStack();
    return &m_stack[m_stack.size() - 1 - index];
}

Result<ObjectPlace> Machine::run() {
    unsigned steps = 0;
    while (m_reader.ok() && !m_reader.atEnd()) {
        if (++steps > kMaxSteps) return impossible("the location expression does not end");
        TRY(step(m_reader.u8()));
        if (!m_reader.ok()) return impossible("damaged debug info: the location expression is cut off");
        if (m_stack.size() > kMaxStack) return impossible("the location expression needs too much stack");
    }
    if (!m_pieces) return current();
    if (!m_stack.empty() || m_implicit)
        return impossible("damaged debug info: a location behind the last piece");
    return *m_pieces;
}

/// The place that the expression (or the piece that ends here) has come to.
Result<ObjectPlace> Machine::current() {
    ObjectPlace place;
    if (m_implicit) {
        place.kind = ObjectPlace::Kind::Bytes;
        place.bytes = std::move(*m_implicit);
        m_implicit.reset();
        return place;
    }
    if (m_stack.empty()) return unavailable("optimised out");
    const Entry top = TRY(pop());
    m_stack.clear();
    const bool isValue = std::exchange(m_isValue, false);
    if (isValue && top.wasm) return *top.wasm;
    if (isValue) {
        place.kind = ObjectPlace::Kind::Bytes;
        const auto size =
            static_cast<size_t>(m_byteSize == 0 ? 8 : std::min<uint64_t>(m_byteSize, kMaxObjectBytes));
        place.bytes.resize(std::max<size_t>(size, 8));
        std::memcpy(place.bytes.data(), &top.value, 8);
        place.bytes.resize(size);
        if (size > 8) place.missing.emplace_back(8, size);
        return place;
    }
    const bool isNarrow = m_context.pointerSize() < 8;
    const uint64_t address = isNarrow ? static_cast<uint32_t>(top.value) : top.value;
    // What the linker dropped keeps an address near the top (the tombstones of wasm-ld).
    if (isNarrow && address >= 0xffff'fffe) return unavailable("removed by the linker");
    return memoryPlace(address);
}

Result<> Machine::step(uint8_t op) {
    if (op >= DW_OP_lit0 && op <= DW_OP_lit31) return push(op - DW_OP_lit0), Result<>();
    if ((op >= DW_OP_reg0 && op <= DW_OP_reg31) || (op >= DW_OP_breg0 && op <= DW_OP_breg31)) {
        return impossible("it is in a machine register, which WebAssembly does not have");
    }
    switch (op) {
    case DW_OP_addr: push(m_reader.unsignedOf(m_context.pointerSize()), addressWidth()); return {};
    case DW_OP_const1u: push(m_reader.u8()); return {};
    case DW_OP_const1s: push(static_cast<uint64_t>(static_cast<int8_t>(m_reader.u8()))); return {};
    case DW_OP_const2u: push(m_reader.u16()); return {};
    case DW_OP_const2s: push(static_cast<uint64_t>(static_cast<int16_t>(m_reader.u16()))); return {};
    case DW_OP_const4u: push(m_reader.u32()); return {};
    case DW_OP_const4s: push(static_cast<uint64_t>(static_cast<int32_t>(m_reader.u32()))); return {};
    case DW_OP_const8u:
    case DW_OP_const8s: push(m_reader.u64()); return {};
    case DW_OP_constu: push(m_reader.uleb()); return {};
    case DW_OP_consts: push(static_cast<uint64_t>(m_reader.sleb())); return {};
    case DW_OP_fbreg: return frameBase(m_reader.sleb());
    case DW_OP_WASM_location: return wasmLocation();
    case DW_OP_stack_value:
        TRY(peek(0));
        m_isValue = true;
        return {};
    case DW_OP_implicit_value: {
        const Bytes bytes = m_reader.bytes(m_reader.uleb());
        m_implicit.emplace(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(std::min<size_t>(
                                                              bytes.size(), kMaxObjectBytes)));
        return {};
    }
    case DW_OP_piece: return piece(saturatingMultiply(m_reader.uleb(), 8), 0);
    case DW_OP_bit_piece: {
        const uint64_t size = m_reader.uleb();
        return piece(size, m_reader.uleb());
    }
    case DW_OP_deref: return dereferenceTop(m_context.pointerSize());
    case DW_OP_deref_size: return dereferenceTop(m_reader.u8());
    case DW_OP_skip:
    case DW_OP_bra: return branch(op);
    case DW_OP_dup:
    case DW_OP_drop:
    case DW_OP_over:
    case DW_OP_pick:
    case DW_OP_swap:
    case DW_OP_rot: return stackOperation(op);
    case DW_OP_abs:
    case DW_OP_neg:
    case DW_OP_not:
    case DW_OP_plus_uconst: return unary(op);
    case DW_OP_nop: return {};
    case DW_OP_form_tls_address:
    case DW_OP_GNU_push_tls_address: {
        // The tombstone of dead code must stay one.
        Entry* const top = TRY(peek(0));
        top->wasm.reset();
        if (static_cast<uint32_t>(top->value) < 0xffff'fffe)
            top->value += m_context.threadLocalBase().value_or(0);
        return {};
    }
    case DW_OP_convert:
    case DW_OP_reinterpret:
        // Type 0 is the generic one, which everything here is.
        if (m_reader.uleb() == 0) return {};
        return impossible("its location uses typed operations, which are not supported");
    default: break;
    }
    if (isBinaryOperation(op)) return binary(op);
    return impossible(whyUnavailable(op));
}

Result<> Machine::wasmLocation() {
    ObjectPlace place;
    const uint8_t kind = m_reader.u8();
    const uint64_t index = kind == 3 ? m_reader.u32() : m_reader.uleb();
    if (!m_reader.ok() || index > ~uint32_t{0})
        return impossible("damaged debug info: the location expression is cut off");
    place.index = static_cast<uint32_t>(index);
    switch (kind) {
    case 0: place.kind = ObjectPlace::Kind::WasmLocal; break;
    case 1:
    case 3: place.kind = ObjectPlace::Kind::WasmGlobal; break;
    case 2: place.kind = ObjectPlace::Kind::WasmOperand; break;
    default:
        return impossible("damaged debug info: unknown kind " + std::to_string(kind) + " of Wasm location");
    }
    engine::Value value;
    switch (kind) {
    case 0: value = TRY(m_context.local(place.index)); break;
    case 2: value = TRY(m_context.operand(place.index)); break;
    default: value = TRY(m_context.global(place.index)); break;
    }
    const engine::ValKind type = value.type.kind();
    const bool isNarrow = type == engine::ValKind::I32 || type == engine::ValKind::F32;
    m_stack.push_back({isNarrow ? static_cast<uint32_t>(value.low) : value.low,
                       isNarrow ? Width::Narrow : Width::Wide, std::move(place)});
    return {};
}

Result<> Machine::frameBase(int64_t offset) {
    if (m_isFrameBase) return impossible("damaged debug info: the frame base refers to itself");
    if (!m_context.symbols()) return impossible("no debug info");
    const auto entries = TRY(m_context.symbols()->frameBase(m_context.address()));
    if (entries.empty()) return impossible("the function has no frame base");
    const uint32_t address = m_context.address();
    const auto entry = std::find_if(entries.begin(), entries.end(),
                                    [&](const LocationEntry& e) { return e.range.contains(address); });
    if (entry == entries.end()) return impossible("the frame is not set up here");
    const ObjectPlace base = TRY(Machine(entry->expression, m_context, 0, true).run());
    if (base.kind == ObjectPlace::Kind::Memory) {
        push(base.address + static_cast<uint64_t>(offset), addressWidth());
        return {};
    }
    // The frame base is a value: it is the address.
    uint8_t bytes[8] = {};
    const size_t size = std::min<size_t>(m_context.pointerSize(), 8);
    TRY(readPlace(base, 0, std::span(bytes, size), m_context));
    uint64_t value = 0;
    std::memcpy(&value, bytes, 8);
    // Functions begin with their locals 0, and compute the frame base then.
    if (base.kind == ObjectPlace::Kind::WasmLocal && value == 0)
        return impossible("known only once its frame is set up; step on first");
    push(value + static_cast<uint64_t>(offset), addressWidth());
    return {};
}

Result<> Machine::stackOperation(uint8_t op) {
    switch (op) {
    case DW_OP_dup: m_stack.push_back(Entry(*TRY(peek(0)))); return {};
    case DW_OP_drop: TRY(pop()); return {};
    case DW_OP_over: m_stack.push_back(Entry(*TRY(peek(1)))); return {};
    case DW_OP_pick: m_stack.push_back(Entry(*TRY(peek(m_reader.u8())))); return {};
    case DW_OP_swap:
        TRY(peek(1));
        std::swap(m_stack[m_stack.size() - 1], m_stack[m_stack.size() - 2]);
        return {};
    default: break;
    }
    TRY(peek(2));
    std::rotate(m_stack.end() - 3, m_stack.end() - 1, m_stack.end());
    return {};
}

Result<> Machine::unary(uint8_t op) {
    Entry* const top = TRY(peek(0));
    top->wasm.reset();
    switch (op) {
    case DW_OP_plus_uconst: top->value += m_reader.uleb(); break;
    case DW_OP_neg: top->value = -top->value; break;
    case DW_OP_not: top->value = ~top->value; break;
    default: {
        const bool isNarrow = top->width == Width::Narrow;
        const bool negative =
            isNarrow ? static_cast<int32_t>(top->value) < 0 : static_cast<int64_t>(top->value) < 0;
        if (negative) top->value = isNarrow ? static_cast<uint32_t>(-top->value) : -top->value;
    }
    }
    return {};
}

Result<> Machine::binary(uint8_t op) {
    const Entry right = TRY(pop())
    , left = TRY(pop());
    const Width width = std::max(left.width, right.width);
    const auto result = applyBinary(op, left.value, right.value, width == Width::Narrow);
    if (!result) return impossible("its location divides by zero");
    // A shift that leaves only upper bits is how 64-bit values are put together.
    const bool widens = op == DW_OP_shl && right.value >= 32;
    push(*result, isComparison(op) ? Width::Any : widens ? Width::Wide : width);
    return {};
}

Result<> Machine::branch(uint8_t op) {
    const auto distance = static_cast<int16_t>(m_reader.u16());
    if (op == DW_OP_bra && TRY(pop()).value == 0) return {};
    const int64_t target = static_cast<int64_t>(m_reader.position()) + distance;
    if (target < 0) return impossible("damaged debug info: a branch out of the location expression");
    m_reader.seek(static_cast<uint64_t>(target));
    return {};
}

Result<> Machine::dereferenceTop(uint64_t size) {
    if (size == 0 || size > 8)
        return impossible("damaged debug info: a read of " + std::to_string(size) + " bytes");
    const Entry top = TRY(pop());
    const uint64_t address = m_context.pointerSize() < 8 ? static_cast<uint32_t>(top.value) : top.value;
    uint8_t bytes[8] = {};
    TRY(m_context.readMemory(address, std::span(bytes, static_cast<size_t>(size))));
    uint64_t value = 0;
    std::memcpy(&value, bytes, 8);
    push(value, size <= 4 ? Width::Narrow : Width::Wide);
    return {};
}

/// Appends a part of the object; what is beyond the object's size (or 64 KiB) is left out.
Result<> Machine::piece(uint64_t bitSize, uint64_t bitOffset) {
    const ObjectPlace part = TRY(current());
    if (!m_pieces) {
        m_pieces.emplace();
        m_pieces->kind = ObjectPlace::Kind::Bytes;
    }
    const uint64_t limit = 8 * (m_byteSize == 0 ? kMaxObjectBytes : std::min(m_byteSize, kMaxObjectBytes));
    if (++m_pieceCount == 1 && m_byteSize != 0 && bitSize == 8 * m_byteSize && bitOffset == 0 &&
        bitSize <= limit) {
        // One piece that is all of the object: it stays writable.
        m_pieces = part;
        m_pieceBits = bitSize;
        m_onlyPieceIsPlain = true;
        return {};
    }
    if (m_onlyPieceIsPlain) return impossible("damaged debug info: pieces beyond the object");
    const uint64_t begin = m_pieceBits, end = begin + std::min(bitSize, limit - std::min(limit, begin));
    m_pieceBits = end;
    m_pieces->bytes.resize(static_cast<size_t>((end + 7) / 8));
    if (end == begin) return {};
    std::vector<uint8_t> bytes;
    const bool inRange = bitOffset <= 8 * kMaxObjectBytes;
    if (inRange && part.kind != ObjectPlace::Kind::Unavailable) {
        bytes.resize(static_cast<size_t>((bitOffset + (end - begin) + 7) / 8));
        auto read = readPlace(part, 0, bytes, m_context);
        if (!read) bytes.clear();
        if (!read) m_pieces->why = read.error().message;
    }
    if (bytes.empty()) {
        m_pieces->missing.emplace_back(begin / 8, (end + 7) / 8);
        return {};
    }
    if (begin % 8 == 0 && bitOffset == 0 && (end - begin) % 8 == 0) {
        std::copy(bytes.begin(), bytes.end(), m_pieces->bytes.begin() + static_cast<ptrdiff_t>(begin / 8));
        return {};
    }
    for (uint64_t i = 0; i < end - begin; i++) {
        const bool bit = (bytes[(bitOffset + i) / 8] >> ((bitOffset + i) % 8)) & 1;
        if (bit) m_pieces->bytes[(begin + i) / 8] |= static_cast<uint8_t>(1u << ((begin + i) % 8));
    }
    return {};
}

/// "0x1f0-0x230, 0x240-0x250": neighbours joined, at most three.
std::string knownRanges(const std::vector<LocationEntry>& entries) {
    std::vector<AddressRange> ranges;
    for (const LocationEntry& entry : entries) {
        if (!entry.expression.empty()) ranges.push_back(entry.range);
    }
    std::sort(ranges.begin(), ranges.end(), [](AddressRange a, AddressRange b) { return a.begin < b.begin; });
    std::vector<AddressRange> joined;
    for (const AddressRange range : ranges) {
        if (joined.empty() || range.begin > joined.back().end) joined.push_back(range);
        joined.back().end = std::max(joined.back().end, range.end);
    }
    std::string text;
    for (size_t i = 0; i < joined.size() && i < 3; i++) {
        text += (i ? ", " : "") + hexadecimal(joined[i].begin) + "-" + hexadecimal(joined[i].end);
    }
    return joined.size() > 3 ? text + ", …" : text;
}

}  // namespace

ObjectPlace evaluateLocation(std::span<const uint8_t> expression, EvaluationContext& context,
                             uint64_t byteSize) {
    if (expression.empty()) return unavailable("optimised out");
    auto place = Machine(expression, context, byteSize, false).run();
    if (!place) return unavailable(place.error().message);
    return std::move(*place);
}

ObjectPlace evaluateLocations(const std::vector<LocationEntry>& entries, EvaluationContext& context,
                              uint64_t byteSize) {
    for (const LocationEntry& entry : entries) {
        if (entry.range.contains(context.address()))
            return evaluateLocation(entry.expression, context, byteSize);
    }
    const std::string known = knownRanges(entries);
    return unavailable(known.empty() ? "optimised out" : "optimised out here (known at " + known + ")");
}

}  // namespace debugger
