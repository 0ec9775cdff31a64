// AnsiParser: tells text from the escape sequences of terminals (ECMA-48) byte by byte, and follows the colours that they set. Sequences
// that mean anything else are left out. Used when output comes in and again when a row of it is drawn.
#pragma once

#include <cstdint>

namespace ui {

/// Of a terminal: 0 = the default, 1 … 8 the dark colours, 9 … 16 the bright ones.
struct AnsiStyle {
    uint8_t color = 0;
    bool bold = false;
    bool operator==(const AnsiStyle&) const = default;
};

class AnsiParser {
public:
    /// True if the byte is text. What is no sequence after kMaxSequence bytes is text again.
    bool feed(uint8_t byte);
    bool isInText() const { return m_state == State::Text; }
    const AnsiStyle& style() const { return m_style; }
    void setStyle(AnsiStyle style) { m_style = style; }

private:
    static constexpr uint32_t kMaxSequence = 1024;
    static constexpr uint8_t kMaxParameters = 16;
    enum class State : uint8_t { Text, Escape, Intermediate, Control, String, StringEscape };

    void begin(State state);
    void control(uint8_t byte);
    void setGraphics();

    State m_state = State::Text;
    uint32_t m_length = 0;
    uint32_t m_parameters[kMaxParameters] = {};
    uint8_t m_count = 0;
    bool m_private = false;
    AnsiStyle m_style;
};

}  // namespace ui
