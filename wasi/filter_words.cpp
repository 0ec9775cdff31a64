#include "wasi/filter_words.h"

#include <algorithm>

#include "wasi/call_filter.h"

namespace wasi {

engine::Result<> checkFilter(std::string_view text) {
    TRY(CallFilter::parse(text));
    return {};
}

std::vector<std::string> filterFields() {
    std::vector<std::string> names;
    for (const FilterField& field : CallFilter::fields())
        names.emplace_back(field.name);
    return names;
}

std::vector<std::string> filterWords() {
    std::vector<std::string> words = filterFields();
    words.insert(words.end(), {"and", "or", "not", "contains"});
    for (const HostFunction& function : allHostFunctions()) {
        words.emplace_back(function.name);
        for (const auto* parameters : {&function.parameters, &function.results})
            for (const HostParameter& parameter : *parameters)
                words.emplace_back(parameter.name);
    }
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return words;
}

std::string firstField(std::string_view function) {
    const int found = findHostFunction(function);
    if (found < 0) return {};
    const auto& parameters = allHostFunctions()[static_cast<size_t>(found)].parameters;
    if (parameters.empty()) return {};
    return std::string(parameters[0].type == "fd" ? "fd" : parameters[0].name);
}

}  // namespace wasi
