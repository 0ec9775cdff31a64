#include "ui/models/ansi_parser.h"

#include <algorithm>

namespace ui {
namespace {

constexpr uint8_t kEscape = 0x1B, kBell = 0x07;

}  // namespace

void AnsiParser::begin(State state) {
    m_state = state;
    if (state != State::Control) return;
    std::fill(std::begin(m_parameters), std::end(m_parameters), 0);
    m_count = 1;
    m_private = false;
}

bool AnsiParser::feed(uint8_t byte) {
    if (m_state == State::Text) {
        if (byte != kEscape) return true;
        m_length = 0;
        begin(State::Escape);
        return false;
    }
    if (++m_length > kMaxSequence) {
        m_state = State::Text;
        return feed(byte);
    }
    switch (m_state) {
    case State::Escape:
        if (byte == '[')
            begin(State::Control);
        else if (byte == ']' || byte == 'P' || byte == '_' || byte == '^' || byte == 'X')
            begin(State::String);
        else
            m_state = byte >= 0x20 && byte < 0x30 ? State::Intermediate : State::Text;
        break;
    case State::Intermediate:
        if (byte >= 0x30) m_state = State::Text;
        break;
    case State::Control: control(byte); break;
    case State::String:
        if (byte == kBell)
            m_state = State::Text;
        else if (byte == kEscape)
            m_state = State::StringEscape;
        break;
    case State::StringEscape: m_state = byte == '\\' ? State::Text : State::String; break;
    case State::Text: break;
    }
    return false;
}

void AnsiParser::control(uint8_t byte) {
    if (byte >= '0' && byte <= '9') {
        uint32_t& parameter = m_parameters[m_count - 1];
        parameter = std::min<uint32_t>(parameter * 10 + (byte - '0'), 9999);
    } else if (byte == ';' || byte == ':') {
        m_count = std::min<uint8_t>(static_cast<uint8_t>(m_count + 1), kMaxParameters);
    } else if (byte >= 0x40) {
        m_state = State::Text;
        if (byte == 'm' && !m_private) setGraphics();
    } else if (byte >= 0x3C) {
        m_private = true;
    }
}

void AnsiParser::setGraphics() {
    for (uint8_t i = 0; i < m_count; ++i) {
        const uint32_t code = m_parameters[i];
        const bool isIndexed = i + 1 < m_count && m_parameters[i + 1] == 5;
        if (code == 0)
            m_style = {};
        else if (code == 1)
            m_style.bold = true;
        else if (code == 22)
            m_style.bold = false;
        else if (code >= 30 && code <= 37)
            m_style.color = static_cast<uint8_t>(code - 29);
        else if (code >= 90 && code <= 97)
            m_style.color = static_cast<uint8_t>(code - 81);
        else if (code == 39)
            m_style.color = 0;
        else if (code == 38 || code == 48) {
            // 38;5;N is one of 256 colours, of which the first 16 have names; 38;2;R;G;B has none of our tones.
            const uint8_t used = isIndexed ? 2 : 4;
            if (code == 38 && isIndexed && i + 2 < m_count && m_parameters[i + 2] < 16)
                m_style.color = static_cast<uint8_t>(m_parameters[i + 2] + 1);
            i = static_cast<uint8_t>(i + used);
        }
    }
}

}  // namespace ui
