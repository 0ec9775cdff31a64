// The numbers of DWARF expression operations (version 5, section 7.7.1, and vendors' extensions) under their own names, and the arithmetic
// of those that work on two numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace debugger::dwarf {

inline constexpr uint8_t DW_OP_addr = 0x03;
inline constexpr uint8_t DW_OP_deref = 0x06;
inline constexpr uint8_t DW_OP_const1u = 0x08;
inline constexpr uint8_t DW_OP_const1s = 0x09;
inline constexpr uint8_t DW_OP_const2u = 0x0a;
inline constexpr uint8_t DW_OP_const2s = 0x0b;
inline constexpr uint8_t DW_OP_const4u = 0x0c;
inline constexpr uint8_t DW_OP_const4s = 0x0d;
inline constexpr uint8_t DW_OP_const8u = 0x0e;
inline constexpr uint8_t DW_OP_const8s = 0x0f;
inline constexpr uint8_t DW_OP_constu = 0x10;
inline constexpr uint8_t DW_OP_consts = 0x11;
inline constexpr uint8_t DW_OP_dup = 0x12;
inline constexpr uint8_t DW_OP_drop = 0x13;
inline constexpr uint8_t DW_OP_over = 0x14;
inline constexpr uint8_t DW_OP_pick = 0x15;
inline constexpr uint8_t DW_OP_swap = 0x16;
inline constexpr uint8_t DW_OP_rot = 0x17;
inline constexpr uint8_t DW_OP_xderef = 0x18;
inline constexpr uint8_t DW_OP_abs = 0x19;
inline constexpr uint8_t DW_OP_and = 0x1a;
inline constexpr uint8_t DW_OP_div = 0x1b;
inline constexpr uint8_t DW_OP_minus = 0x1c;
inline constexpr uint8_t DW_OP_mod = 0x1d;
inline constexpr uint8_t DW_OP_mul = 0x1e;
inline constexpr uint8_t DW_OP_neg = 0x1f;
inline constexpr uint8_t DW_OP_not = 0x20;
inline constexpr uint8_t DW_OP_or = 0x21;
inline constexpr uint8_t DW_OP_plus = 0x22;
inline constexpr uint8_t DW_OP_plus_uconst = 0x23;
inline constexpr uint8_t DW_OP_shl = 0x24;
inline constexpr uint8_t DW_OP_shr = 0x25;
inline constexpr uint8_t DW_OP_shra = 0x26;
inline constexpr uint8_t DW_OP_xor = 0x27;
inline constexpr uint8_t DW_OP_bra = 0x28;
inline constexpr uint8_t DW_OP_eq = 0x29;
inline constexpr uint8_t DW_OP_ge = 0x2a;
inline constexpr uint8_t DW_OP_gt = 0x2b;
inline constexpr uint8_t DW_OP_le = 0x2c;
inline constexpr uint8_t DW_OP_lt = 0x2d;
inline constexpr uint8_t DW_OP_ne = 0x2e;
inline constexpr uint8_t DW_OP_skip = 0x2f;
inline constexpr uint8_t DW_OP_lit0 = 0x30;
inline constexpr uint8_t DW_OP_lit31 = 0x4f;
inline constexpr uint8_t DW_OP_reg0 = 0x50;
inline constexpr uint8_t DW_OP_reg31 = 0x6f;
inline constexpr uint8_t DW_OP_breg0 = 0x70;
inline constexpr uint8_t DW_OP_breg31 = 0x8f;
inline constexpr uint8_t DW_OP_regx = 0x90;
inline constexpr uint8_t DW_OP_fbreg = 0x91;
inline constexpr uint8_t DW_OP_bregx = 0x92;
inline constexpr uint8_t DW_OP_piece = 0x93;
inline constexpr uint8_t DW_OP_deref_size = 0x94;
inline constexpr uint8_t DW_OP_xderef_size = 0x95;
inline constexpr uint8_t DW_OP_nop = 0x96;
inline constexpr uint8_t DW_OP_push_object_address = 0x97;
inline constexpr uint8_t DW_OP_call2 = 0x98;
inline constexpr uint8_t DW_OP_call4 = 0x99;
inline constexpr uint8_t DW_OP_call_ref = 0x9a;
inline constexpr uint8_t DW_OP_form_tls_address = 0x9b;
inline constexpr uint8_t DW_OP_call_frame_cfa = 0x9c;
inline constexpr uint8_t DW_OP_bit_piece = 0x9d;
inline constexpr uint8_t DW_OP_implicit_value = 0x9e;
inline constexpr uint8_t DW_OP_stack_value = 0x9f;
inline constexpr uint8_t DW_OP_implicit_pointer = 0xa0;
inline constexpr uint8_t DW_OP_addrx = 0xa1;
inline constexpr uint8_t DW_OP_constx = 0xa2;
inline constexpr uint8_t DW_OP_entry_value = 0xa3;
inline constexpr uint8_t DW_OP_const_type = 0xa4;
inline constexpr uint8_t DW_OP_regval_type = 0xa5;
inline constexpr uint8_t DW_OP_deref_type = 0xa6;
inline constexpr uint8_t DW_OP_xderef_type = 0xa7;
inline constexpr uint8_t DW_OP_convert = 0xa8;
inline constexpr uint8_t DW_OP_reinterpret = 0xa9;
inline constexpr uint8_t DW_OP_GNU_push_tls_address = 0xe0;
inline constexpr uint8_t DW_OP_WASM_location = 0xed;
inline constexpr uint8_t DW_OP_GNU_implicit_pointer = 0xf2;
inline constexpr uint8_t DW_OP_GNU_entry_value = 0xf3;
inline constexpr uint8_t DW_OP_GNU_const_type = 0xf4;
inline constexpr uint8_t DW_OP_GNU_regval_type = 0xf5;
inline constexpr uint8_t DW_OP_GNU_deref_type = 0xf6;
inline constexpr uint8_t DW_OP_GNU_convert = 0xf7;
inline constexpr uint8_t DW_OP_GNU_reinterpret = 0xf9;
inline constexpr uint8_t DW_OP_GNU_parameter_ref = 0xfa;
inline constexpr uint8_t DW_OP_GNU_addr_index = 0xfb;
inline constexpr uint8_t DW_OP_GNU_const_index = 0xfc;

bool isBinaryOperation(uint8_t op);
bool isComparison(uint8_t op);
/// Left and right as pushed; `narrow`: what depends on upper bits sees 32 of them. Nothing for a division by zero.
std::optional<uint64_t> applyBinary(uint8_t op, uint64_t left, uint64_t right, bool narrow);
/// For operations that give no value here: "the value at function entry is not recorded".
std::string whyUnavailable(uint8_t op);

}  // namespace debugger::dwarf
