// Machine code of a compiled function as text, by Zydis. The code is ours, so that what cannot be decoded would be a fault of ours.
#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

#include "engine/code.h"
#include "engine/jit/x64/listing.h"

namespace engine::jit::x64 {

namespace {

std::string hexNumber(uint64_t value) {
    std::array<char, 24> text{};
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(value));
    return text.data();
}

/// "local 2", "operand slot 0": what lives at a slot of a function's frames.
class SlotNames {
public:
    explicit SlotNames(const Code& code) : m_localSlots(code.localSlots) {
        uint32_t slot = 0;
        for (const ValType type : code.locals) {
            m_firsts.push_back(slot);
            slot += type.slots();
        }
    }
    std::string operator()(uint32_t slot) const {
        if (slot >= m_localSlots) return "operand slot " + std::to_string(slot - m_localSlots);
        const auto next = std::upper_bound(m_firsts.begin(), m_firsts.end(), slot);
        return "local " + std::to_string(next - m_firsts.begin() - 1);
    }

private:
    uint32_t m_localSlots;
    std::vector<uint32_t> m_firsts;  // slot of each local
};

std::string registerName(const LocalPlace& place) {
    static_assert(ZYDIS_REGISTER_R15 - ZYDIS_REGISTER_RAX == 15);
    const int first = place.isFloat || place.isVector ? ZYDIS_REGISTER_XMM0 : ZYDIS_REGISTER_RAX;
    return ZydisRegisterGetString(static_cast<ZydisRegister>(first + place.reg));
}

class Listing {
public:
    Listing(const CompiledFunction& function, const AddressNames& names)
        : m_function(function), m_cellsAt(function.cellsAt()), m_slots(*function.owner), m_names(names) {}

    std::vector<MachineLine> lines() {
        const uint32_t end = m_function.constantsAt;
        uint32_t at = 0;
        for (const JumpTable& table : m_function.tables) {
            code(at, table.padding);
            for (at = table.begin; at < table.end; at += 4)
                add(at, 4).text =
                    ".long +" + hexNumber(table.begin + static_cast<uint32_t>(read<int32_t>(at)));
        }
        code(at, end);
        for (at = (end + 7) & ~7u; at + 8 <= m_function.code.size(); at += 8)
            add(at, 8).text = ".quad " + hexNumber(read<uint64_t>(at));
        return std::move(m_lines);
    }

private:
    template <class T>
    T read(uint32_t at) const {
        T value;
        std::memcpy(&value, m_function.code.data() + at, sizeof(value));
        return value;
    }

    void code(uint32_t at, uint32_t end) {
        while (at < end)
            at += instruction(at, end);
    }

    MachineLine& add(uint32_t at, uint32_t size) {
        MachineLine line;
        line.offset = at;
        const auto& cells = m_cellsAt;
        const auto next = std::upper_bound(cells.begin(), cells.end(), at);
        if (next != cells.begin() && next != cells.end())
            line.instruction = static_cast<uint32_t>(next - cells.begin()) - 1;
        const auto bytes = m_function.code.subspan(at, size);
        line.bytes.assign(bytes.begin(), bytes.end());
        m_lines.push_back(std::move(line));
        return m_lines.back();
    }

    uint32_t instruction(uint32_t at, uint32_t end) {
        const uint8_t* code = m_function.code.data() + at;
        const auto address = reinterpret_cast<uint64_t>(code);
        ZydisDisassembledInstruction decoded;
        if (!ZYAN_SUCCESS(
                ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, address, code, end - at, &decoded))) {
            add(at, 1).text = ".byte " + hexNumber(*code);
            return 1;
        }
        MachineLine& line = add(at, decoded.info.length);
        line.text = decoded.text;
        for (uint8_t i = 0; i < decoded.info.operand_count_visible; ++i) {
            const std::string note = describe(decoded, i, address, line.text);
            if (!note.empty()) line.note += (line.note.empty() ? "" : ", ") + note;
        }
        return decoded.info.length;
    }

    std::string describe(const ZydisDisassembledInstruction& decoded, uint8_t index, uint64_t address,
                         std::string& text) {
        const ZydisDecodedOperand& operand = decoded.operands[index];
        const bool isMemory = operand.type == ZYDIS_OPERAND_TYPE_MEMORY;
        const bool isRelative = operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand.imm.is_relative;
        if (isRelative || (isMemory && operand.mem.base == ZYDIS_REGISTER_RIP)) {
            ZyanU64 target = 0;
            if (ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(&decoded.info, &operand, address, &target)))
                name(target, text);
            return {};
        }
        if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER && operand.reg.value == ZYDIS_REGISTER_R13)
            return "ticks left";
        if (!isMemory) return {};
        switch (operand.mem.base) {
        case ZYDIS_REGISTER_RBX:
            if (decoded.info.mnemonic == ZYDIS_MNEMONIC_LEA || operand.mem.disp.value < 0) return {};
            return m_slots(static_cast<uint32_t>(operand.mem.disp.value / 8));
        case ZYDIS_REGISTER_R15: return "memory 0";
        case ZYDIS_REGISTER_R14: return "state of the run";
        default: return {};
        }
    }

    /// Names an address in the text: an offset in the function, or what lies there.
    void name(uint64_t target, std::string& text) const {
        std::array<char, 24> shown{};
        std::snprintf(shown.data(), shown.size(), "0x%016llX", static_cast<unsigned long long>(target));
        const auto begin = reinterpret_cast<uint64_t>(m_function.code.data());
        const bool isInside = target - begin < m_function.code.size();
        const std::string known = isInside ? "" : m_names(reinterpret_cast<const uint8_t*>(target));
        const size_t at = text.find(shown.data());
        if (at == std::string::npos) return;
        text.replace(at, std::strlen(shown.data()),
                     isInside        ? "+" + hexNumber(target - begin)
                     : known.empty() ? hexNumber(target)
                                     : "<" + known + ">");
    }

    const CompiledFunction& m_function;
    const std::vector<uint32_t> m_cellsAt;
    SlotNames m_slots;
    const AddressNames& m_names;
    std::vector<MachineLine> m_lines;
};

}  // namespace

std::vector<MachineLine> list(const CompiledFunction& function, const AddressNames& names) {
    return Listing(function, names).lines();
}

std::string localRegisters(const CompiledFunction& function) {
    const SlotNames slots(*function.owner);
    std::string text;
    for (const LocalPlace& place : function.locals)
        text += (text.empty() ? "" : ", ") + slots(place.slot) + " in " + registerName(place);
    return text;
}

}  // namespace engine::jit::x64
