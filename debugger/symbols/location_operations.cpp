#include "debugger/symbols/location_operations.h"

#include "debugger/symbols/value_number.h"

namespace debugger::dwarf {

bool isComparison(uint8_t op) { return op >= DW_OP_eq && op <= DW_OP_ne; }

bool isBinaryOperation(uint8_t op) {
    switch (op) {
    case DW_OP_and:
    case DW_OP_div:
    case DW_OP_minus:
    case DW_OP_mod:
    case DW_OP_mul:
    case DW_OP_or:
    case DW_OP_plus:
    case DW_OP_shl:
    case DW_OP_shr:
    case DW_OP_shra:
    case DW_OP_xor: return true;
    default: return isComparison(op);
    }
}

std::optional<uint64_t> applyBinary(uint8_t op, uint64_t left, uint64_t right, bool narrow) {
    const auto toSigned = [narrow](uint64_t v) {
        return narrow ? static_cast<int32_t>(v) : static_cast<int64_t>(v);
    };
    const auto toUnsigned = [narrow](uint64_t v) { return narrow ? static_cast<uint32_t>(v) : v; };
    const int64_t a = toSigned(left), b = toSigned(right);
    switch (op) {
    case DW_OP_and: return left & right;
    case DW_OP_or: return left | right;
    case DW_OP_xor: return left ^ right;
    case DW_OP_plus: return left + right;
    case DW_OP_minus: return left - right;
    case DW_OP_mul: return left * right;
    case DW_OP_div:
        if (b == 0) return std::nullopt;
        return b == -1 ? -left : static_cast<uint64_t>(a / b);
    case DW_OP_mod:
        if (toUnsigned(right) == 0) return std::nullopt;
        return toUnsigned(left) % toUnsigned(right);
    case DW_OP_shl: return right < 64 ? left << right : 0;
    case DW_OP_shr: return right < 64 ? toUnsigned(left) >> right : 0;
    case DW_OP_shra: return static_cast<uint64_t>(a >> (right < 63 ? right : 63));
    case DW_OP_eq: return a == b;
    case DW_OP_ne: return a != b;
    case DW_OP_lt: return a < b;
    case DW_OP_le: return a <= b;
    case DW_OP_gt: return a > b;
    default: return a >= b;
    }
}

std::string whyUnavailable(uint8_t op) {
    switch (op) {
    case DW_OP_regx:
    case DW_OP_bregx: return "it is in a machine register, which WebAssembly does not have";
    case DW_OP_entry_value:
    case DW_OP_GNU_entry_value: return "the value at entry is not recorded";
    case DW_OP_GNU_parameter_ref: return "the caller's argument is not recorded";
    case DW_OP_call_frame_cfa: return "WebAssembly has no call frame address";
    case DW_OP_implicit_pointer:
    case DW_OP_GNU_implicit_pointer: return "it points to an object that was optimised out";
    case DW_OP_addrx:
    case DW_OP_constx:
    case DW_OP_GNU_addr_index:
    case DW_OP_GNU_const_index: return "its address is in a table that the debug info does not have";
    case DW_OP_call2:
    case DW_OP_call4:
    case DW_OP_call_ref:
    case DW_OP_push_object_address: return "its location refers to other debug info, which is not supported";
    case DW_OP_const_type:
    case DW_OP_regval_type:
    case DW_OP_deref_type:
    case DW_OP_xderef_type:
    case DW_OP_GNU_const_type:
    case DW_OP_GNU_regval_type:
    case DW_OP_GNU_deref_type:
    case DW_OP_GNU_convert:
    case DW_OP_GNU_reinterpret: return "its location uses typed operations, which are not supported";
    case DW_OP_xderef:
    case DW_OP_xderef_size: return "it is in another address space";
    default: return "damaged debug info: unknown operation " + hexadecimal(op, 2) + " in its location";
    }
}

}  // namespace debugger::dwarf
