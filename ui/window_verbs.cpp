#include "ui/window_verbs.h"

#include <algorithm>

#include "ui/plain_text.h"

namespace ui {
namespace {

using debugger::Verb;
using enum debugger::SessionState;

constexpr debugger::StateMask kAlways = ~0u;
constexpr debugger::StateMask kLoaded = debugger::in({Ready, Running, Stopped, Waiting, Exited});

// clang-format off
constexpr Verb row(std::string_view id, std::string_view title, std::string_view icon, std::string_view shortcut,
                   std::string_view help, debugger::StateMask allowed = kAlways) {
    return {id, title, icon, shortcut, {}, {}, {}, help, {}, allowed};
}

constexpr Verb kWindowVerbs[] = {
    row("launch-settings", "Launch Settings…",    "settings", "Ctrl+L",   "Arguments, environment, directories and source paths of this program.", kLoaded),
    row("forget-recent",   "Clear Recent Files",  "",         "",         "Empties the list of recently opened programs."),
    row("show-current",    "Show Where It Stands", "current", "Ctrl+.",   "Goes to the line of the selected frame.", debugger::in({Stopped})),
    row("focus-input",     "Type Input",          "panel-console", "F4",    "Goes to Console's input line: what is typed there is the program's stdin.", debugger::in({Running, Stopped, Waiting})),
    row("find-previous",   "Find Previous",       "",         "Shift+F3", "Goes to the previous match."),
    row("zoom-in",         "Larger Text",         "",         "Ctrl++",   "Enlarges the text of all code views."),
    row("zoom-out",        "Smaller Text",        "",         "Ctrl+-",   "Makes the text of all code views smaller."),
    row("zoom-reset",      "Normal Text Size",    "",         "Ctrl+0",   "The size that the desktop sets."),
    row("theme-desktop",   "Follow the Desktop",  "",         "",         "Light or dark as the desktop is."),
    row("theme-light",     "Light",               "",         "",         "Dark text on a light ground."),
    row("theme-dark",      "Dark",                "",         "",         "Light text on a dark ground."),
    row("about",           "About Wasiscope",     "info",     "",         "Version and licences."),
};
// clang-format on

/// What a trapped program cannot do, though it is stopped.
constexpr std::string_view kGoOn[] = {"continue",     "step-over",        "step-into",
                                      "step-out",     "step-instruction", "step-instruction-over",
                                      "run-to-cursor"};

bool goesOn(const Verb& verb) {
    return std::find(std::begin(kGoOn), std::end(kGoOn), verb.id) != std::end(kGoOn);
}

/// Why a verb is disabled now, and what enables it.
QString whyNot(const Context& context) {
    switch (context.state()) {
    case Empty:
    case Failed: return QObject::tr("No program is open: open one first (Ctrl+O).");
    case Loading: return QObject::tr("The program is still being loaded.");
    case Ready: return QObject::tr("The program does not run: start it first (F5).");
    case Running:
    case Waiting: return QObject::tr("The program runs: pause it first (F6).");
    case Stopped:
        return context.hasTrapped()
                   ? QObject::tr(
                         "The program has trapped and cannot go on: Restart (Ctrl+Shift+F5) runs it again.")
                   : QObject::tr("The program is stopped already.");
    case Exited: return QObject::tr("The program has ended: Restart (Ctrl+Shift+F5) runs it again.");
    }
    return {};
}

}  // namespace

std::span<const debugger::Verb> windowVerbs() { return kWindowVerbs; }

VerbActions::VerbActions(Context& context, QWidget* window)
    : QObject(window), m_context(context), m_window(window) {
    for (const auto table : {debugger::verbs(), windowVerbs()}) {
        for (const debugger::Verb& verb : table) {
            const QString id = fromUtf8(verb.id);
            if (m_index.contains(id)) continue;  // the debugger's row counts
            m_index.insert(id, m_entries.size());
            m_entries.push_back({verb, nullptr});
        }
    }
    connect(&context, &Context::stateChanged, this, &VerbActions::update);
    connect(&context, &Context::stopped, this, &VerbActions::update);
    connect(&context, &Context::staleChanged, this, &VerbActions::update);
    connect(&context, &Context::verbRequested, this, &VerbActions::trigger);
}

QAction* VerbActions::make(const debugger::Verb& verb) {
    auto* action = new QAction(fromUtf8(verb.title), m_window);
    action->setObjectName(fromUtf8(verb.id));
    action->setIcon(m_context.theme().icon(fromUtf8(verb.icon)));
    action->setShortcut(QKeySequence(fromUtf8(verb.shortcut)));
    action->setShortcutContext(Qt::WindowShortcut);
    m_window->addAction(action);
    return action;
}

QAction* VerbActions::handle(const QString& id, std::function<void()> function) {
    const auto found = m_index.constFind(id);
    if (found == m_index.cend()) return nullptr;
    Entry& entry = m_entries[*found];
    if (!entry.action) entry.action = make(entry.verb);
    connect(entry.action, &QAction::triggered, this, std::move(function));
    update();
    return entry.action;
}

QAction* VerbActions::handleAlways(const QString& id, std::function<void()> function) {
    const auto found = m_index.constFind(id);
    if (found != m_index.cend()) m_entries[*found].verb.allowed = kAlways;
    return handle(id, std::move(function));
}

QString VerbActions::whyNot() const { return ui::whyNot(m_context); }

QAction* VerbActions::add(const QString& id, const QString& title, const QString& icon, const QString& help,
                          std::function<void()> function) {
    const auto keep = [this](const QString& text) -> std::string_view {
        return *m_texts.emplace_back(std::make_unique<std::string>(toUtf8(text)));
    };
    m_index.insert(id, m_entries.size());
    m_entries.push_back({{.id = keep(id),
                          .title = keep(title),
                          .icon = keep(icon),
                          .shortcut = {},
                          .word = {},
                          .aliases = {},
                          .usage = {},
                          .help = keep(help),
                          .dap = {},
                          .allowed = kAlways},
                         nullptr});
    return handle(id, std::move(function));
}

QAction* VerbActions::action(const QString& id) const {
    const auto found = m_index.constFind(id);
    return found == m_index.cend() ? nullptr : m_entries[*found].action;
}

std::vector<VerbActions::Entry> VerbActions::entries() const {
    std::vector<Entry> handled;
    for (const Entry& entry : m_entries) {
        if (entry.action) handled.push_back(entry);
    }
    return handled;
}

void VerbActions::trigger(const QString& id) {
    if (QAction* found = action(id)) found->trigger();
}

void VerbActions::update() {
    // Between the two stops of a step nothing blinks.
    if (m_context.isBetweenStops()) return;
    const debugger::StateMask now = 1u << static_cast<unsigned>(m_context.state());
    for (const Entry& entry : m_entries) {
        if (!entry.action) continue;
        const bool enabled =
            (entry.verb.allowed & now) != 0 && !(m_context.hasTrapped() && goesOn(entry.verb));
        entry.action->setEnabled(enabled);
        entry.action->setToolTip(tipOf(entry, enabled ? QString() : whyNot()));
    }
}

QString VerbActions::tipOf(const Entry& entry, const QString& whyNot) {
    const QString keys = entry.action->shortcut().toString(QKeySequence::NativeText);
    QString tip = fromUtf8(entry.verb.title).remove(u'…');
    if (!keys.isEmpty()) tip += QStringLiteral(" (%1)").arg(keys);
    tip += u'\n' + fromUtf8(entry.verb.help);
    if (!whyNot.isEmpty()) tip += u'\n' + whyNot;
    return plainTip(tip);
}

}  // namespace ui
