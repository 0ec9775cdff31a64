#include "ui/launcher.h"

#include <QCryptographicHash>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QPointer>
#include <algorithm>

#include "ui/launch_json.h"
#include "ui/plain_text.h"
#include "ui/script_trust.h"
#include "wasi/mock_json.h"
#include "wasi/script/switch_off.h"

namespace ui {

using debugger::SessionState;

namespace {

QJsonObject mocksToJson(const std::vector<wasi::MockInfo>& mocks) {
    std::vector<wasi::MockRule> rules;
    for (const wasi::MockInfo& mock : mocks)
        rules.push_back(mock.rule);
    return QJsonDocument::fromJson(QByteArray::fromStdString(wasi::mocksJson(rules))).object();
}

}  // namespace

Launcher::Launcher(Context& context, QObject* parent) : QObject(parent), m_context(context) {
    // What is granted while the program runs is remembered with it.
    connect(&context, &Context::capabilitiesEdited, this, [this] {
        m_context.post<debugger::GetCapabilities>(this, {},
                                                  [this, open = m_opens](const wasi::Capabilities& granted) {
                                                      if (open != m_opens) return;
                                                      m_options.capabilities = granted;
                                                      m_told = toJson(m_options);
                                                  });
    });
}

Launcher::~Launcher() = default;

void Launcher::open(const QString& path) {
    debugger::LaunchOptions options;
    options.program = toUtf8(QFileInfo(path).absoluteFilePath());
    options.capabilities.arguments = {toUtf8(QFileInfo(path).fileName())};
    fromJson(m_context.settings().program(path)["launch"].toObject(), options);
    open(options);
}

void Launcher::open(const debugger::LaunchOptions& options, std::function<void()> then) {
    saveMemory();
    ++m_opens;
    m_isStarting = false;
    m_options = options;
    // The window shows what the program prints and sends it what is typed; it has no terminal.
    wasi::Capabilities& granted = m_options.capabilities;
    for (wasi::StdioGrant* stdio :
         {&granted.standardInput, &granted.standardOutput, &granted.standardError}) {
        if (stdio->kind == wasi::StdioKind::Inherit) stdio->kind = wasi::StdioKind::Session;
    }
    const QString path = fromUtf8(options.program);
    m_memory = m_context.settings().program(path);
    emit opening(path);
    if (m_options.mocks.empty()) m_options.mocks = rememberedMocks();
    forgetBreakpoints();
    load([this, path, then = std::move(then)] {
        forgetBreakpoints();      // those that were still being set
        m_options.mocks.clear();  // from here on the session keeps them, as they are edited
        m_context.settings().addRecentFile(path);
        restoreBreakpoints();
        emit opened(path);
        tellSwitchedOff();
        if (then) then();
    });
}

void Launcher::load(std::function<void()> then) {
    m_told = toJson(m_options);
    m_context.post<debugger::Load>(
        this, {m_options},
        [this, open = m_opens, then](const debugger::ModuleSummary&) {
            if (open == m_opens) then();
        },
        [this, open = m_opens, then](const engine::Error& error) {
            if (open != m_opens) return;
            m_isStarting = false;
            std::vector<std::string> scripts;
            for (const wasi::MockRule& rule : m_options.mocks)
                if (!rule.script.empty()) scripts.push_back(rule.script);
            emit failed(fromUtf8(m_options.program), fromUtf8(error.text()));
            if (error.code == engine::ErrorCode::Denied)
                offerTrust(m_context, scripts, m_options.trustedFolders, [launcher = QPointer(this), then] {
                    if (launcher) launcher->load(then);
                });
        });
}

void Launcher::forgetBreakpoints() {
    for (const auto& [id, breakpoint] : std::map(m_context.breakpoints()))
        m_context.removeBreakpoint(id);
}

QString Launcher::fingerprint() const {
    QFile file(fromUtf8(m_options.program));
    if (!file.open(QIODevice::ReadOnly)) return {};
    QCryptographicHash hash(QCryptographicHash::Sha256);
    hash.addData(QByteArray::number(file.size()));
    hash.addData(file.read(1 << 20));
    return QString::fromLatin1(hash.result().toHex().left(32));
}

void Launcher::restoreBreakpoints() {
    const bool sameFile = m_memory["fingerprint"].toString() == fingerprint();
    for (const QJsonValue value : m_memory["breakpoints"].toArray()) {
        debugger::BreakpointSpec spec = breakpointFromJson(value.toObject());
        // An offset means nothing in another build, nor does an address.
        const bool isAddress = spec.kind == debugger::BreakpointSpec::Kind::Watch && spec.expression.empty();
        if (!sameFile && (isAddress || spec.kind == debugger::BreakpointSpec::Kind::Offset)) continue;
        if (!sameFile) spec.offset = 0;
        m_context.restoreBreakpoint(spec);
    }
}

/// An unreadable file of settings mocks nothing, and says so; rules whose script has gone, fails or may not run any more are off, so that
/// the program opens.
std::vector<wasi::MockRule> Launcher::rememberedMocks() {
    m_off.clear();
    m_why.clear();
    if (!m_memory.contains("mocks")) return {};
    auto rules = wasi::parseMocks(QJsonDocument(m_memory["mocks"].toObject()).toJson().toStdString());
    if (rules) {
        std::vector<wasi::MockRule*> all;
        for (wasi::MockRule& rule : *rules)
            all.push_back(&rule);
        switchOffFailing(all);
        return std::move(*rules);
    }
    m_context.notify({Notice::Kind::Warning,
                      tr("The mocks remembered with this program are left out"),
                      fromUtf8(rules.error().message),
                      {}});
    return {};
}

void Launcher::switchOffFailing(const std::vector<wasi::MockRule*>& rules) {
    auto trust = wasi::TrustedFolders::ofUser();
    if (!trust.ok()) trust = wasi::TrustedFolders();
    for (const std::string& folder : m_options.trustedFolders)
        (void)trust.value().add(folder);
    m_why = wasi::switchOffFailing(rules, trust.value());
    m_off.clear();
    for (const wasi::MockRule* rule : rules)
        if (!rule->enabled && m_why.contains(rule->script)) m_off.push_back(*rule);
}

void Launcher::tellSwitchedOff() {
    const auto again = [launcher = QPointer(this)] {
        if (launcher) launcher->switchOnAgain();
    };
    for (const auto& [script, error] : m_why) {
        if (error.code == engine::ErrorCode::Denied &&
            offerTrust(m_context, {script}, m_options.trustedFolders, again))
            continue;
        m_context.notify({Notice::Kind::Warning,
                          tr("Remembered mocks are switched off"),
                          oneLine(error.message, 1000),
                          {{tr("Try Again"), again}}});
    }
}

/// Those of them that can be loaded by now, if they have not been edited since.
void Launcher::switchOnAgain() {
    std::vector<wasi::MockEntry> entries;
    for (const wasi::MockInfo& info : m_context.mocks())
        entries.push_back({info.id, info.rule});
    std::vector<wasi::MockRule*> chosen;
    for (wasi::MockEntry& entry : entries) {
        if (std::find(m_off.begin(), m_off.end(), entry.rule) == m_off.end()) continue;
        entry.rule.enabled = true;
        chosen.push_back(&entry.rule);
    }
    switchOffFailing(chosen);
    m_context.setMocks(std::move(entries));
    tellSwitchedOff();
}

void Launcher::saveMemory() {
    if (m_options.program.empty() || !m_context.module()) return;
    QJsonArray breakpoints;
    for (const auto& [id, breakpoint] : m_context.breakpoints()) {
        if (!breakpoint.spec.temporary && breakpoint.scope.empty())
            breakpoints.append(toJson(breakpoint.spec));
    }
    QJsonObject memory{
        {"fingerprint", fingerprint()}, {"breakpoints", breakpoints}, {"launch", toJson(m_options)}};
    if (!m_context.mocks().empty()) memory["mocks"] = mocksToJson(m_context.mocks());
    emit remembering(memory);
    if (memory == m_memory) return;
    m_memory = memory;
    m_context.settings().setProgram(fromUtf8(m_options.program), memory);
}

void Launcher::setOptions(const debugger::LaunchOptions& options) {
    m_options = options;
    saveMemory();
    const SessionState state = m_context.state();
    if (state == SessionState::Ready || state == SessionState::Exited || state == SessionState::Failed)
        return load([] {});
    m_context.notify({Notice::Kind::Info,
                      tr("Launch settings"),
                      tr("They take effect at the next start."),
                      {{tr("Restart"), [this] { restart(); }}}});
}

void Launcher::mapSources(const QString& from, const QString& to) {
    m_options.pathMap.emplace_back(toUtf8(from), toUtf8(to));
    setOptions(m_options);
}

void Launcher::go() {
    switch (m_context.state()) {
    case SessionState::Stopped:
        if (m_context.canGoOn()) m_context.post<debugger::Resume>(this, {});
        break;
    case SessionState::Ready:
    case SessionState::Exited: start(m_options.stopAtEntry); break;
    case SessionState::Empty:
    case SessionState::Failed: m_context.perform(QStringLiteral("open")); break;
    case SessionState::Loading:
    case SessionState::Running:
    case SessionState::Waiting: break;
    }
}

void Launcher::goToEntry() { start(true); }

void Launcher::start(bool stopAtEntry) {
    m_isStarting = true;
    if (toJson(m_options) == m_told)
        begin(stopAtEntry);
    else
        load([this, stopAtEntry] { begin(stopAtEntry); });
}

void Launcher::begin(bool stopAtEntry) {
    m_isStarting = true;
    const auto started = [this](const debugger::Done&) { m_isStarting = false; };
    m_context.post<debugger::Start>(this, {{}, stopAtEntry}, started, [=, this](const engine::Error& error) {
        m_isStarting = false;
        m_context.reportError(error);
        if (error.code != engine::ErrorCode::Denied) return;
        std::vector<std::string> scripts;
        for (const wasi::MockInfo& info : m_context.mocks())
            if (info.rule.enabled && !info.rule.script.empty()) scripts.push_back(info.rule.script);
        offerTrust(m_context, scripts, m_options.trustedFolders, [launcher = QPointer(this), stopAtEntry] {
            if (launcher) launcher->begin(stopAtEntry);
        });
    });
}

void Launcher::restart() {
    m_context.post<debugger::Terminate>(this, {}, [this, open = m_opens](const debugger::Done&) {
        if (open == m_opens) start(m_options.stopAtEntry);
    });
}

void Launcher::terminate() { m_context.post<debugger::Terminate>(this, {}); }

}  // namespace ui
