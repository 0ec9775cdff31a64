// MD5 (RFC 1321): only to compare a source file with the checksum that DWARF 5 keeps of it; not for security.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace debugger {

std::array<uint8_t, 16> md5(std::span<const uint8_t> bytes);

}  // namespace debugger
