// Lanes: a v128 as text in each of its shapes, and which shape an instruction means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace engine {
struct Value;
}

namespace debugger {

/// One shape of a v128: "i16x8", "u16x8", "f32x4" …, and its lanes, lane 0 first.
struct Lanes {
    std::string shape;
    std::vector<std::string> values;
    std::string text() const;  // "f32x4 1 2.5 3 4"
    bool isUnsigned() const { return shape.starts_with('u'); }
};

/// All shapes, narrow lanes first; empty if it is no v128.
std::vector<Lanes> lanesOf(const engine::Value& value);

/// In which shape an instruction, by its name, takes its vectors and leaves its result; empty: in none, its lanes are mere bits.
struct LaneShapes {
    std::string operands, result;
};
LaneShapes shapesOf(std::string_view instruction);

/// The text of the lanes in a shape, or nothing if there is no such shape.
std::string textInShape(const std::vector<Lanes>& lanes, std::string_view shape);

}  // namespace debugger
