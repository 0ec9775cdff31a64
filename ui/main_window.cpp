#include "ui/main_window.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDesktopServices>
#include <QDialog>
#include <QDockWidget>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QToolBar>
#include <QVBoxLayout>

#include "ui/launch_dialog.h"
#include "ui/panel.h"
#include "ui/panels/breakpoints_panel.h"
#include "ui/panels/capabilities_panel.h"
#include "ui/panels/watches_panel.h"
#include "ui/plain_text.h"
#include "ui/source/source_view.h"
#include "ui/widgets/ask_for.h"
#include "ui/widgets/picker.h"
#include "ui/widgets/views.h"

namespace ui {

using debugger::SessionState;
using debugger::StepKind;

namespace {

constexpr auto kGeometry = "window.geometry";
constexpr auto kTheme = "theme";
constexpr auto kZoom = "zoom";
constexpr const char* kThemes[] = {"desktop", "light", "dark"};
constexpr int kDropLimit = 1;

/// Where the demo stops first: in main, where the first file is about to be counted.
debugger::BreakpointSpec demoBreakpoint(const QString& examples) {
    debugger::BreakpointSpec spec;
    spec.file = "wordcount.c";
    QFile source(examples + QStringLiteral("/wordcount/wordcount.c"));
    const QByteArray text = source.open(QIODevice::ReadOnly) ? source.readAll() : QByteArray();
    const qsizetype at = text.indexOf("    countFile(file);");
    spec.line = static_cast<uint32_t>(text.left(at).count('\n')) + 1;
    if (at >= 0) return spec;
    spec.kind = debugger::BreakpointSpec::Kind::Function;
    spec.function = "main";
    return spec;
}

/// Verbs of the prompt that a panel answers: they bring it to the front.
constexpr std::pair<const char*, const char*> kPanelVerbs[] = {{"backtrace", "call-stack"},
                                                               {"locals", "variables"},
                                                               {"memory", "memory"},
                                                               {"operand-stack", "operand-stack"},
                                                               {"wasm-locals", "wasm-state"},
                                                               {"disassemble", "disassembly"},
                                                               {"calls", "system-calls"},
                                                               {"open-files", "files"},
                                                               {"capabilities", "capabilities"},
                                                               {"folder-changes", "changes"},
                                                               {"mock", "mocks"}};

}  // namespace

MainWindow::MainWindow(Context& context) : m_context(context) {
    setObjectName(QStringLiteral("MainWindow"));
    setAcceptDrops(true);
    resize(1280, 800);
    setMinimumSize(640, 400);

    m_launcher = new Launcher(context, this);
    m_steps = new StepQueue(context, this);
    m_verbs = new VerbActions(context, this);
    m_start = new StartPage(context);
    m_sources = new SourceArea(context);
    m_notices = new NoticeBar(context.theme());
    m_middle = new QStackedWidget;
    m_middle->addWidget(m_start);
    m_middle->addWidget(m_sources);
    auto* middle = new QWidget;
    auto* layout = new QVBoxLayout(middle);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_notices);
    layout->addWidget(m_middle, 1);
    setCentralWidget(middle);
    m_docks = new DockLayout(context, *this);
    m_status = new StatusBar(context);
    setStatusBar(m_status);

    makeVerbs();
    makeMenus();
    makeToolBar();
    connectContext();

    const QString theme = context.settings().value(kTheme).toString();
    for (int i = 0; i < 3; ++i) {
        if (theme == QLatin1String(kThemes[i])) context.theme().setMode(static_cast<Theme::Mode>(i));
    }
    context.theme().setZoom(context.settings().value(kZoom).toInt());
    restoreGeometry(QByteArray::fromBase64(context.settings().value(kGeometry).toString().toLatin1()));
    updateTitle();
    if (!context.settings().problem().isEmpty())
        m_notices->show({Notice::Kind::Warning, tr("Settings"), context.settings().problem()});
}

MainWindow::~MainWindow() = default;

void MainWindow::connectContext() {
    connect(&m_context, &Context::noticed, m_notices, &NoticeBar::show);
    connect(&m_context, &Context::resumed, m_notices, &NoticeBar::dismissTransient);
    connect(&m_context, &Context::stopped, this, &MainWindow::showStop);
    connect(&m_context, &Context::moduleLoaded, this, [this] {
        m_middle->setCurrentWidget(m_sources);
        updateTitle();
    });
    connect(&m_context, &Context::moduleUnloaded, this, &MainWindow::updateTitle);
    connect(&m_context, &Context::stateChanged, this, [this] {
        const SessionState state = m_context.state();
        if (state == SessionState::Loading) return;
        const bool begins =
            state == SessionState::Ready || state == SessionState::Exited || state == SessionState::Empty;
        verb("continue")->setText(begins ? tr("Start") : tr("Continue"));
        verb("continue")
            ->setIcon(m_context.theme().icon(begins ? QStringLiteral("run") : QStringLiteral("continue")));
    });
    connect(&m_context.settings(), &Settings::problemOccurred, this, [this](const QString& text) {
        m_notices->show({Notice::Kind::Warning, tr("Settings"), text});
    });
    connect(&m_context.theme(), &Theme::codeFontChanged, this,
            [this] { m_context.settings().set(kZoom, m_context.theme().zoom()); });

    connect(m_launcher, &Launcher::opening, this, [this] { m_notices->clear(); });
    connect(m_launcher, &Launcher::opened, this, [this] {
        const QJsonObject panels = m_launcher->memory()["panels"].toObject();
        for (auto it = m_docks->all().begin(); it != m_docks->all().end(); ++it)
            it.value()->restore(panels[it.key()].toObject());
        const auto& module = m_context.module();
        const QJsonArray files = m_launcher->memory()["openFiles"].toArray();
        for (const QJsonValue file : files)
            m_sources->open(file.toString());
        const QString front = m_launcher->memory()["frontFile"].toString();
        if (files.contains(front))
            m_sources->open(front);
        else if (module && !module->mainSource.empty())
            m_sources->open(fromUtf8(module->mainSource));
        if (module) {
            for (const std::string& problem : module->problems)
                m_notices->show({Notice::Kind::Warning, programName(*module), oneLine(problem, 400)});
        }
    });
    connect(m_launcher, &Launcher::failed, this, [this](const QString&, const QString& why) {
        if (!m_context.module()) m_middle->setCurrentWidget(m_start);
        m_notices->show(
            {Notice::Kind::Error, {}, oneLine(why, 1000), {{tr("Open Another…"), [this] { openDialog(); }}}});
    });
    connect(m_launcher, &Launcher::remembering, this, [this](QJsonObject& memory) {
        QJsonObject panels;
        for (auto it = m_docks->all().begin(); it != m_docks->all().end(); ++it) {
            const QJsonObject kept = it.value()->save();
            if (!kept.isEmpty()) panels[it.key()] = kept;
        }
        memory["panels"] = panels;
        memory["openFiles"] = QJsonArray::fromStringList(m_sources->openFiles());
        if (const SourceView* front = m_sources->current()) memory["frontFile"] = front->path();
    });
    connect(m_start, &StartPage::openRequested, this,
            [this](const QString& path) { m_launcher->open(path); });
    connect(m_start, &StartPage::openDialogRequested, this, &MainWindow::openDialog);
    connect(m_start, &StartPage::demoRequested, this, &MainWindow::openDemo);
    connect(m_sources, &SourceArea::mapRequested, m_launcher, &Launcher::mapSources);
    connect(&m_context.settings(), &Settings::recentFilesChanged, this, &MainWindow::fillRecent);
}

void MainWindow::makeVerbs() {
    const auto handle = [this](const char* id, std::function<void()> function) {
        m_verbs->handle(QString::fromLatin1(id), std::move(function));
    };
    handle("open", [this] { openDialog(); });
    handle("launch-settings", [this] { launchSettings(); });
    handle("forget-recent", [this] { m_context.settings().clearRecentFiles(); });
    handle("quit", [this] { close(); });
    handle("command-palette", [this] { palette(); });
    handle("go-to-file", [this] { goToFile(); });
    handle("go-to-line", [this] { m_sources->goToLineDialog(); });
    handle("find", [this] { m_sources->find(); });
    handle("find-next", [this] { m_sources->findAgain(true); });
    handle("find-previous", [this] { m_sources->findAgain(false); });
    handle("help", [this] { showKeys(); });
    handle("about", [this] { about(); });
    handle("add-source-root", [this] {
        pickFolder(this, tr("Folder with Sources"), [this](const QString& folder) {
            debugger::LaunchOptions options = m_launcher->options();
            options.sourceRoots.push_back(toUtf8(folder));
            m_launcher->setOptions(options);
        });
    });
    makeRunVerbs();
    makeViewVerbs();
}

void MainWindow::makeRunVerbs() {
    const auto handle = [this](const char* id, std::function<void()> function) {
        m_verbs->handle(QString::fromLatin1(id), std::move(function));
    };
    handle("continue", [this] {
        if (!m_steps->goOnBehind()) m_launcher->go();
    });
    handle("run", [this] { m_launcher->restart(); });
    handle("start", [this] { m_launcher->goToEntry(); });
    handle("restart", [this] { m_launcher->restart(); });
    handle("pause", [this] {
        m_steps->clear();
        m_context.post<debugger::Pause>(this, {});
    });
    handle("stop", [this] { m_launcher->terminate(); });
    // Before the start, a step goes to the entry. Not behind the end, where it would throw away what one came to see.
    const auto handleStep = [this, handle](const char* id, StepKind kind) {
        handle(id, [this, kind] {
            if (m_context.state() != SessionState::Ready) return m_steps->step(kind);
            if (m_launcher->isStarting()) return m_steps->stepLater(kind);
            m_steps->clear();
            m_launcher->goToEntry();
        });
    };
    handleStep("step-over", StepKind::Over);
    handleStep("step-into", StepKind::Into);
    handleStep("step-instruction", StepKind::Instruction);
    handleStep("step-instruction-over", StepKind::InstructionOver);
    handle("step-out", [this] { m_steps->step(StepKind::Out); });
    handle("run-to-cursor", [this] { m_sources->runToCursor(); });
    handle("toggle-breakpoint", [this] { m_sources->toggleBreakpoint(); });
    const auto addBreakpoint = [this](const QString& begin) {
        m_docks->raise(QStringLiteral("breakpoints"));
        if (auto* panel = qobject_cast<BreakpointsPanel*>(m_docks->panel(QStringLiteral("breakpoints"))))
            panel->startTyping(begin);
    };
    handle("break", [addBreakpoint] { addBreakpoint({}); });
    debugger::BreakpointSpec without;
    without.kind = debugger::BreakpointSpec::Kind::Exception;
    handleBreak("break-throw", without);
    without.uncaughtOnly = true;
    handleBreak("break-uncaught", without);
    without = {};
    without.kind = debugger::BreakpointSpec::Kind::Denied;
    handleBreak("break-denied", without);
    for (const auto& [id, word] : {std::pair{"watch", "watch "},
                                   {"watch-write", "wwatch "},
                                   {"watch-read", "rwatch "},
                                   {"watch-access", "awatch "}})
        handle(id, [addBreakpoint, word = QString::fromLatin1(word)] { addBreakpoint(word); });
    handle("display", [this] {
        m_docks->raise(QStringLiteral("watches"));
        if (auto* panel = qobject_cast<WatchesPanel*>(m_docks->panel(QStringLiteral("watches"))))
            panel->startTyping();
    });
    const auto onCapabilities = [this](void (CapabilitiesPanel::*act)()) {
        m_docks->raise(QStringLiteral("capabilities"));
        if (auto* panel = qobject_cast<CapabilitiesPanel*>(m_docks->panel(QStringLiteral("capabilities"))))
            (panel->*act)();
    };
    handle("grant", [=] { onCapabilities(&CapabilitiesPanel::addFolder); });
    handle("revoke", [=] { onCapabilities(&CapabilitiesPanel::revokeSelected); });
    handle("focus-input", [this] { m_docks->raise(QStringLiteral("console")); });
    handle("frame-up", [this] { moveFrame(1); });
    handle("frame-down", [this] { moveFrame(-1); });
    handle("show-current", [this] { m_sources->showCurrent(); });
}

/// A verb that stands for a breakpoint without a place: on while there is an enabled one.
void MainWindow::handleBreak(const char* id, const debugger::BreakpointSpec& wanted) {
    const auto find = [this, kind = wanted.kind,
                       uncaughtOnly = wanted.uncaughtOnly]() -> const debugger::BreakpointInfo* {
        for (const auto& [number, info] : m_context.breakpoints())
            if (info.spec.kind == kind && info.spec.uncaughtOnly == uncaughtOnly) return &info;
        return nullptr;
    };
    QAction* action = m_verbs->handle(QString::fromLatin1(id), [this, find, wanted] {
        if (const debugger::BreakpointInfo* info = find()) {
            debugger::BreakpointSpec spec = info->spec;
            spec.enabled = !spec.enabled;
            const bool isPlain = spec.condition.empty() && spec.logText.empty() && spec.ignoreCount == 0;
            if (info->spec.enabled && isPlain)
                m_context.removeBreakpoint(info->id);
            else
                m_context.changeBreakpoint(info->id, spec);
            return;
        }
        m_context.addBreakpoint(wanted);
    });
    action->setCheckable(true);
    connect(&m_context, &Context::breakpointsChanged, action, [action, find] {
        const debugger::BreakpointInfo* info = find();
        action->setChecked(info && info->spec.enabled);
    });
}

void MainWindow::makeViewVerbs() {
    const auto handle = [this](const char* id, std::function<void()> function) {
        m_verbs->handle(QString::fromLatin1(id), std::move(function));
    };
    handle("zoom-in", [this] { m_context.theme().setZoom(m_context.theme().zoom() + 1); });
    handle("zoom-out", [this] { m_context.theme().setZoom(m_context.theme().zoom() - 1); });
    handle("zoom-reset", [this] { m_context.theme().setZoom(0); });
    handle("theme-desktop", [this] { setTheme(Theme::Mode::Desktop); });
    handle("theme-light", [this] { setTheme(Theme::Mode::Light); });
    handle("theme-dark", [this] { setTheme(Theme::Mode::Dark); });
    handle("reset-layout", [this] { m_docks->reset(); });
    for (const LayoutRow& row : layouts()) {
        m_verbs->add(QStringLiteral("layout-") + QString::fromLatin1(row.name),
                     tr("Layout: %1").arg(QString::fromLatin1(row.title)), QStringLiteral("layout"),
                     QString::fromLatin1(row.help), [this, id = row.id] { m_docks->apply(id); });
    }
    for (const PanelRow& row : panels()) {
        m_verbs->add(QStringLiteral("panel-") + QString::fromLatin1(row.id),
                     tr("Panel: %1").arg(QString::fromUtf8(row.title)), QString::fromLatin1(row.icon),
                     QString::fromUtf8(row.help),
                     [this, id = QString::fromLatin1(row.id)] { m_docks->raise(id); });
    }
    for (const auto& [id, panel] : kPanelVerbs) {
        if (m_docks->dock(QString::fromLatin1(panel)))
            m_verbs->handleAlways(QString::fromLatin1(id),
                                  [this, panel = panel] { m_docks->raise(QString::fromLatin1(panel)); });
    }
}

void MainWindow::add(QMenu& menu, std::initializer_list<const char*> ids) {
    menu.setToolTipsVisible(true);
    for (const char* id : ids) {
        if (!id)
            menu.addSeparator();
        else if (QAction* action = verb(id))
            menu.addAction(action);
    }
}

void MainWindow::makeMenus() {
    QMenu* file = menuBar()->addMenu(tr("&File"));
    add(*file, {"open"});
    m_recent = file->addMenu(m_context.theme().icon(QStringLiteral("recent")), tr("Open &Recent"));
    m_recent->setToolTipsVisible(true);
    add(*file, {nullptr, "launch-settings", "add-source-root", nullptr, "quit"});
    QMenu* edit = menuBar()->addMenu(tr("&Edit"));
    add(*edit, {"find", "find-next", "find-previous", nullptr, "go-to-line", "go-to-file", nullptr,
                "command-palette"});
    QMenu* debug = menuBar()->addMenu(tr("&Debug"));
    add(*debug, {"continue",
                 "start",
                 "restart",
                 "pause",
                 "stop",
                 nullptr,
                 "step-over",
                 "step-into",
                 "step-out",
                 "run-to-cursor",
                 nullptr,
                 "step-instruction",
                 "step-instruction-over",
                 nullptr,
                 "toggle-breakpoint",
                 "break",
                 "break-throw",
                 "break-uncaught",
                 "watch",
                 "break-denied",
                 "display",
                 nullptr,
                 "frame-up",
                 "frame-down",
                 "show-current",
                 nullptr,
                 "focus-input"});
    QMenu* view = menuBar()->addMenu(tr("&View"));
    QMenu* panelMenu = view->addMenu(m_context.theme().icon(QStringLiteral("layout")), tr("&Panels"));
    panelMenu->setToolTipsVisible(true);
    for (const PanelRow& row : panels())
        panelMenu->addAction(m_docks->dock(QString::fromLatin1(row.id))->toggleViewAction());
    QMenu* layoutMenu = view->addMenu(m_context.theme().icon(QStringLiteral("layout")), tr("&Layout"));
    for (const LayoutRow& row : layouts()) {
        QAction* action = layoutMenu->addAction(QString::fromLatin1(row.title), this,
                                                [this, id = row.id] { m_docks->apply(id); });
        action->setToolTip(QString::fromLatin1(row.help));
    }
    layoutMenu->addSeparator();
    add(*layoutMenu, {"reset-layout"});
    QMenu* themeMenu = view->addMenu(m_context.theme().icon(QStringLiteral("theme")), tr("&Theme"));
    auto* themes = new QActionGroup(this);
    for (int i = 0; i < 3; ++i) {
        QAction* action = m_verbs->action(QStringLiteral("theme-") + QLatin1String(kThemes[i]));
        action->setCheckable(true);
        themes->addAction(action);
        themeMenu->addAction(action);
    }
    connect(themeMenu, &QMenu::aboutToShow, this, [this] {
        m_verbs
            ->action(QStringLiteral("theme-") +
                     QLatin1String(kThemes[static_cast<int>(m_context.theme().mode())]))
            ->setChecked(true);
    });
    add(*view, {nullptr, "zoom-in", "zoom-out", "zoom-reset"});
    QMenu* help = menuBar()->addMenu(tr("&Help"));
    add(*help, {"help", "about"});
    fillRecent();
}

void MainWindow::makeToolBar() {
    auto* bar = new QToolBar(tr("Debug"));
    bar->setObjectName(QStringLiteral("toolbar"));
    bar->setMovable(false);
    bar->setIconSize(QSize(16, 16));
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    for (const char* id : {"open", "|", "continue", "pause", "stop", "restart", "|", "step-over", "step-into",
                           "step-out", "|", "run-to-cursor", "step-instruction", "|", "command-palette"}) {
        if (*id == '|')
            bar->addSeparator();
        else if (QAction* action = verb(id))
            bar->addAction(action);
    }
    // Only the main verb has its name beside the icon.
    verb("continue")->setText(tr("Continue"));
    if (auto* main = qobject_cast<QToolButton*>(bar->widgetForAction(verb("continue")))) {
        main->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        main->setMinimumWidth(main->sizeHint().width());  // of the longer of its two names
    }
    verb("continue")->setText(tr("Start"));
    auto* space = new QWidget;
    space->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    bar->addWidget(space);
    for (const LayoutRow& row : layouts()) {
        auto* button = new QToolButton;
        button->setText(QString::fromLatin1(row.title));
        button->setCheckable(true);
        button->setAutoRaise(true);
        button->setToolTip(
            plainTip(tr("Layout %1: %2").arg(QString::fromLatin1(row.title), QString::fromLatin1(row.help))));
        connect(button, &QToolButton::clicked, this, [this, id = row.id] { m_docks->apply(id); });
        const auto update = [this, button, id = row.id] { button->setChecked(m_docks->current() == id); };
        connect(m_docks, &DockLayout::changed, button, update);
        bar->addWidget(button);
    }
    addToolBar(bar);
}

void MainWindow::fillRecent() {
    m_recent->clear();
    for (const QString& path : m_context.settings().recentFiles()) {
        QAction* action = m_recent->addAction(oneLine(fileName(path), 60).replace(u'&', QStringLiteral("&&")),
                                              this, [this, path] { m_launcher->open(path); });
        action->setToolTip(plainTip(path));
    }
    m_recent->setEnabled(!m_recent->isEmpty());
    m_recent->addSeparator();
    m_recent->addAction(verb("forget-recent"));
}

void MainWindow::openDialog() {
    pickFile(this, tr("Open Program"), tr("WebAssembly programs (*.wasm *.wat);;All files (*)"),
             [this](const QString& path) { m_launcher->open(path); });
}

void MainWindow::launchSettings() {
    auto* dialog = new LaunchDialog(m_context.theme(), m_launcher->options(), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog] { m_launcher->setOptions(dialog->options()); });
    connect(m_launcher, &Launcher::opening, dialog, &QDialog::reject);  // of another program
    dialog->open();
}

void MainWindow::openDemo() {
    const QString folder = examplesFolder();
    if (folder.isEmpty()) {
        m_notices->show({Notice::Kind::Error,
                         tr("Examples"),
                         tr("The bundled examples are not beside this program nor in the data folders; "
                            "reinstall, or open a program of your own."),
                         {{tr("Open Program…"), [this] { openDialog(); }}}});
        return;
    }
    debugger::LaunchOptions options;
    options.program = toUtf8(folder + QStringLiteral("/wordcount/wordcount.wasm"));
    options.capabilities.arguments = {"wordcount.wasm", "sample.txt"};
    options.capabilities.preopens = {
        {toUtf8(folder + QStringLiteral("/wordcount")), ".", wasi::MountKind::ReadOnly}};
    m_launcher->open(options, [this, folder] {
        if (m_launcher->memory()["breakpoints"].toArray().isEmpty())
            m_context.addBreakpoint(demoBreakpoint(folder));
        m_launcher->go();
    });
}

void MainWindow::palette() {
    std::vector<PickerItem> items;
    for (const VerbActions::Entry& entry : m_verbs->entries()) {
        items.push_back({.title = fromUtf8(entry.verb.title).remove(u'…'),
                         .detail = (entry.action->isEnabled() ? QString() : m_verbs->whyNot() + u' ') +
                                   fromUtf8(entry.verb.help),
                         .icon = fromUtf8(entry.verb.icon),
                         .keys = entry.action->shortcut().toString(QKeySequence::NativeText),
                         .enabled = entry.action->isEnabled(),
                         .choose = [action = entry.action] { action->trigger(); }});
    }
    (new Picker(m_context, this, tr("Type a command"), Picker::filtered(std::move(items))))->popUp();
}

void MainWindow::goToFile() {
    const auto source = [this](const QString& typed,
                               const std::function<void(std::vector<PickerItem>)>& answer) {
        m_context.post<debugger::GetSources>(
            this, {}, [=, this](const std::vector<debugger::SourceFileInfo>& files) {
                std::vector<PickerItem> items;
                for (const debugger::SourceFileInfo& file : files) {
                    const QString path = fromUtf8(file.path);
                    items.push_back(
                        {.title = fileName(path),
                         .detail = file.resolvedPath.empty() ? tr("not found here: %1").arg(path) : path,
                         .icon = QStringLiteral("file"),
                         .keys = {},
                         .enabled = true,
                         .choose = [=, this] { m_sources->open(path)->setFocus(); }});
                }
                m_context.post<debugger::GetModuleEntries>(
                    this, {.kind = "function", .filter = toUtf8(typed), .first = 0, .count = 100},
                    [=, this](const std::vector<debugger::ModuleEntry>& functions) {
                        std::vector<PickerItem> all = items;
                        for (const debugger::ModuleEntry& function : functions) {
                            all.push_back({.title = fromUtf8(function.name),
                                           .detail = fromUtf8(function.detail.empty() ? function.type
                                                                                      : function.detail),
                                           .icon = QStringLiteral("panel-disassembly"),
                                           .keys = hex(function.offset, 6),
                                           .enabled = true,
                                           .choose = [this, offset = function.offset] {
                                               emit m_context.offsetRequested(offset);
                                           }});
                        }
                        Picker::filtered(std::move(all))(typed, answer);
                    });
            });
    };
    (new Picker(m_context, this, tr("Name of a source file or function"), source))->popUp();
}

void MainWindow::showKeys() {
    std::vector<PickerItem> items;
    for (const VerbActions::Entry& entry : m_verbs->entries()) {
        const QString keys = entry.action->shortcut().toString(QKeySequence::NativeText);
        if (keys.isEmpty()) continue;
        items.push_back({.title = fromUtf8(entry.verb.title).remove(u'…'),
                         .detail = fromUtf8(entry.verb.help),
                         .icon = {},
                         .keys = keys,
                         .enabled = true,
                         .choose = [action = entry.action] { action->trigger(); }});
    }
    (new Picker(m_context, this, tr("Keys of all commands; type to find one"),
                Picker::filtered(std::move(items))))
        ->popUp();
}

void MainWindow::about() {
    auto* box = new QMessageBox(QMessageBox::NoIcon, tr("About Wasiscope"),
                                tr("Wasiscope %1\nA debugger and inspector for WASI "
                                   "programs.\n\nGPL-3.0-or-later. Built on Qt, QScintilla, libdwarf, "
                                   "nlohmann/json and others.")
                                    .arg(QApplication::applicationVersion()),
                                QMessageBox::Ok, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setIconPixmap(windowIcon().pixmap(64));
    box->open();
}

void MainWindow::moveFrame(int by) {
    const int64_t wanted = static_cast<int64_t>(m_context.frame()) + by;
    if (wanted >= 0) m_context.selectFrame(static_cast<uint32_t>(wanted));
}

void MainWindow::setTheme(Theme::Mode mode) {
    m_context.theme().setMode(mode);
    m_context.settings().set(kTheme, QString::fromLatin1(kThemes[static_cast<int>(mode)]));
}

void MainWindow::updateTitle() {
    const auto& module = m_context.module();
    setWindowTitle(module ? programName(*module) + QStringLiteral(" – Wasiscope")
                          : QStringLiteral("Wasiscope"));
    setWindowFilePath({});
}

void MainWindow::showStop() {
    m_middle->setCurrentWidget(m_sources);
    const debugger::StopInfo& stop = m_context.stop();
    if (stop.reason == debugger::StopReason::Trap) {
        m_context.notify(
            {.kind = Notice::Kind::Error,
             .title = tr("Trap"),
             .text = oneLine(stop.trapText.empty() ? stop.text : stop.trapText, 600),
             .choices = {{tr("Show Instruction"),
                          [this] { emit m_context.offsetRequested(m_context.location().offset); }},
                         {tr("Restart"), [this] { m_launcher->restart(); }}},
             .untilResumed = true});
    }
    if (!isActiveWindow()) QApplication::alert(this);
}

// The docks can be sized only once the window has its own size.
void MainWindow::showEvent(QShowEvent* event) {
    QMainWindow::showEvent(event);
    if (!std::exchange(m_wasShown, true)) m_docks->restore();
}

void MainWindow::closeEvent(QCloseEvent* event) {
    m_launcher->saveMemory();
    m_docks->save();
    m_context.settings().set(kGeometry, QString::fromLatin1(saveGeometry().toBase64()));
    m_context.settings().save();
    m_context.client().interrupt();
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    const QList<QUrl> urls = event->mimeData()->urls();
    if (!urls.isEmpty() && urls[0].isLocalFile()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    const QList<QUrl> urls = event->mimeData()->urls();
    event->acceptProposedAction();
    if (urls.size() > kDropLimit)
        m_notices->show(
            {Notice::Kind::Info, tr("Drop"),
             tr("One program is open at a time: the first of %1 files is opened.").arg(urls.size())});
    // Not from within the drop: the other side waits for it to end.
    QMetaObject::invokeMethod(
        this, [this, path = urls[0].toLocalFile()] { m_launcher->open(path); }, Qt::QueuedConnection);
}

}  // namespace ui
