// StatusBar: the state that is always visible: what the program does and why, where it stands, what is being worked on.
#pragma once

#include <QLabel>
#include <QProgressBar>
#include <QStatusBar>
#include <QToolButton>

#include "ui/context.h"
#include "ui/widgets/elided_label.h"

namespace ui {

/// One sentence about a state, and how it is marked.
struct StateText {
    QString word, text;
    QString icon;
    Tone tone;
};
StateText stateText(const Context& context);

class StatusBar final : public QStatusBar {
    Q_OBJECT

public:
    explicit StatusBar(Context& context, QWidget* parent = nullptr);
    QString text() const;

private:
    void update();
    void showProgress(const debugger::Progress& progress);

    Context& m_context;
    QLabel* m_sign;
    ElidedLabel *m_word, *m_text, *m_place, *m_module;
    QLabel* m_work;
    QProgressBar* m_progress;
    QToolButton* m_cancel;
};

}  // namespace ui
