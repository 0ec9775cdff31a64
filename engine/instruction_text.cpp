#include "engine/instruction_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include "engine/binary_reader.h"

namespace engine {

namespace {

/// ` offset=12 align=1`, each only if it is not the default.
std::string memArg(const Instruction& i) {
    std::string text;
    if (i.index != 0) text += ' ' + std::to_string(i.index);
    if (i.value != 0) text += " offset=" + std::to_string(i.value);
    if ((uint64_t{1} << std::min(i.align, 63u)) != accessBytes(i.op))
        text += " align=" + std::to_string(uint64_t{1} << std::min(i.align, 63u));
    return text;
}

std::string blockText(const BlockType& block) {
    if (block.type) return " (type " + std::to_string(block.type->value) + ")";
    return block.results.empty() ? "" : " (result " + toText(block.results[0]) + ")";
}

std::string catchText(const CatchClause& clause) {
    using Kind = CatchClause::Kind;
    constexpr std::array<std::string_view, 4> kNames = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
    std::string text = " (" + std::string(kNames[static_cast<size_t>(clause.kind)]);
    if (clause.kind == Kind::Catch || clause.kind == Kind::CatchRef)
        text += ' ' + std::to_string(clause.tag.value);
    return text + ' ' + std::to_string(clause.label) + ')';
}

std::string v128Text(uint64_t low, uint64_t high) {
    std::string text = " i32x4";
    for (const uint64_t half : {low, high})
        text += ' ' + hex(half & 0xffffffff) + ' ' + hex(half >> 32);
    return text;
}

/// Indices that may be left out if they are all zero.
std::string optional(uint32_t a) { return a == 0 ? "" : ' ' + std::to_string(a); }
std::string optional(uint32_t a, uint32_t b) {
    return a == 0 && b == 0 ? "" : ' ' + std::to_string(a) + ' ' + std::to_string(b);
}

template <class Float, class Bits>
std::string floatText(Bits bits, int mantissaBits) {
    const Bits mantissa = bits & ((Bits{1} << mantissaBits) - 1);
    const bool negative = bits >> (sizeof(Bits) * 8 - 1) != 0;
    const auto value = std::bit_cast<Float>(bits);
    if (std::isnan(value)) {
        const bool canonical = mantissa == Bits{1} << (mantissaBits - 1);
        return std::string(negative ? "-nan" : "nan") + (canonical ? "" : ":" + hex(mantissa));
    }
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return {text.data(), end};
}

std::string immediates(const Instruction& i, const Labels& labels) {
    const auto number = [](uint64_t n) { return ' ' + std::to_string(n); };
    switch (row(i.op).imm) {
    case Imm::None:
    case Imm::Fence:
    case Imm::Mask16: return "";
    case Imm::Block: return blockText(i.block);
    case Imm::TryTable: {
        std::string text = blockText(i.block);
        for (const CatchClause& clause : i.catches)
            text += catchText(clause);
        return text;
    }
    case Imm::LabelTable: {
        std::string text;
        for (const uint32_t label : i.labels)
            text += number(label);
        return text;
    }
    case Imm::Func: return ' ' + labels.function(FuncIdx(i.index));
    case Imm::Global: return ' ' + labels.global(GlobalIdx(i.index));
    case Imm::Local: return ' ' + labels.local(i.index);
    case Imm::Label:
    case Imm::Type:
    case Imm::Table:
    case Imm::Tag:
    case Imm::Elem:
    case Imm::Data: return number(i.index);
    case Imm::Memory: return optional(i.index);
    case Imm::CallIndirect: return optional(i.index2) + " (type " + std::to_string(i.index) + ")";
    case Imm::TypeField:
    case Imm::TypeU32:
    case Imm::TypeType:
    case Imm::TypeData:
    case Imm::TypeElem: return number(i.index) + number(i.index2);
    case Imm::TableTable:
    case Imm::MemoryMemory: return optional(i.index, i.index2);
    case Imm::DataMemory:
    case Imm::ElemTable: return optional(i.index2) + number(i.index);
    case Imm::MemArg: return memArg(i);
    case Imm::MemArgLane: return memArg(i) + number(i.lane);
    case Imm::Lane: return number(i.lane);
    case Imm::Shuffle: {
        std::string text;
        for (const uint8_t lane : i.lanes)
            text += number(lane);
        return text;
    }
    case Imm::I32: return ' ' + std::to_string(static_cast<int32_t>(i.value));
    case Imm::I64: return ' ' + std::to_string(static_cast<int64_t>(i.value));
    case Imm::F32: return ' ' + f32Text(static_cast<uint32_t>(i.value));
    case Imm::F64: return ' ' + f64Text(i.value);
    case Imm::V128: return v128Text(i.value, i.value2);
    case Imm::Heap: return ' ' + (i.op == Op::RefNull ? toText(i.type.heap()) : toText(i.type));
    case Imm::SelectTypes: return " (result " + toText(i.type) + ")";
    case Imm::CastBranch: return number(i.index) + ' ' + toText(i.type) + ' ' + toText(i.type2);
    }
    return "";
}

}  // namespace

std::string f32Text(uint32_t bits) { return floatText<float>(bits, 23); }
std::string f64Text(uint64_t bits) { return floatText<double>(bits, 52); }

std::string toText(const Instruction& instruction, const Labels& labels) {
    return std::string(row(instruction.op).text) + immediates(instruction, labels);
}

std::string identifier(std::string_view name) {
    if (name.empty()) return "";
    std::string text = "$";
    for (const char c : name) {
        const bool isPlain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                             std::string_view("!#$%&'*+-./:<=>?@\\^_`|~").find(c) != std::string_view::npos;
        text += isPlain ? c : '_';
    }
    return text;
}

uint32_t Nesting::depthOf(Op op) {
    switch (op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable: return m_depth++;
    case Op::Else:
    case Op::Catch:
    case Op::CatchAll: return m_depth == 0 ? 0 : m_depth - 1;
    case Op::End:
    case Op::Delegate: return m_depth == 0 ? 0 : --m_depth;
    default: return m_depth;
    }
}

}  // namespace engine
