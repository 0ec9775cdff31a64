// MainWindow: wires it all: verbs to menus, toolbar and palette; the source area and the docks; notices; the launcher. Holds no
// state of the program. Owned by main.
#pragma once

#include <QMainWindow>
#include <QMenu>
#include <QStackedWidget>

#include "ui/context.h"
#include "ui/dock_layout.h"
#include "ui/launcher.h"
#include "ui/source/source_area.h"
#include "ui/start_page.h"
#include "ui/status_bar.h"
#include "ui/step_queue.h"
#include "ui/widgets/notice_bar.h"
#include "ui/window_verbs.h"

namespace ui {

class MainWindow final : public QMainWindow {
    Q_OBJECT

public:
    explicit MainWindow(Context& context);
    ~MainWindow() override;

    Launcher& launcher() { return *m_launcher; }
    DockLayout& docks() { return *m_docks; }
    VerbActions& verbs() { return *m_verbs; }
    SourceArea& sources() { return *m_sources; }
    NoticeBar& notices() { return *m_notices; }
    StatusBar& status() { return *m_status; }

    /// Opens the word counter on its sample text, with a breakpoint in its main, and runs to it.
    void openDemo();

protected:
    void showEvent(QShowEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void makeVerbs();
    void makeRunVerbs();
    void handleBreak(const char* id, const debugger::BreakpointSpec& wanted);
    void makeViewVerbs();
    void makeMenus();
    void makeToolBar();
    void connectContext();
    void fillRecent();
    void openDialog();
    void launchSettings();
    void palette();
    void goToFile();
    void showKeys();
    void about();
    void moveFrame(int by);
    void setTheme(Theme::Mode mode);
    void updateTitle();
    void showStop();
    QAction* verb(const char* id) const { return m_verbs->action(QString::fromLatin1(id)); }
    void add(QMenu& menu, std::initializer_list<const char*> ids);

    Context& m_context;
    VerbActions* m_verbs;
    Launcher* m_launcher;
    StepQueue* m_steps;
    QStackedWidget* m_middle;
    StartPage* m_start;
    SourceArea* m_sources;
    NoticeBar* m_notices;
    StatusBar* m_status;
    DockLayout* m_docks;
    QMenu* m_recent = nullptr;
    bool m_wasShown = false;
};

}  // namespace ui
