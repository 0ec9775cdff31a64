#include "app/wscope/options.h"

#include <iostream>

namespace wscope {

int fail(const std::string& message) {
    std::cerr << "wscope: " << message << std::endl;
    return kOurError;
}

int fail(const engine::Error& error) { return fail(error.text()); }

}  // namespace wscope
