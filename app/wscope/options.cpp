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

int fail(const std::string& message) {
    std::cerr << "wscope: " << safeText(message) << std::endl;
    return kOurError;
}

int fail(const engine::Error& error) { return fail(error.text()); }

}  // namespace wscope
