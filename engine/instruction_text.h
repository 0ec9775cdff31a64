// The text of one instruction (standard, section 6.5), and the identifiers in it. Used by the disassembly and by writeWat.
#pragma once

#include <string>
#include <string_view>

#include "engine/function_walker.h"
#include "engine/module.h"

namespace engine {

/// How things are called in the text: an identifier ("$count") or an index. What has no override is called by its index.
class Labels {
public:
    virtual ~Labels() = default;
    virtual std::string function(FuncIdx index) const { return std::to_string(index.value); }
    virtual std::string global(GlobalIdx index) const { return std::to_string(index.value); }
    /// Of the function whose body is being printed.
    virtual std::string local(uint32_t index) const { return std::to_string(index); }
};

/// "i32.load offset=12", "block (result i32)".
std::string toText(const Instruction& instruction, const Labels& labels);

/// "$name" with what an identifier cannot hold replaced by '_'; empty for an empty name.
std::string identifier(std::string_view name);

/// A float constant from its bits, exact: "1.5", "-inf", "nan:0x200000".
std::string f32Text(uint32_t bits);
std::string f64Text(uint64_t bits);

/// What nesting an instruction opens or closes: the depth at which it is printed, and the depth behind it.
class Nesting {
public:
    /// Depth of this instruction; to be called for each in order.
    uint32_t depthOf(Op op);

private:
    uint32_t m_depth = 0;
};

}  // namespace engine
