#include "ui/status_bar.h"

#include <QHBoxLayout>

#include "ui/plain_text.h"

namespace ui {

using debugger::SessionState;
using debugger::StopReason;

namespace {

StateText stoppedText(const Context& context) {
    const debugger::StopInfo& stop = context.stop();
    const QString text = oneLine(stop.text, 400);
    switch (stop.reason) {
    case StopReason::Trap: return {QStringLiteral("Trapped"), text, QStringLiteral("trap"), Tone::Error};
    case StopReason::Breakpoint:
        return {QStringLiteral("Stopped"), text, QStringLiteral("breakpoint"), Tone::Changed};
    case StopReason::Exception:
        return {QStringLiteral("Exception"), text, QStringLiteral("trap"), Tone::Error};
    case StopReason::HostCall:
        return {QStringLiteral("Stopped"), text, QStringLiteral("panel-calls"), Tone::Changed};
    case StopReason::Denied:
        return {QStringLiteral("Denied"), text, QStringLiteral("panel-capabilities"), Tone::Denied};
    case StopReason::Watchpoint:
        return {QStringLiteral("Stopped"), text, QStringLiteral("watchpoint"), Tone::Changed};
    default: return {QStringLiteral("Stopped"), text, QStringLiteral("current"), Tone::Changed};
    }
}

StateText exitedText(const Context& context) {
    const bool isGood = context.exitCode() == 0;
    return {QStringLiteral("Exited"), context.stateDetail(),
            isGood ? QStringLiteral("done") : QStringLiteral("ended"), isGood ? Tone::Good : Tone::Changed};
}

}  // namespace

StateText stateText(const Context& context) {
    switch (context.state()) {
    case SessionState::Empty:
        return {QStringLiteral("No program"), QStringLiteral("Open one to begin"), QStringLiteral("open"),
                Tone::Dim};
    case SessionState::Loading:
        return {QStringLiteral("Loading"), fileName(context.stateDetail()), QStringLiteral("recent"),
                Tone::Accent};
    case SessionState::Ready: {
        const QString why = context.stateDetail();
        return {QStringLiteral("Ready"),
                why.isEmpty() ? QStringLiteral("F5 starts it · F10 stops at its entry") : why,
                QStringLiteral("run"), Tone::Good};
    }
    case SessionState::Running:
        return {QStringLiteral("Running"), QStringLiteral("F6 pauses it"), QStringLiteral("run"), Tone::Good};
    case SessionState::Waiting:
        return {QStringLiteral("Waiting"),
                context.waitsForInput()
                    ? QStringLiteral("for %1 · F4 goes to Console's input line").arg(context.stateDetail())
                    : QStringLiteral("for %1 · F6 pauses it").arg(context.stateDetail()),
                context.waitsForInput() ? QStringLiteral("panel-console") : QStringLiteral("recent"),
                Tone::Accent};
    case SessionState::Stopped: return stoppedText(context);
    case SessionState::Exited: return exitedText(context);
    case SessionState::Failed:
        return {QStringLiteral("Not loaded"), context.stateDetail(), QStringLiteral("error"), Tone::Error};
    }
    return {};
}

StatusBar::StatusBar(Context& context, QWidget* parent) : QStatusBar(parent), m_context(context) {
    setSizeGripEnabled(false);
    setContentsMargins(0, 0, 8, 0);
    m_sign = new QLabel;
    m_word = new ElidedLabel;
    m_word->setBold(true);
    m_text = new ElidedLabel;
    m_text->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
    m_place = new ElidedLabel(Qt::ElideMiddle);
    m_module = new ElidedLabel(Qt::ElideMiddle);
    m_work = new QLabel;
    m_work->setTextFormat(Qt::PlainText);
    m_progress = new QProgressBar;
    m_progress->setFixedWidth(120);
    m_progress->setMaximumHeight(fontMetrics().height());
    m_progress->setTextVisible(false);
    m_cancel = new QToolButton;
    m_cancel->setText(tr("Cancel"));
    m_cancel->setToolTip(tr("Breaks off the work that is shown here"));
    connect(m_cancel, &QToolButton::clicked, this, [this] { m_context.client().interrupt(); });

    // Left to right: sign, state, why and where; work; place; program.
    auto* state = new QWidget;
    auto* layout = new QHBoxLayout(state);
    layout->setContentsMargins(8, 0, 8, 0);
    layout->setSpacing(6);
    layout->addWidget(m_sign);
    layout->addWidget(m_word);
    layout->addWidget(m_text, 1);
    addWidget(state, 1);
    for (QWidget* widget : {static_cast<QWidget*>(m_work), static_cast<QWidget*>(m_progress),
                            static_cast<QWidget*>(m_cancel)}) {
        addPermanentWidget(widget);
        widget->hide();
    }
    addPermanentWidget(m_place);
    addPermanentWidget(m_module);

    connect(&context, &Context::stateChanged, this, &StatusBar::update);
    connect(&context, &Context::stopped, this, &StatusBar::update);
    connect(&context, &Context::exited, this, &StatusBar::update);
    connect(&context, &Context::staleChanged, this, &StatusBar::update);
    connect(&context, &Context::frameSelected, this, &StatusBar::update);
    connect(&context, &Context::moduleLoaded, this, &StatusBar::update);
    connect(&context, &Context::progressed, this, &StatusBar::showProgress);
    connect(&context.theme(), &Theme::changed, this, &StatusBar::update);
    update();
}

QString StatusBar::text() const { return m_word->text() + u' ' + m_text->text(); }

void StatusBar::update() {
    if (m_context.isBetweenStops()) return;
    const StateText now = stateText(m_context);
    m_sign->setPixmap(m_context.theme().icon(now.icon).pixmap(16));
    QPalette palette = m_word->palette();
    palette.setColor(m_word->foregroundRole(), m_context.theme().color(now.tone));
    m_word->setPalette(palette);
    m_word->setText(now.word);
    m_text->setText(now.text);

    const bool stands = m_context.isStopped();
    m_place->setVisible(stands);
    if (stands) {
        const debugger::Location& at = m_context.location();
        m_place->setText(
            QStringLiteral("%1  offset %2").arg(oneLine(at.functionName, 60), hex(at.offset, 6)));
    }
    const auto& module = m_context.module();
    m_module->setVisible(module.has_value());
    if (!module) return;
    m_module->setText(QStringLiteral("%1 · %2").arg(programName(*module), debugInfoText(*module)));
    QString tip = fromUtf8(module->path) + u'\n' + byteSize(module->bytes);
    for (const std::string& problem : module->problems)
        tip += u'\n' + oneLine(problem, 300);
    m_module->setToolTip(plainTip(tip));
}

void StatusBar::showProgress(const debugger::Progress& progress) {
    for (QWidget* widget :
         {static_cast<QWidget*>(m_work), static_cast<QWidget*>(m_progress), static_cast<QWidget*>(m_cancel)})
        widget->setVisible(!progress.finished);
    m_work->setText(oneLine(progress.what, 80));
    m_progress->setRange(0, progress.total > 0 ? 1000 : 0);
    if (progress.total > 0)
        m_progress->setValue(static_cast<int>(progress.done * 1000.0 / static_cast<double>(progress.total)));
}

}  // namespace ui
