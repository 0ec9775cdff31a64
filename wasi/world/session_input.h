// SessionInput: bytes for a guest's stdin that are pushed in as they come, and their end. A queue with an eventfd that is readable while
// there is something to tell. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "wasi/world/unique_fd.h"

namespace wasi {

class SessionInput {
public:
    SessionInput();
    void push(std::span<const uint8_t> bytes);
    void close();
    /// Takes up to room.size() bytes; 0 with `atEnd` false = nothing yet.
    size_t take(std::span<uint8_t> room, bool& atEnd);
    size_t size() const;
    /// Readable (POLLIN) while take() would not have to wait.
    int hostFd() const { return m_event.get(); }

private:
    void signal();
    mutable std::mutex m_mutex;
    std::string m_bytes;
    size_t m_taken = 0;  // of m_bytes
    bool m_closed = false;
    bool m_signalled = false;
    UniqueFd m_event;
};

}  // namespace wasi
