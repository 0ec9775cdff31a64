#include "app/wscope/options.h"

#include <iostream>

#include "debugger/debuggee.h"

namespace wscope {

std::string safeText(std::string_view text) {
    std::string safe;
    while (true) {
        const size_t end = text.find('\n');
        safe += debugger::printable(text.substr(0, end));
        if (end == std::string_view::npos) return safe;
        safe += '\n';
        text.remove_prefix(end + 1);
    }
}

std::string checkCount(const std::string& text) {
    const bool isCount = text.size() <= 18 && text.find_first_not_of("0123456789") == std::string::npos;
    return isCount ? "" : "\"" + text + "\" is not a count";
}

int fail(const std::string& message) {
    std::cerr << "wscope: " << safeText(message) << std::endl;
    return kOurError;
}

int fail(const engine::Error& error) { return fail(error.text()); }

}  // namespace wscope
