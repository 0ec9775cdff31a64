#include "engine/opcode.h"

#include <algorithm>
#include <vector>

#include "engine/base/check.h"

namespace engine {

const std::array<OpRow, kOpCount> kOpRows = {{
#define OP(id, text, prefix, code, imm, signature, feature) \
    {#id, text, prefix, code, Imm::imm, signature, Feature::feature},
#include "engine/opcodes.def"
#undef OP
}};

namespace {

constexpr uint32_t kMaxCode = 0x120;  // above the largest code of any prefix

/// Codes of one prefix; the row of prefix 0 comes first, then 0xfb to 0xfe.
constexpr uint32_t page(uint8_t prefix) { return prefix == 0 ? 0 : prefix - 0xfau; }

struct CodeRow {
    std::string_view text;
    uint32_t code;
    uint8_t prefix;
    bool hasMemory;
};
constexpr bool isMemory(Imm imm) { return imm == Imm::MemArg || imm == Imm::MemArgLane; }
constexpr CodeRow kCodes[] = {
#define OP(id, text, prefix, code, imm, signature, feature) {text, code, prefix, isMemory(Imm::imm)},
#include "engine/opcodes.def"
#undef OP
};

constexpr auto makeByCode() {
    std::array<std::array<Op, kMaxCode>, 5> table{};
    for (auto& codes : table)
        for (Op& op : codes)
            op = Op::Count;
    for (uint32_t i = 0; i < kOpCount; ++i)
        table[page(kCodes[i].prefix)][kCodes[i].code] = static_cast<Op>(i);
    return table;
}
constexpr auto kByCode = makeByCode();

constexpr uint32_t number(std::string_view text, size_t at) {
    uint32_t n = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
        n = n * 10 + static_cast<uint32_t>(text[at] - '0');
    return n;
}

/// The width is what the text says behind load, store, rmw or wait ("load8x8": 8 times 8 bits), else that of its type.
constexpr uint32_t bytesOf(std::string_view text) {
    if (text == "memory.atomic.notify") return 4;
    for (std::string_view verb : {"load", "store", "rmw", "wait"}) {
        const size_t at = text.find(verb);
        if (at == std::string_view::npos) continue;
        const size_t digits = at + verb.size();
        const uint32_t bits = number(text, digits);
        if (bits == 0) return number(text, 1) / 8;
        size_t behind = digits;
        while (behind < text.size() && text[behind] >= '0' && text[behind] <= '9')
            ++behind;
        const bool isVector = behind < text.size() && text[behind] == 'x';
        return bits / 8 * (isVector ? number(text, behind + 1) : 1);
    }
    return 0;
}

constexpr auto makeAccessBytes() {
    std::array<uint8_t, kOpCount> table{};
    for (uint32_t i = 0; i < kOpCount; ++i)
        table[i] = kCodes[i].hasMemory ? static_cast<uint8_t>(bytesOf(kCodes[i].text)) : 0;
    return table;
}
constexpr auto kAccessBytes = makeAccessBytes();
static_assert(bytesOf("i64.load32_u") == 4 && bytesOf("v128.load16x4_s") == 8 && bytesOf("v128.load") == 16);

const std::vector<Op>& byText() {
    static const std::vector<Op> sorted = [] {
        std::vector<Op> ops(kOpCount);
        for (uint32_t i = 0; i < kOpCount; ++i)
            ops[i] = static_cast<Op>(i);
        std::stable_sort(ops.begin(), ops.end(), [](Op a, Op b) { return row(a).text < row(b).text; });
        return ops;
    }();
    return sorted;
}

}  // namespace

Op findOp(uint8_t prefix, uint32_t code) {
    if ((prefix != 0 && (prefix < 0xfb || prefix > 0xfe)) || code >= kMaxCode) return Op::Count;
    return kByCode[page(prefix)][code];
}

Op findOp(std::string_view text) {
    const auto& ops = byText();
    const auto at = std::lower_bound(ops.begin(), ops.end(), text,
                                     [](Op op, std::string_view t) { return row(op).text < t; });
    return at != ops.end() && row(*at).text == text ? *at : Op::Count;
}

uint32_t accessBytes(Op op) { return kAccessBytes[static_cast<uint16_t>(op)]; }

uint32_t laneCount(Op op) {
    if (row(op).imm == Imm::MemArgLane) return 16 / accessBytes(op);
    const std::string_view text = row(op).text;
    const size_t x = text.find('x');
    return x != std::string_view::npos && x < 4 ? number(text, x + 1) : 0;
}

std::string_view toText(Feature feature) {
    switch (feature) {
    case Feature::Mvp: return "mvp";
    case Feature::SignExtension: return "sign-extension";
    case Feature::SaturatingTruncation: return "saturating-truncation";
    case Feature::BulkMemory: return "bulk-memory";
    case Feature::ReferenceTypes: return "reference-types";
    case Feature::MultiValue: return "multi-value";
    case Feature::Simd: return "simd";
    case Feature::RelaxedSimd: return "relaxed-simd";
    case Feature::TailCalls: return "tail-calls";
    case Feature::FunctionReferences: return "function-references";
    case Feature::Gc: return "gc";
    case Feature::Exceptions: return "exceptions";
    case Feature::LegacyExceptions: return "legacy-exceptions";
    case Feature::Threads: return "threads";
    case Feature::Memory64: return "memory64";
    case Feature::MultiMemory: return "multi-memory";
    case Feature::ExtendedConst: return "extended-const";
    case Feature::MutableGlobals: return "mutable-globals";
    case Feature::WideArithmetic: return "wide-arithmetic";
    case Feature::CustomPageSizes: return "custom-page-sizes";
    }
    return "?";
}

}  // namespace engine
