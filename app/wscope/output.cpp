#include "app/wscope/output.h"

#include <stdio_ext.h>

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
    // After a write that failed before, whose errno is long gone, the next one says why.
    const bool wasLost = ferror(m_file) != 0;
    clearerr(m_file);
    errno = 0;
    if (wasLost && __fpending(m_file) == 0) fputc('\n', m_file);
    if (fflush(m_file) != 0 || wasLost) m_error = errno != 0 ? errno : EIO;
    return !lost();
}

int Output::fail() const {
    return wscope::fail("cannot write to " + m_name + ": " + std::generic_category().message(m_error));
}

}  // namespace wscope
