// What a Module computes on first use. Thread-safe by call_once.
#pragma once

#include <mutex>
#include <string_view>
#include <unordered_map>

#include "engine/module.h"

namespace engine {

struct Module::Lazy {
    std::once_flag namesOnce;
    Names names;
    std::once_flag linkNamesOnce;
    std::unordered_map<uint32_t, std::string>
        linkNames;  // of functions: the first export's name, else the import's
};

/// Reads the name section of a module; what is wrong with it ends up in Names::warnings.
Names parseNames(const Module& module);

}  // namespace engine
