// DiffView: a unified diff to read: its lines coloured by what they do. However much it gets, it shows a bounded part, and says so.
#pragma once

#include <QPlainTextEdit>
#include <string>
#include <string_view>
#include <vector>

#include "ui/theme.h"

namespace ui {

struct DiffLine {
    QString text;
    Tone tone = Tone::Text;
    bool bold = false;
};
/// Lines of a unified diff, by their places in its hunks: a removed "-- x" is no name of a file.
std::vector<DiffLine> diffLines(std::string_view utf8);

class DiffView final : public QPlainTextEdit {
    Q_OBJECT

public:
    DiffView(Theme& theme, const QString& accessibleName, QWidget* parent = nullptr);
    void showDiff(std::string_view utf8);

protected:
    void wheelEvent(QWheelEvent* event) override;

private:
    class Colours;

    Theme& m_theme;
    std::string m_shown;
    std::vector<DiffLine> m_lines;
    Colours* m_colours;  // owned by the document
};

}  // namespace ui
