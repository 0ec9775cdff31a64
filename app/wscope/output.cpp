#include "app/wscope/output.h"

#include <cerrno>
#include <system_error>

#include "app/wscope/options.h"

namespace wscope {

void Output::write(std::string_view text) {
    if (lost()) return;
    errno = 0;
    if (fwrite(text.data(), 1, text.size(), m_file) < text.size()) m_error = errno != 0 ? errno : EIO;
}

bool Output::flush() {
    if (lost()) return false;
    const bool wasLost = ferror(m_file) != 0;  // of a write before, whose errno is the last one
    if (!wasLost) errno = 0;
    if (fflush(m_file) != 0 || wasLost) m_error = errno != 0 ? errno : EIO;
    return !lost();
}

int Output::fail() const {
    return wscope::fail("cannot write to " + m_name + ": " + std::generic_category().message(m_error));
}

}  // namespace wscope
