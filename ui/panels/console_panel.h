// Console: what the program writes to stdout and stderr, as it comes, and a line for its stdin. Double click on output goes to the host call
// that wrote it. A flood is taken in slices between the window's other work, and the oldest output is dropped.
#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QTimer>
#include <QToolButton>
#include <deque>

#include "ui/models/console_lines.h"
#include "ui/panel.h"

namespace ui {

class ConsoleView;
class InputLine;

class ConsolePanel final : public Panel {
    Q_OBJECT

public:
    explicit ConsolePanel(Context& context);
    const ConsoleLines& lines() const { return m_lines; }

private:
    QWidget* makeFindBar();
    QWidget* makeInputBar();
    void showState();
    void clear();

    void fetchSoon();
    void fetch();
    void take(const debugger::OutputSlice& slice);
    void append(const debugger::OutputPiece& piece);
    void addNote(const QString& text, uint64_t position);
    void flushNotes(uint64_t position);
    void showLines();

    void sendText(const QString& text);
    void endInput();
    void openFind();
    void find(int direction);
    void showMenu(const QPoint& at);

    ConsoleLines m_lines;
    uint64_t m_have = 0;       // output before this position was taken (or skipped)
    uint64_t m_end = 0;        // of the output, as far as is known
    uint64_t m_announced = 0;  // what the session last said of it
    uint64_t m_run = 0;        // answers for an older one are dropped
    bool m_isAsked = false;
    QTimer m_fetchTimer;
    /// Of the debugger; it waits until the output before it is here.
    struct Note {
        uint64_t position = 0;
        std::string text;
    };
    std::deque<Note> m_notes;

    ConsoleView* m_view;
    QLabel* m_banner;
    QWidget* m_findBar = nullptr;
    QLineEdit* m_find = nullptr;
    QLabel* m_findResult = nullptr;
    QLabel* m_inputLabel = nullptr;
    InputLine* m_input = nullptr;
    QToolButton* m_endInput = nullptr;
};

}  // namespace ui
