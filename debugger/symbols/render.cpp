// One line of text for a value. Bounded: by the length asked for, by depth, and by the number of objects looked at.
#include <algorithm>
#include <cstring>
#include <functional>

#include "debugger/symbols/printers.h"
#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_types.h"
#include "debugger/symbols/value_wasm.h"

namespace debugger {

using engine::Result;

namespace {

constexpr unsigned kMaxDepth = 4;        // of structs and arrays in each other; deeper ones are {…}
constexpr unsigned kMaxNodes = 2'000;    // objects looked at, and a few more for longer texts
constexpr unsigned kMaxPrinted = 1'000;  // of them offered to the printers, who search their members
constexpr uint64_t kMaxElements = 256;   // of one array
constexpr uint64_t kRepeats = 10;        // so many equal elements are said once

class Renderer {
public:
    Renderer(EvaluationContext& context, size_t maxLength)
        : m_context(context), m_types(context), m_limit(maxLength) {}

    std::string run(const SourceValue& value) {
        SourceValue root = value;
        root.path.clear();  // nobody asks for the paths of what is in it
        any(root, 0);
        std::string text = printable(m_text);
        if (m_isCut || characterCount(text) > m_limit)
            text = std::string(firstCharacters(text, m_limit)) + "…";
        return text;
    }

private:
    void any(const SourceValue& value, unsigned depth);
    void byType(const SourceValue& value, unsigned depth);
    void printed(const SourceValue& value, const PrintedView& view, unsigned depth);
    void base(const SourceValue& value, const TypeInfo& type);
    void number(const SourceValue& value, const Number& number);
    void complex(const SourceValue& value);
    void character(const Number& number);
    void enumeration(const SourceValue& value, const TypeInfo& type);
    void pointer(const SourceValue& value, unsigned depth);
    void functionPointer(uint64_t index);
    void array(const SourceValue& value, const ArrayShape& shape, unsigned depth);
    void elements(uint64_t count, bool isRust, unsigned depth,
                  const std::function<Result<SourceValue>(uint64_t)>& at);
    void aggregate(const SourceValue& value, unsigned depth);
    void wasmReference(const SourceValue& value, unsigned depth);
    void rustAggregate(const SourceValue& value, const std::string& name, unsigned depth);
    void cMembers(const SourceValue& value, unsigned depth);
    void text(uint64_t address, uint64_t count, unsigned unitSize);
    void terminatedText(uint64_t address, unsigned unitSize);
    void quoted(std::span<const uint8_t> bytes, unsigned unitSize, bool isWhole);

    bool isFull() const { return m_isCut; }
    void append(std::string_view text) {
        if (m_isCut) return;
        m_count += characterCount(text);
        m_text += text;
        // What goes beyond the limit is cut at the end; what is far beyond is not even made.
        if (m_count > m_limit) m_isCut = true;
    }
    void failed(const engine::Error& error) { append("<unavailable: " + error.message + ">"); }

    EvaluationContext& m_context;
    Types m_types;
    size_t m_limit;
    std::string m_text;
    size_t m_count = 0;
    size_t m_nodes = 0, m_printed = 0;
    bool m_isCut = false;
};

void Renderer::any(const SourceValue& original, unsigned depth) {
    if (isFull()) return;
    if (++m_nodes > kMaxNodes + m_limit || depth > 32) return append("…");
    const SourceValue value = throughReferences(original, m_context);
    if (value.place.kind == ObjectPlace::Kind::Unavailable) {
        return append("<unavailable: " + (value.place.why.empty() ? "optimised out" : value.place.why) + ">");
    }
    const bool isOffered = !value.isRaw && (m_types.isAggregate(value.type) || m_types.isPointer(value.type));
    if (isOffered && m_printed++ < kMaxPrinted) {
        const auto view = printedView(value, m_context, {0, kMaxElements});
        if (view) return printed(value, *view, depth);
    }
    byType(value, depth);
}

void Renderer::byType(const SourceValue& value, unsigned depth) {
    if (isWasmReference(value) && value.format == 0) return wasmReference(value, depth);
    const ArrayShape shape = m_types.shape(value);
    if (!shape.extents.empty()) return array(value, shape, depth);
    const TypeInfo& type = m_types.stripped(value.type);
    switch (type.kind) {
    case TypeKind::Base: return base(value, type);
    case TypeKind::Enum: return enumeration(value, type);
    case TypeKind::Pointer: return pointer(value, depth);
    case TypeKind::Struct:
    case TypeKind::Class:
    case TypeKind::Union:
    case TypeKind::Variant: return aggregate(value, depth);
    case TypeKind::Function: {
        const auto function = m_context.symbols()
                                  ? m_context.symbols()->functionAt(static_cast<uint32_t>(
                                        readNumber(value, m_context).valueOr({}).asUnsigned()))
                                  : std::nullopt;
        return append(function ? function->qualifiedName : "function");
    }
    case TypeKind::MemberPointer: {
        const auto number = readNumber(value, m_context);
        return number ? append(hexadecimal(number->asUnsigned())) : failed(number.error());
    }
    case TypeKind::Unspecified: return append(m_types.isVoid(value.type) ? "void" : "nullptr");
    default: return append("<unavailable: its type is not known>");
    }
}

// ------------------------------------------------------------------------------------------------------------- scalars

void Renderer::number(const SourceValue& value, const Number& n) {
    const auto size = static_cast<unsigned>(value.bitSize ? value.bitSize : 8 * m_types.size(value.type));
    const BaseEncoding encoding = n.isFloat() ? BaseEncoding::Float : BaseEncoding::Unsigned;
    const auto bytes = bytesOf(n, encoding, std::max<size_t>(1, (size + 7) / 8));
    UnsignedInt128 bits = 0;
    for (size_t i = 0; i < bytes.size() && i < 16; i++)
        bits |= static_cast<UnsignedInt128>(bytes[i]) << (8 * i);
    bits = wrapInteger(bits, size, false);
    switch (value.format) {
    case 'x': return append(hexadecimal(bits));
    case 'd':
        return append(n.isFloat() ? shortest(n.real, n.bits) : decimal(wrapInteger(bits, size, true), true));
    case 'u': return append(decimal(bits, false));
    case 'c': return character(n);
    case 'o':
    case 'b': {
        const unsigned shift = value.format == 'o' ? 3 : 1;
        std::string digits;
        for (UnsignedInt128 rest = bits; rest || digits.empty(); rest >>= shift) {
            digits += static_cast<char>('0' + static_cast<unsigned>(rest & ((1u << shift) - 1)));
        }
        digits += value.format == 'o' ? "0" : "b0";
        std::reverse(digits.begin(), digits.end());
        return append(digits);
    }
    default: break;
    }
    if (!n.isFloat()) return append(decimal(n.integer, n.kind == Number::Kind::Signed));
    std::string digits = shortest(n.real, n.bits);
    if (m_types.isRust(value.type) && digits.find_first_not_of("-0123456789") == std::string::npos)
        digits += ".0";
    append(digits);
}

void Renderer::character(const Number& n) {
    const auto code = static_cast<uint32_t>(n.asUnsigned());
    const bool isByte = n.bits <= 8 && (code & 0xff) >= 0x80;
    const std::string shown =
        isByte ? "\\x" + hexadecimal(code & 0xff, 2).substr(2) : escapedCharacter(code, '\'');
    append(decimal(n.integer, n.kind == Number::Kind::Signed) + " '" + shown + "'");
}

void Renderer::complex(const SourceValue& value) {
    const uint64_t size = m_types.size(value.type);
    std::vector<uint8_t> bytes(static_cast<size_t>(size <= 32 ? size : 0));
    const auto read = readPlace(value.place, 0, bytes, m_context);
    if (!read) return failed(read.error());
    const std::span<const uint8_t> all(bytes);
    const auto real = numberFrom(all.first(all.size() / 2), BaseEncoding::Float);
    const auto imaginary = numberFrom(all.subspan(all.size() / 2), BaseEncoding::Float);
    if (!real || !imaginary)
        return append("<unavailable: a complex number of " + std::to_string(size) + " bytes>");
    append(shortest(real->real, real->bits) + " + " + shortest(imaginary->real, imaginary->bits) + "i");
}

void Renderer::base(const SourceValue& value, const TypeInfo& type) {
    if (type.encoding == BaseEncoding::Complex) return complex(value);
    // Rust's () has no bytes; it is all there is to say.
    if (type.byteSize == 0 && type.name == "()") return append("()");
    const auto read = readNumber(value, m_context);
    if (!read) return failed(read.error());
    const Number& n = *read;
    if (value.format != 0 && value.format != 's') return number(value, n);
    const auto builtin = asBuiltin(m_types.strip(value.type));
    if (builtin == Builtin::V128) return append(hexadecimal(n.integer, 32));
    switch (type.encoding) {
    case BaseEncoding::Boolean: {
        const std::string text = n.integer == 0 ? "false" : "true";
        return append(n.integer <= 1 ? text : text + " (" + decimal(n.integer, false) + ")");
    }
    case BaseEncoding::SignedChar:
    case BaseEncoding::UnsignedChar:
        return m_types.isByteNumber(value.type) || type.byteSize != 1 ? number(value, n) : character(n);
    case BaseEncoding::Utf: return character(n);
    case BaseEncoding::Address: return append(hexadecimal(n.integer));
    default: break;
    }
    // A wchar_t is a plain integer in the debug info.
    return type.name == "wchar_t" ? character(n) : number(value, n);
}

void Renderer::enumeration(const SourceValue& value, const TypeInfo& type) {
    const auto read = readNumber(value, m_context);
    if (!read) return failed(read.error());
    if (value.format != 0 && value.format != 's') return number(value, *read);
    const auto bits = static_cast<unsigned>(std::min<uint64_t>(8 * m_types.size(value.type), 64));
    const auto sameBits = [bits](int64_t a, UnsignedInt128 b) {
        return wrapInteger(static_cast<UnsignedInt128>(static_cast<Int128>(a)), bits, false) ==
               wrapInteger(b, bits, false);
    };
    uint64_t known = 0, largest = 0;
    bool areFlags = true;
    for (const Enumerator& e : type.enumerators) {
        if (sameBits(e.value, read->integer)) return append(e.name);
        if (e.value < 0) areFlags = false;
        const auto flag = static_cast<uint64_t>(e.value);
        if (flag && (flag & (flag - 1)) == 0) {
            known |= flag;
            largest = std::max(largest, flag);
        }
    }
    const uint64_t set = read->asUnsigned();
    // Three single bits at least, or one is as likely to count as to mark.
    if (areFlags && largest >= 4 && set != 0 && (set & ~known) == 0) {
        bool isFirst = true;
        for (const Enumerator& e : type.enumerators) {
            const auto flag = static_cast<uint64_t>(e.value);
            if (!flag || (flag & (flag - 1)) != 0 || (set & flag) == 0) continue;
            append((isFirst ? "" : "|") + e.name);
            isFirst = false;
        }
        return;
    }
    std::string name = m_types.name(m_types.strip(value.type));
    if (!name.starts_with("enum ") && !m_types.isRust(value.type)) name = "enum " + name;
    append("(" + name + ") " + decimal(read->integer, read->kind == Number::Kind::Signed));
}

// ------------------------------------------------------------------------------------------------------------ pointers

void Renderer::functionPointer(uint64_t index) {
    const auto function = m_context.functionInTable(index);
    if (index == 0 || !function) return append(hexadecimal(index));
    std::string name = function->name;
    if (m_context.symbols() && function->address != 0) {
        const auto symbol = m_context.symbols()->functionAt(function->address);
        if (symbol) name = symbol->qualifiedName;
    }
    append("&" + name);
}

void Renderer::pointer(const SourceValue& value, unsigned depth) {
    const auto address = readPointer(value, m_context);
    if (!address) return failed(address.error());
    if (value.format != 0 && value.format != 's') return number(value, Number::ofUnsigned(*address, 64));
    const TypeId target = m_types.target(m_types.strip(value.type));
    if (m_types.kind(m_types.strip(target)) == TypeKind::Function) return functionPointer(*address);
    const std::string& name = m_types.stripped(value.type).name;
    // A Rust reference is shown as what it refers to.
    const bool isRustReference = name.starts_with('&') && !m_types.isVoid(target);
    if (isRustReference && *address != 0 && depth < kMaxDepth) {
        const auto object = dereference(value, m_context);
        if (object) return any(*object, depth + 1);
    }
    append(hexadecimal(*address));
    const bool isAskedFor = value.format == 's' && (m_types.size(target) == 1 || m_types.isVoid(target));
    if ((!m_types.isText(target) && !isAskedFor) || *address == 0) return;
    append(" ");
    terminatedText(*address, isAskedFor ? 1 : static_cast<unsigned>(m_types.size(target)));
}

void Renderer::quoted(std::span<const uint8_t> bytes, unsigned unitSize, bool isWhole) {
    if (isFull()) return;
    bool isCut = !isWhole;
    const size_t left = m_limit > m_count ? m_limit - m_count : 0;
    const std::string inner = escapedText(bytes, unitSize, left, '"', isCut);
    // The text itself has its limit: the quote and the mark of a cut come on top.
    m_text += '"' + std::string(firstCharacters(inner, left)) + '"';
    m_count += characterCount(inner);
    if (characterCount(inner) > left) isCut = true;
    if (isCut) m_text += "…";
    if (isCut) m_count++;
    m_limit += 2 + (isCut ? 1 : 0);
    m_count += 2;
}

void Renderer::text(uint64_t address, uint64_t count, unsigned unitSize) {
    const uint64_t shown = std::min<uint64_t>(count, m_limit + 1);
    std::vector<uint8_t> bytes(static_cast<size_t>(shown * unitSize));
    const auto read = m_context.readMemory(address, bytes);
    if (!read) return failed(read.error());
    quoted(bytes, unitSize, shown == count);
}

void Renderer::terminatedText(uint64_t address, unsigned unitSize) {
    std::vector<uint8_t> bytes;
    const size_t limit = (m_limit + 1) * unitSize;
    const uint64_t end = m_context.memorySize();
    bool isEnded = false;
    while (!isEnded && bytes.size() < limit) {
        const uint64_t at = address + bytes.size();
        const uint64_t length = std::min<uint64_t>(64, at < end ? end - at : 0);
        if (length < unitSize) break;
        const size_t old = bytes.size();
        bytes.resize(old + static_cast<size_t>(length - length % unitSize));
        const auto read = m_context.readMemory(at, std::span(bytes).subspan(old));
        if (!read) return failed(read.error());
        for (size_t i = old; i < bytes.size() && !isEnded; i += unitSize) {
            isEnded = std::all_of(bytes.begin() + static_cast<ptrdiff_t>(i),
                                  bytes.begin() + static_cast<ptrdiff_t>(i + unitSize),
                                  [](uint8_t b) { return b == 0; });
            if (isEnded) bytes.resize(i);
        }
    }
    if (bytes.empty() && !isEnded) return append("<unavailable: beyond the end of memory>");
    quoted(bytes, unitSize, isEnded);
}

// -------------------------------------------------------------------------------------------- references of WebAssembly

void Renderer::wasmReference(const SourceValue& value, unsigned depth) {
    const auto referent = wasmReferent(value, m_context);
    if (!referent) return failed(referent.error());
    append(referent->text);
    if (referent->type.empty()) return;
    append(" " + referent->type);
    if (referent->isArray) append(" (" + std::to_string(referent->count) + ")");
    if (referent->count == 0) return;
    append(" ");
    if (const auto text = wasmText(value, m_limit > m_count ? m_limit - m_count : 1, m_context))
        return append(*text);
    const auto at = [&](uint64_t i) { return wasmPart(value, i, m_context); };
    if (referent->isArray) return elements(referent->count, false, depth, at);
    if (depth >= kMaxDepth) return append("{…}");
    append("{");
    for (uint64_t i = 0; i < referent->count && !isFull(); i++) {
        const auto field = at(i);
        if (i > 0) append(", ");
        if (!field) return failed(field.error());
        if (!field->name.starts_with('[')) append(field->name + " = ");
        any(*field, depth + 1);
    }
    append("}");
}

// ---------------------------------------------------------------------------------------------------- arrays, printers

void Renderer::elements(uint64_t count, bool isRust, unsigned depth,
                        const std::function<Result<SourceValue>(uint64_t)>& at) {
    if (count > 0 && depth >= kMaxDepth) return append(isRust ? "[…]" : "{…}");
    append(isRust ? "[" : "{");
    std::string previous;
    uint64_t repeats = 0;
    bool isFirst = true;
    const auto flush = [&] {
        if (repeats == 0) return;
        const uint64_t times = repeats >= kRepeats ? 1 : repeats;
        for (uint64_t i = 0; i < times; i++) {
            append(isFirst ? "" : ", ");
            append(previous);
            isFirst = false;
        }
        if (repeats >= kRepeats) append(" <repeats " + std::to_string(repeats) + " times>");
        repeats = 0;
    };
    for (uint64_t i = 0; i < count && i < kMaxElements && !isFull(); i++) {
        const auto element = at(i);
        std::string shown = element ? std::string() : "<unavailable: " + element.error().message + ">";
        if (element) {
            Renderer one(m_context, m_limit > m_count ? m_limit - m_count : 1);
            one.m_nodes = m_nodes;
            one.m_printed = m_printed;
            one.any(*element, depth + 1);
            m_nodes = one.m_nodes;
            m_printed = one.m_printed;
            shown = one.m_text;
        }
        if (repeats > 0 && shown != previous) flush();
        previous = std::move(shown);
        repeats++;
    }
    flush();
    if (count > kMaxElements) append(", …");
    append(isRust ? "]" : "}");
}

void Renderer::array(const SourceValue& value, const ArrayShape& shape, unsigned depth) {
    const bool isText =
        m_types.isText(shape.element) || (value.format == 's' && m_types.size(shape.element) == 1);
    if (isText && shape.extents.size() == 1 && (value.format == 0 || value.format == 's')) {
        const auto unit = static_cast<unsigned>(m_types.size(shape.element));
        const uint64_t units = std::min<uint64_t>(shape.extents[0], m_limit + 1);
        std::vector<uint8_t> bytes(static_cast<size_t>(units * unit));
        const auto read = readPlace(value.place, 0, bytes, m_context);
        if (!read) return failed(read.error());
        bool isWhole = units == shape.extents[0];
        for (size_t i = 0; i + unit <= bytes.size(); i += unit) {
            if (!std::all_of(&bytes[i], &bytes[i] + unit, [](uint8_t b) { return b == 0; })) continue;
            bytes.resize(i);
            isWhole = true;
        }
        return quoted(bytes, unit, isWhole);
    }
    // Buffers of bytes are numbers: every byte as a character too would be hard to read.
    const BaseEncoding encoding = m_types.stripped(shape.element).encoding;
    SourceValue numbers = value;
    if (value.format == 0 && encoding == BaseEncoding::UnsignedChar) numbers.format = 'u';
    if (value.format == 0 && encoding == BaseEncoding::SignedChar && !isText) numbers.format = 'd';
    elements(shape.extents[0], m_types.isRust(shape.element) || m_types.isRust(value.type), depth,
             [&](uint64_t i) { return elementOf(numbers, i, m_context); });
}

void Renderer::printed(const SourceValue& value, const PrintedView& view, unsigned depth) {
    const bool isRust = m_types.isRust(value.type);
    switch (view.kind) {
    case PrintedView::Kind::Text: return text(view.address, view.count, view.unitSize);
    case PrintedView::Kind::Optional:
        return view.items.empty() ? append(view.note.empty() ? "nullopt" : view.note)
                                  : any(view.items.front(), depth + 1);
    case PrintedView::Kind::Pointer: {
        if (!isRust && view.pointer) {
            SourceValue pointer = *view.pointer;
            pointer.isRaw = true;
            byType(pointer, depth);
            append(view.items.empty() ? "" : " ");
        }
        if (view.items.empty() && isRust && view.pointer) return byType(*view.pointer, kMaxDepth);
        if (!view.items.empty()) depth < kMaxDepth ? any(view.items.front(), depth + 1) : append("{…}");
        return append(view.note.empty() ? "" : " (" + view.note + ")");
    }
    case PrintedView::Kind::Sequence:
    case PrintedView::Kind::Map: break;
    }
    if (view.count > 16) append("size=" + std::to_string(view.count) + " ");
    const auto item = [&](uint64_t i) -> Result<SourceValue> {
        if (i < view.items.size()) return view.items[i];
        return engine::Error{engine::ErrorCode::NotFound, "not readable"};
    };
    if (view.kind == PrintedView::Kind::Sequence) return elements(view.count, isRust, depth, item);
    if (depth >= kMaxDepth && view.count > 0) return append("{…}");
    append("{");
    for (size_t i = 0; i < view.items.size() && !isFull(); i++) {
        append(i ? ", " : "");
        any(view.keys[i], depth + 1);
        append(isRust ? ": " : " => ");
        any(view.items[i], depth + 1);
    }
    append(view.items.size() < view.count ? ", …}" : "}");
}

// --------------------------------------------------------------------------------------------------- structs and enums

void Renderer::cMembers(const SourceValue& value, unsigned depth) {
    append("{");
    bool isFirst = true;
    for (const Member& member : m_types.stripped(value.type).members) {
        if (member.isStatic || (member.isArtificial && !member.isBase) || isFull()) continue;
        const TypeInfo& type = m_types.stripped(member.type);
        const bool isEmptyBase = member.isBase && type.members.empty();
        if (isEmptyBase) continue;
        append(isFirst ? "" : ", ");
        isFirst = false;
        const std::string name = member.isBase ? shortName(type.name) : member.name;
        if (!name.empty()) append(name + " = ");
        any(memberOf(value, member, m_context), depth + 1);
    }
    append("}");
}

void Renderer::rustAggregate(const SourceValue& value, const std::string& name, unsigned depth) {
    const auto& members = m_types.stripped(value.type).members;
    append(name);
    if (members.empty()) return append(name.empty() ? "()" : "");
    const bool isTuple =
        std::all_of(members.begin(), members.end(), [](const Member& m) { return m.name.starts_with("__"); });
    if (depth >= kMaxDepth) return append(isTuple ? "(…)" : name.empty() ? "{…}" : " {…}");
    append(isTuple ? "(" : name.empty() ? "{ " : " { ");
    bool isFirst = true;
    for (const Member& member : members) {
        if (member.isStatic || isFull()) continue;
        append(isFirst ? "" : ", ");
        isFirst = false;
        if (!isTuple) append(member.name + ": ");
        any(memberOf(value, member, m_context), depth + 1);
    }
    append(isTuple ? ")" : " }");
}

void Renderer::aggregate(const SourceValue& value, unsigned depth) {
    const TypeInfo& type = m_types.stripped(value.type);
    if (type.isDeclaration) return append("<incomplete type " + type.name + ">");
    const bool isRust = m_types.isRust(value.type);
    if (!type.cases.empty()) {
        const auto active = activeCase(value, m_context);
        if (!active) return failed(active.error());
        if (!*active || (*active)->members.empty()) return append("<invalid discriminant>");
        const Member& member = (*active)->members.front();
        const SourceValue payload = memberOf(value, member, m_context);
        if (m_types.isAggregate(member.type)) return rustAggregate(payload, member.name, depth);
        append(member.name + "(");
        any(payload, depth + 1);
        return append(")");
    }
    const bool isUnion = type.kind == TypeKind::Union;
    if (isRust && !isUnion)
        return rustAggregate(value, type.name.starts_with('(') ? "" : shortName(type.name), depth);
    if (depth >= kMaxDepth && !type.members.empty()) return append("{…}");
    cMembers(value, depth);
}

}  // namespace

std::string render(const SourceValue& value, EvaluationContext& context, size_t maxLength) {
    return Renderer(context, std::clamp<size_t>(maxLength, 1, 1 << 20)).run(value);
}

}  // namespace debugger
