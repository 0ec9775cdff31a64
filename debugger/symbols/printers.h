// Printers: what objects of the usual libraries mean (a string, a sequence, a map …), read through the member names in the debug info,
// never by fixed offsets: a layout that is not recognised has no view and is shown raw. One row per type-name pattern in printers.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "debugger/symbols/value.h"
#include "debugger/symbols/value_types.h"

namespace debugger {

/// The meaning of an object.
struct PrintedView {
    enum class Kind : uint8_t {
        Text,      // `address`, `count` units of `unitSize` bytes
        Sequence,  // `items` wanted ones of `count` elements
        Map,       // as Sequence; keys are in `keys`, and items are the values
        Pointer,   // owns or refers to one object: `items[0]`, or none if null
        Optional,  // has one object, or none
    } kind = Kind::Sequence;
    uint64_t address = 0, count = 0;
    unsigned unitSize = 1;
    std::vector<SourceValue> items;
    std::vector<SourceValue> keys;
    std::optional<SourceValue> pointer;  // Pointer: the pointer itself
    std::string note;  // "strong=2, weak=0"; of an empty Optional: what it is called, if not nullopt
};

/// Which elements are wanted: [first, first + count).
struct Wanted {
    uint64_t first = 0, count = 0;
};

/// Nothing if no row is for its type, its layout is unknown, it is raw, or it cannot be read.
std::optional<PrintedView> printedView(const SourceValue& value, EvaluationContext& context, Wanted wanted);

/// Helpers of the rows.
std::optional<SourceValue> memberAt(const SourceValue& object, std::initializer_list<std::string_view> path,
                                    EvaluationContext& context);
std::optional<uint64_t> numberAt(const SourceValue& object, std::initializer_list<std::string_view> path,
                                 EvaluationContext& context);
/// Elements of a contiguous sequence; nothing if it is not inside memory (an object that was not constructed yet).
std::optional<PrintedView> contiguous(const SourceValue& owner, TypeId element, uint64_t address,
                                      uint64_t count, Wanted wanted, EvaluationContext& context);
std::optional<PrintedView> textAt(uint64_t address, uint64_t count, unsigned unitSize,
                                  EvaluationContext& context);

struct PrinterRow {
    std::string_view pattern;  // beginning of the type's name, without inline namespaces
    std::optional<PrintedView> (*print)(const SourceValue& value, EvaluationContext& context, Wanted wanted);
};
std::vector<PrinterRow> cppPrinters();
std::vector<PrinterRow> rustPrinters();

}  // namespace debugger
