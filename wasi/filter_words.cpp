#include "wasi/filter_words.h"

#include <algorithm>

#include "wasi/call_filter.h"
#include "wasi/filter_lexer.h"

namespace wasi {

engine::Result<> checkFilter(std::string_view text) {
    TRY(CallFilter::parse(text));
    return {};
}

bool isFilterOfOneRun(std::string_view text) {
    const auto tokens = filterTokens(text);
    if (!tokens.ok() || !checkFilter(text)) return false;
    const std::vector<FilterToken>& all = tokens.value();
    for (size_t i = 2; i < all.size(); i++) {
        if (!all[i - 2].isWord("fd") || all[i - 1].kind != FilterToken::Kind::Operator ||
            all[i].kind != FilterToken::Kind::Word)
            continue;
        const auto name = parseDescriptorName(all[i].text);
        if (name && name->from) return true;
    }
    return false;
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

std::string filterHelp() {
    std::string text =
        "A filter is made of words (the line contains them), FIELD = VALUE (also != < <= > >=, ~ and !~ with "
        "* "
        "and ?,\ncontains), and, or, not and parentheses. Fields:\n";
    for (const FilterField& field : CallFilter::fields())
        text += "  " + std::string(field.name) + std::string(12 - field.name.size(), ' ') +
                std::string(field.help) + "\n";
    return text + "  and each argument and result by its name: oflags = creat, nread > 4K, buf.size = 0\n";
}

}  // namespace wasi
