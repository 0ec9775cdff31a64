// StartPage: what the window shows while no program is open: recent programs, the bundled examples, and the keys to begin with.
#pragma once

#include <QScrollArea>

class QVBoxLayout;

namespace ui {

class Context;

class StartPage final : public QScrollArea {
    Q_OBJECT

public:
    explicit StartPage(Context& context, QWidget* parent = nullptr);

signals:
    void openRequested(const QString& path);
    void openDialogRequested();
    void demoRequested();

private:
    void fillRecent();

    Context& m_context;
    QVBoxLayout* m_recent;
};

/// Folder of the bundled examples: beside the sources it was built from, or installed; empty if neither is there.
QString examplesFolder();

}  // namespace ui
