// Lengths of the operands of DWARF expression operators (DWARF 5, section 7.7.1), for walking over an expression without evaluating it.
#pragma once

#include "debugger/symbols/units.h"

namespace debugger::dwarf {

inline constexpr uint8_t kOpAddr = 0x03, kOpConst4u = 0x0c, kOpConst8u = 0x0e, kOpBra = 0x28, kOpSkip = 0x2f,
                         kOpAddrx = 0xa1, kOpConstx = 0xa2, kOpWasmLocation = 0xed, kOpGnuAddrIndex = 0xfb,
                         kOpGnuConstIndex = 0xfc;

/// Skips the operands of `op`; false for an unknown operator or at the end of the bytes.
inline bool skipOperands(ByteReader& reader, uint8_t op, const Unit& unit) {
    switch (op) {
    case kOpAddr: reader.skip(unit.addressSize); break;
    case 0x08:
    case 0x09:
    case 0x15:
    case 0x94:
    case 0x95: reader.skip(1); break;  // const1, pick, deref_size, xderef_size
    case 0x0a:
    case 0x0b:
    case 0x28:
    case 0x2f:
    case 0x98: reader.skip(2); break;  // const2, bra, skip, call2
    case 0x0c:
    case 0x0d:
    case 0x99: reader.skip(4); break;  // const4, call4
    case 0x0e:
    case 0x0f: reader.skip(8); break;  // const8
    case 0x10:
    case 0x11:
    case 0x23:
    case 0x90:
    case 0x91:
    case 0x93: reader.uleb(); break;  // constu, consts, plus_uconst, regx, fbreg, piece
    case 0x92:
    case 0x9d:
        reader.uleb();
        reader.uleb();
        break;  // bregx, bit_piece
    case 0x9a: reader.skip(unit.version <= 2 ? unit.addressSize : unit.offsetSize); break;  // call_ref
    case 0x9e:
    case 0xa3:
    case 0xf3: reader.skip(reader.uleb()); break;  // implicit_value, entry_value
    case 0xa0:
    case 0xf2:
        reader.skip(unit.offsetSize);
        reader.uleb();
        break;  // implicit_pointer
    case 0xa1:
    case 0xa2:
    case 0xa8:
    case 0xa9:
    case 0xf7:
    case 0xf9:
    case 0xfb:
    case 0xfc: reader.uleb(); break;  // addrx … convert
    case 0xa4:
    case 0xf4:
        reader.uleb();
        reader.skip(reader.u8());
        break;  // const_type
    case 0xa5:
    case 0xf5:
        reader.uleb();
        reader.uleb();
        break;  // regval_type
    case 0xa6:
    case 0xa7:
    case 0xf6:
        reader.skip(1);
        reader.uleb();
        break;                         // deref_type, xderef_type
    case 0xfa: reader.skip(4); break;  // GNU_parameter_ref
    case kOpWasmLocation: reader.u8() == 3 ? void(reader.u32()) : void(reader.uleb()); break;
    default:
        if (op >= 0x70 && op <= 0x8f)
            reader.uleb();  // breg0 … 31
        else if (op < 0x06 || (op >= 0xa1 && op != 0xe0 && op != 0xf0))
            return false;  // 0xe0 GNU_push_tls_address, 0xf0 GNU_uninit
    }
    return reader.ok();
}

}  // namespace debugger::dwarf
