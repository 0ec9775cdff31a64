// confine(): gives up every right that reading memory and answering on one socket does not need. Called before the first byte that somebody
// else wrote. Linux only.
#pragma once

#include <cstdint>
#include <string>

namespace debugger::symbol_child {

/// No new privileges, resource limits, Landlock without any rule, seccomp default-deny. Returns which layers the kernel refused
/// ("" = all are active). Sanitizer builds keep their system calls and address space.
std::string confine(uint64_t addressSpaceMib);

}  // namespace debugger::symbol_child
