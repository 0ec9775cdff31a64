// Explain: what the next instruction will do with its operands, in words; or what the instruction selected in Disassembly means.
#pragma once

#include <QLabel>
#include <array>
#include <optional>

#include "ui/panel.h"

namespace ui {

class ElidedLabel;

class ExplainPanel final : public Panel {
    Q_OBJECT

public:
    explicit ExplainPanel(Context& context);

private:
    enum Row : uint8_t { Effect, Takes, Leaves, Arguments, Typing, Meaning, Stack, Traps, More, RowCount };
    void explain(std::optional<uint32_t> offset);
    void take(const debugger::Explanation& explanation);
    void setRow(Row row, const QString& text);
    void setLooks();
    void showState();

    ElidedLabel* m_headline;
    std::array<QLabel*, RowCount> m_rows{}, m_captions{};  // a row without caption takes the whole width
    bool m_willTrap = false;
    std::optional<uint32_t> m_offset;  // selected in Disassembly; else the next instruction is explained
    uint64_t m_request = 0;
};

}  // namespace ui
