// Capabilities: the ledger as a tree, grants and revocations, what a stop at a denied call offers, and copying as flags.
#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QFileDialog>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QToolButton>

#include "tests/ui/fixture.h"
#include "ui/launch_dialog.h"
#include "ui/launch_json.h"
#include "ui/panels/capabilities_panel.h"
#include "ui/widgets/views.h"
#include "wasi/capabilities_json.h"

using namespace ui;
using testing_ui::PanelTest;

namespace {

constexpr int kRefused = 0, kFolders = 1, kOthers = 4;
const wasi::Preopen kData{"/srv/data", "/data", wasi::MountKind::Real};
const wasi::Preopen kLacking{"/etc", "/etc", wasi::MountKind::ReadOnly};

wasi::Refusal refusal() {
    return {"path_open", "/etc/x", "no preopen covers /etc/x", kLacking, "--dir-ro /etc::/etc", 2, 7, 9};
}

wasi::GrantUse use(wasi::GrantKind kind, const char* name, const char* granted) {
    wasi::GrantUse use;
    use.kind = kind;
    use.name = name;
    use.granted = granted;
    return use;
}

wasi::LedgerView ledger() {
    wasi::LedgerView view;
    view.cataloguedFolders = true;
    wasi::GrantUse data = use(wasi::GrantKind::Directory, "/data", "read-write /srv/data");
    data.preopen = kData;
    data.isUsed = true;
    data.folder = "/data/in";
    data.calls = 12;
    data.bytesRead = 2048;
    data.first = 3;
    data.last = 40;
    data.byCall = {{"fd_read", 8}, {"path_open", 4}};
    view.grants.push_back(use(wasi::GrantKind::Arguments, "arguments", "2 arguments"));
    view.grants.push_back(use(wasi::GrantKind::Clock, "clock", "real"));
    view.grants.push_back(data);
    view.refusals.push_back(refusal());
    return view;
}

class CapabilitiesPanelTest : public PanelTest {
protected:
    void SetUp() override {
        m_fake->answer<debugger::GetLedger>([this](const debugger::GetLedger&) { return m_ledger; });
        m_fake->answer<debugger::GetCapabilities>([](const debugger::GetCapabilities&) {
            wasi::Capabilities c;
            c.arguments = {"demo.wasm", "a b"};
            c.preopens = {kData};
            return c;
        });
        m_fake->answer<debugger::GrantCapability>(
            [](const debugger::GrantCapability&) { return std::string("descriptor 4 is /etc"); });
        m_fake->answer<debugger::RevokeCapability>(
            [](const debugger::RevokeCapability&) { return std::string("/data is revoked"); });
    }
    std::unique_ptr<CapabilitiesPanel> loaded() {
        auto panel = std::make_unique<CapabilitiesPanel>(m_context);
        panel->resize(900, 400);
        panel->show();
        m_fake->load();
        settle();
        return panel;
    }
    static QModelIndex child(const CapabilitiesPanel& panel, int group, int row, int column = 0) {
        const auto* model = panel.findChild<TreeView*>()->model();
        return model->index(row, column, model->index(group, 0));
    }
    /// What the menu on a row offers; the one action of that text is done.
    QStringList menuOf(CapabilitiesPanel& panel, const QModelIndex& index, const QString& act = {}) {
        auto* view = panel.findChild<TreeView*>();
        view->setCurrentIndex(index);
        emit view->customContextMenuRequested(view->visualRect(index).center());
        QStringList texts;
        for (QMenu* menu : panel.findChildren<QMenu*>(QString(), Qt::FindDirectChildrenOnly))
            for (QAction* action : menu->actions()) {
                if (!action->isSeparator()) texts << action->text();
                if (action->text() == act) action->trigger();
            }
        for (QMenu* menu : panel.findChildren<QMenu*>(QString(), Qt::FindDirectChildrenOnly))
            menu->close();
        settle();
        return texts;
    }

    wasi::LedgerView m_ledger = ledger();
};

TEST_F(CapabilitiesPanelTest, ShowsGrantedUsedAndRefusedAsATree) {
    auto panel = loaded();
    auto* view = panel->findChild<TreeView*>();
    const QAbstractItemModelTester tester(view->model(),
                                          QAbstractItemModelTester::FailureReportingMode::Fatal);
    EXPECT_EQ(view->model()->index(kRefused, 0).data().toString(), "Refused · 1");
    EXPECT_EQ(view->model()->index(kFolders, 0).data().toString(), "Folders · 1");
    EXPECT_TRUE(view->isExpanded(view->model()->index(kRefused, 0)));
    EXPECT_EQ(child(*panel, kFolders, 0).data().toString(), "/data");
    EXPECT_EQ(child(*panel, kFolders, 0, 1).data().toString(), "read-write /srv/data");
    EXPECT_EQ(child(*panel, kFolders, 0, 2).data().toString(), "only read, below /data/in");
    EXPECT_EQ(child(*panel, kFolders, 0, 3).data().toString(), "12");
    EXPECT_EQ(child(*panel, kFolders, 0, 4).data().toString(), "2.00 KiB");
    EXPECT_EQ(child(*panel, kRefused, 0).data().toString(), "/etc/x");
    EXPECT_EQ(child(*panel, kRefused, 0, 2).data().toString(), "allowed by --dir-ro /etc::/etc");
    EXPECT_EQ(child(*panel, kOthers, 1, 2).data().toString(), "not used");
    view->expand(child(*panel, kFolders, 0));
    settle();
    const QModelIndex call = view->model()->index(0, 0, child(*panel, kFolders, 0));
    EXPECT_EQ(call.data().toString(), "fd_read");
    EXPECT_EQ(call.siblingAtColumn(3).data().toString(), "8");
}

TEST_F(CapabilitiesPanelTest, TheFirstRefusalIsSeenAtOnce) {
    m_ledger.refusals.clear();
    auto panel = loaded();
    auto* view = panel->findChild<TreeView*>();
    EXPECT_EQ(view->model()->index(kRefused, 0).data().toString(), "Refused");
    m_ledger = ledger();
    m_fake->emitEvent(debugger::SyscallsAppended{9});
    QTRY_COMPARE(child(*panel, kRefused, 0).data().toString(), QString("/etc/x"));
    EXPECT_TRUE(view->visualRect(child(*panel, kRefused, 0)).isValid());
}

TEST_F(CapabilitiesPanelTest, WhoLooksForARefusalThatOnlyALibraryKnowsLearnsHowToSeeIt) {
    m_ledger.refusals.clear();
    auto panel = loaded();
    const auto refused = [&] {
        return panel->findChild<TreeView*>()->model()->index(kRefused, 0).data().toString();
    };
    m_fake->run();
    m_fake->exit(0);
    settle();
    EXPECT_EQ(refused(), "Refused");
    m_fake->run();
    m_fake->exit(2);
    settle();
    EXPECT_TRUE(refused().contains("“Stop at denied calls”")) << refused().toStdString();
    debugger::BreakpointSpec spec;
    spec.kind = debugger::BreakpointSpec::Kind::Denied;
    m_context.addBreakpoint(spec);
    m_fake->exit(2);
    settle();
    EXPECT_EQ(refused(), "Refused");
}

TEST_F(CapabilitiesPanelTest, SaysWhatItWillShowWhileNothingIsLoaded) {
    CapabilitiesPanel panel(m_context);
    panel.show();
    EXPECT_TRUE(panel.isEmptyShown());
    m_fake->load();
    settle();
    EXPECT_FALSE(panel.isEmptyShown());
}

TEST_F(CapabilitiesPanelTest, GrantsWhatWasRefusedAndChangesTheModeOfAFolder) {
    auto panel = loaded();
    QSignalSpy edited(&m_context, &Context::capabilitiesEdited);
    menuOf(*panel, child(*panel, kRefused, 0), "Grant dir /etc::/etc ro");
    ASSERT_EQ(m_fake->asked<debugger::GrantCapability>().size(), 1u);
    EXPECT_EQ(m_fake->asked<debugger::GrantCapability>()[0].grant, wasi::Grant(kLacking));
    EXPECT_EQ(edited.count(), 1);
    menuOf(*panel, child(*panel, kFolders, 0), "Read Only");
    ASSERT_EQ(m_fake->asked<debugger::GrantCapability>().size(), 2u);
    const wasi::Preopen changed{"/srv/data", "/data", wasi::MountKind::ReadOnly};
    EXPECT_EQ(m_fake->asked<debugger::GrantCapability>()[1].grant, wasi::Grant(changed));
}

TEST_F(CapabilitiesPanelTest, RevokesByMenuAndByDelete) {
    auto panel = loaded();
    menuOf(*panel, child(*panel, kFolders, 0), "Revoke");
    ASSERT_EQ(m_fake->asked<debugger::RevokeCapability>().size(), 1u);
    EXPECT_EQ(m_fake->asked<debugger::RevokeCapability>()[0].name, "/data");
    auto* view = panel->findChild<TreeView*>();
    view->setCurrentIndex(child(*panel, kFolders, 0));
    QTest::keyClick(view, Qt::Key_Delete);
    settle();
    EXPECT_EQ(m_fake->asked<debugger::RevokeCapability>().size(), 2u);
    view->collapse(view->model()->index(kFolders, 0));
    emit m_context.capabilitiesEdited();
    settle();
    EXPECT_FALSE(view->isExpanded(view->model()->index(kFolders, 0))) << "what is closed stays closed";
}

TEST_F(CapabilitiesPanelTest, OffersToGrantAndRetryAtADeniedCall) {
    auto panel = loaded();
    std::vector<Notice> notices;
    QObject::connect(&m_context, &Context::noticed, panel.get(),
                     [&](const Notice& notice) { notices.push_back(notice); });
    QSignalSpy verbs(&m_context, &Context::verbRequested);
    QSignalSpy raised(&m_context, &Context::panelRequested);
    debugger::StopInfo stop;
    stop.reason = debugger::StopReason::Denied;
    stop.generation = 1;
    stop.refusal = refusal();
    m_fake->emitEvent(debugger::StateChanged{debugger::SessionState::Stopped, {}});
    m_fake->emitEvent(debugger::Stopped{stop});
    settle();
    ASSERT_EQ(notices.size(), 1u);
    EXPECT_EQ(notices[0].title, "path_open was denied");
    EXPECT_EQ(notices[0].text,
              "no preopen covers /etc/x. Grant dir /etc::/etc ro, and the call is made again.");
    EXPECT_TRUE(notices[0].untilResumed);
    EXPECT_EQ(raised.count(), 1);
    ASSERT_EQ(notices[0].choices.size(), 2u);
    EXPECT_EQ(notices[0].choices[0].text, "Grant and Retry");
    notices[0].choices[0].act();
    settle();
    EXPECT_EQ(m_fake->asked<debugger::GrantCapability>().size(), 1u);
    ASSERT_EQ(verbs.count(), 1);
    EXPECT_EQ(verbs[0][0].toString(), "continue");
}

TEST_F(CapabilitiesPanelTest, CopiesAsFlagsAndTheLeast) {
    auto panel = loaded();
    auto* copy = panel->findChild<QToolButton*>("copy-as");
    ASSERT_TRUE(copy);
    std::vector<QAction*> actions;
    for (QAction* action : copy->menu()->actions())
        if (!action->isSeparator()) actions.push_back(action);
    ASSERT_EQ(actions.size(), 16u);  // JSON, six runtimes, and into a file, twice
    const auto copied = [&](size_t i) {
        actions[i]->trigger();
        settle();
        return QApplication::clipboard()->text();
    };
    EXPECT_TRUE(copied(2).startsWith("wasmtime run --dir /srv/data::/data ")) << copied(2).toStdString();
    EXPECT_TRUE(copied(2).endsWith(" 'a b'")) << copied(2).toStdString();
    EXPECT_TRUE(copied(13).startsWith("wazero run -mount=/srv/data/in:/data/in:ro "))
        << copied(13).toStdString();
    EXPECT_TRUE(copied(8).contains("\"kind\": \"read-only\"")) << copied(8).toStdString();
    debugger::ModuleSummary module = *m_context.module();
    module.invoke = "gcd";
    module.invokeArguments = {"12", "-4"};
    m_fake->emitEvent(debugger::ModuleLoaded{module});
    settle();
    EXPECT_TRUE(copied(2).contains(" --invoke gcd ")) << copied(2).toStdString();
    EXPECT_TRUE(copied(2).endsWith(" 12 -4")) << copied(2).toStdString();
}

/// The question that is open is answered with that file.
void choose(const QWidget& asker, const QString& file) {
    const auto dialogs = asker.findChildren<QFileDialog*>();
    ASSERT_EQ(dialogs.size(), 1);
    dialogs[0]->setOption(QFileDialog::DontConfirmOverwrite);
    emit dialogs[0]->fileSelected(file);
    delete dialogs[0];
}

TEST_F(CapabilitiesPanelTest, SavesWhatIsGrantedAndTheLeast) {
    const QTemporaryDir folder;
    auto panel = loaded();
    const auto saved = [&](int which, const QString& file) {
        int seen = 0;
        for (QAction* action : panel->findChild<QToolButton*>("copy-as")->menu()->actions())
            if (action->text().startsWith("Save") && seen++ == which) action->trigger();
        settle();
        choose(*panel, folder.filePath(file));
        return wasi::loadCapabilities(folder.filePath(file).toStdString());
    };
    const auto all = saved(0, "all.json"), least = saved(1, "least.json");
    ASSERT_TRUE(all.ok() && least.ok());
    EXPECT_EQ(all->preopens[0].hostPath, "/srv/data");
    EXPECT_EQ(all->preopens[0].kind, wasi::MountKind::Real);
    EXPECT_EQ(least->preopens[0].hostPath, "/srv/data/in");
    EXPECT_EQ(least->preopens[0].kind, wasi::MountKind::ReadOnly);

    std::string told;
    QObject::connect(&m_context, &Context::noticed, panel.get(),
                     [&](const Notice& n) { told = n.text.toStdString(); });
    EXPECT_FALSE(saved(0, "no/such/folder.json").ok());
    EXPECT_NE(told.find("no/such/folder.json: cannot be written"), std::string::npos) << told;
}

TEST_F(CapabilitiesPanelTest, LaunchSettingsTakeAPolicyAndWriteOne) {
    const QTemporaryDir folder;
    const auto put = [&](const QString& name, const std::string& text) {
        QFile file(folder.filePath(name));
        ASSERT_TRUE(file.open(QIODevice::WriteOnly));
        file.write(QByteArray::fromStdString(text));
    };
    wasi::Capabilities policy;
    policy.arguments = {"demo.wasm", "one", "two"};
    policy.environment = {{"HOME", "/data"}};
    policy.preopens = {kLacking};
    policy.clock.kind = wasi::ClockGrant::Kind::Fixed;
    policy.clock.fixedNs = 5;
    policy.random.seed = 7;
    put("policy.json", wasi::toJson(policy));
    put("wrong.json", "{\"clock\": 3}");
    debugger::LaunchOptions options;
    options.program = "/programs/demo.wasm";
    options.capabilities.arguments = {"demo.wasm", "before"};
    options.capabilities.preopens = {kData};
    LaunchDialog dialog(m_theme, options);
    dialog.show();
    const auto press = [&](const QString& text, const QString& file) {
        for (auto* button : dialog.findChildren<QPushButton*>())
            if (button->text().remove(u'&').startsWith(text)) button->click();
        choose(dialog, folder.filePath(file));
    };
    const auto told = [&] {
        QString all;
        for (auto* label : dialog.findChildren<QLabel*>())
            if (label->isVisible()) all += label->text();
        return all;
    };
    press("Load", "wrong.json");
    EXPECT_TRUE(told().contains("wrong.json")) << told().toStdString();
    EXPECT_EQ(dialog.options().capabilities.arguments, options.capabilities.arguments);
    put("no-arguments.json", "{}");
    dialog.findChild<QPlainTextEdit*>()->setPlainText("typed");
    press("Load", "no-arguments.json");
    EXPECT_EQ(dialog.options().capabilities.arguments, (std::vector<std::string>{"demo.wasm", "typed"}));
    EXPECT_TRUE(dialog.options().capabilities.preopens.empty());
    press("Load", "policy.json");
    const auto taken = dialog.options().capabilities;
    EXPECT_EQ(taken.arguments, policy.arguments);
    EXPECT_EQ(taken.environment, policy.environment);
    ASSERT_EQ(taken.preopens.size(), 1u);
    EXPECT_EQ(taken.preopens[0].guestPath, "/etc");
    EXPECT_EQ(taken.preopens[0].kind, wasi::MountKind::ReadOnly);
    EXPECT_EQ(taken.clock.fixedNs, 5u);
    EXPECT_EQ(taken.random.seed, 7u);
    EXPECT_EQ(taken.standardOutput.kind, wasi::StdioKind::Session);
    press("Save", "written.json");
    const auto written = wasi::loadCapabilities(folder.filePath("written.json").toStdString());
    ASSERT_TRUE(written.ok());
    EXPECT_EQ(*written, taken);
}

TEST_F(CapabilitiesPanelTest, TheSwitchStandsForTheBreakpoint) {
    auto panel = loaded();
    auto* stops = panel->findChild<QToolButton*>("stop-at-denied");
    QSignalSpy verbs(&m_context, &Context::verbRequested);
    EXPECT_FALSE(stops->isChecked());
    stops->click();
    ASSERT_EQ(verbs.count(), 1);
    EXPECT_EQ(verbs[0][0].toString(), "break-denied");
    debugger::BreakpointSpec spec;
    spec.kind = debugger::BreakpointSpec::Kind::Denied;
    m_context.addBreakpoint(spec);
    settle();
    EXPECT_TRUE(stops->isChecked());
}

TEST(LaunchJson, RemembersEveryCapability) {
    debugger::LaunchOptions options;
    wasi::Capabilities& c = options.capabilities;
    c.arguments = {"demo.wasm", "x"};
    c.environment = {{"B", "2"}, {"A", "1"}};
    c.preopens = {kData, kLacking};
    c.listeners = {{"127.0.0.1", 8080}};
    c.clock = {wasi::ClockGrant::Kind::Offset, 0, 1.0, -5'000'000'000};
    c.random.seed = ~uint64_t{0};
    c.budgets.maxVirtualBytes = uint64_t{1} << 60;
    c.standardInput = {wasi::StdioKind::File, "/tmp/in"};
    options.stopAtEntry = true;
    debugger::LaunchOptions again;
    fromJson(toJson(options), again);
    EXPECT_EQ(again.capabilities.preopens, c.preopens);
    EXPECT_EQ(again.capabilities.listeners, c.listeners);
    EXPECT_EQ(again.capabilities.clock, c.clock);
    EXPECT_EQ(again.capabilities.random, c.random);
    EXPECT_EQ(again.capabilities.budgets, c.budgets);
    EXPECT_EQ(again.capabilities.standardInput, c.standardInput);
    EXPECT_EQ(again.capabilities.environment.size(), 2u);
    EXPECT_TRUE(again.stopAtEntry);
}

}  // namespace
