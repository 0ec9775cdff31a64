// AddLine: the line below a list into which something new is typed, and below it what is wrong with that. Its owner adds it on entered(),
// and answers with accept() or refuse().
#pragma once

#include <QLabel>
#include <QLineEdit>

#include "engine/base/result.h"

namespace ui {

class Theme;

class AddLine final : public QWidget {
    Q_OBJECT

public:
    struct Texts {
        QString name, placeholder, tip;
    };
    AddLine(Theme& theme, const Texts& texts, QWidget* parent = nullptr);

    /// What was entered is there: an error is forgotten, and the line emptied, unless another text stands in it by now.
    void accept(const QString& text);
    void refuse(const engine::Error& error);
    void hideError() { m_error->hide(); }
    /// Takes the focus; `begin` is there already, else what is there is selected.
    void startTyping(const QString& begin = {});

signals:
    void entered(const QString& text);

private:
    QLineEdit* m_line;
    QLabel* m_error;
};

}  // namespace ui
