#include "engine/base/result.h"

#include <cstdio>

namespace engine {

std::string Error::text() const {
    std::string place;
    const auto add = [&](const std::string& part) { place += place.empty() ? part : ", " + part; };
    if (where.function) add("function " + std::to_string(*where.function));
    if (!where.section.empty()) add(where.section + " section");
    if (where.offset) {
        char buffer[32];
        std::snprintf(buffer, sizeof buffer, "offset 0x%llx", static_cast<unsigned long long>(*where.offset));
        add(buffer);
    }
    std::string out = where.file.empty() ? std::string() : where.file + ": ";
    if (!place.empty()) out += place + ": ";
    return out + message;
}

}  // namespace engine
