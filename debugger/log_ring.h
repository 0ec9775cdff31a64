// LogRing: texts of log points on their way to somebody who may be slower than the program. Bounded: of too many the oldest go, and a
// text in their place says how many. One user at a time.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "debugger/protocol.h"

namespace debugger {

class LogRing {
public:
    explicit LogRing(size_t limit) : m_limit(limit) {}

    void push(LogMessage message) {
        if (m_messages.size() >= m_limit) {
            m_lost += m_messages.front().lost + 1;
            m_messages.pop_front();
        }
        m_messages.push_back(std::move(message));
    }
    bool empty() const { return m_messages.empty(); }
    /// All that are there, oldest first, and leaves none. The first one tells how many were lost before it.
    std::vector<LogMessage> take() {
        std::vector<LogMessage> all(std::make_move_iterator(m_messages.begin()),
                                    std::make_move_iterator(m_messages.end()));
        m_messages.clear();
        if (!all.empty()) all.front().lost += std::exchange(m_lost, 0);
        return all;
    }
    /// Puts back what was taken and not used.
    void putBack(std::vector<LogMessage> messages) {
        m_messages.insert(m_messages.begin(), std::make_move_iterator(messages.begin()),
                          std::make_move_iterator(messages.end()));
    }

private:
    size_t m_limit;
    uint64_t m_lost = 0;
    std::deque<LogMessage> m_messages;
};

}  // namespace debugger
