// LaunchDialog: what a program is started with: arguments, environment, directories, where it stops first, where its sources are.
#pragma once

#include <QCheckBox>
#include <QDialog>
#include <QLabel>
#include <QPlainTextEdit>
#include <QTabWidget>
#include <QTableWidget>

#include "debugger/protocol.h"
#include "ui/theme.h"

namespace ui {

class LaunchDialog final : public QDialog {
    Q_OBJECT

public:
    LaunchDialog(const Theme& theme, const debugger::LaunchOptions& options, QWidget* parent = nullptr);
    debugger::LaunchOptions options() const;

private:
    void fill(const wasi::Capabilities& granted);
    void load();
    void save();
    void tell(const QString& text, Tone tone);
    QTableWidget* addTable(const QString& tab, const QStringList& columns, const QString& help,
                           bool picksFolder);

    debugger::LaunchOptions m_options;
    const Theme& m_theme;
    QTabWidget* m_tabs;
    QPlainTextEdit* m_arguments;
    QCheckBox* m_stopAtEntry;
    QLabel* m_told;
    QTableWidget *m_environment, *m_directories, *m_paths;
};

}  // namespace ui
