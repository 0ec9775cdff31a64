#include "debugger/symbols/lanes.h"

#include <algorithm>

#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_types.h"
#include "engine/store.h"

namespace debugger {

namespace {

const std::vector<Member>& shapes() { return Types(nullptr, 4).info(builtinType(Builtin::V128)).members; }

std::string numberText(std::span<const uint8_t> bytes, BaseEncoding encoding) {
    const Number number = numberFrom(bytes, encoding).value_or(Number{});
    return number.isFloat() ? shortest(number.real, number.bits)
                            : decimal(number.integer, number.kind == Number::Kind::Signed);
}

}  // namespace

std::string Lanes::text() const {
    std::string text = shape;
    for (const std::string& value : values)
        text += " " + value;
    return text;
}

std::vector<Lanes> lanesOf(const engine::Value& value) {
    std::vector<Lanes> all;
    if (value.type != engine::kV128) return all;
    const std::vector<uint8_t> bytes = bytesOf(value);
    const Types types(nullptr, 4);
    for (const Member& shape : shapes()) {
        Lanes& lanes = all.emplace_back();
        lanes.shape = shape.name;
        const TypeInfo& element = types.info(types.target(shape.type));
        for (size_t at = 0; at < bytes.size(); at += element.byteSize)
            lanes.values.push_back(
                numberText(std::span(bytes).subspan(at, element.byteSize), element.encoding));
    }
    return all;
}

LaneShapes shapesOf(std::string_view instruction) {
    LaneShapes found;
    // "i32x4.trunc_sat_f32x4_u": the result's shape comes first, that of the operands last.
    for (size_t at = 0; at < instruction.size();) {
        const size_t end = std::min(instruction.find_first_of("._ ", at), instruction.size());
        const std::string_view word = instruction.substr(at, end - at);
        for (const Member& shape : shapes()) {
            if (shape.name != word) continue;
            if (found.result.empty()) found.result = word;
            found.operands = word;
        }
        if (end < instruction.size() && instruction[end] == ' ') break;
        at = end + 1;
    }
    const std::string_view name = instruction.substr(0, instruction.find(' '));
    if (!name.ends_with("_u")) return found;
    const auto makeUnsigned = [](std::string& shape) {
        if (shape.starts_with('i')) shape[0] = 'u';
    };
    makeUnsigned(found.result);
    // Narrowing takes signed lanes also where it saturates to unsigned ones.
    if (name.find("narrow") == std::string_view::npos) makeUnsigned(found.operands);
    return found;
}

std::string textInShape(const std::vector<Lanes>& lanes, std::string_view shape) {
    for (const Lanes& one : lanes)
        if (one.shape == shape) return one.text();
    return {};
}

}  // namespace debugger
