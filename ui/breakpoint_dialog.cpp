#include "ui/breakpoint_dialog.h"

#include <QCheckBox>
#include <QDialog>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSpinBox>
#include <QVBoxLayout>

#include "ui/plain_text.h"
#include "ui/widgets/menu.h"

namespace ui {

using debugger::BreakpointSpec;

namespace {
/// By WatchAccess.
constexpr const char* kWatchWords[] = {"watch", "wwatch", "rwatch", "awatch"};
}  // namespace

QString placeOf(const BreakpointSpec& spec) {
    switch (spec.kind) {
    case BreakpointSpec::Kind::Line:
        return QStringLiteral("%1:%2").arg(fileName(fromUtf8(spec.file))).arg(spec.line);
    case BreakpointSpec::Kind::Function: return fromUtf8(spec.function);
    case BreakpointSpec::Kind::Offset: return u'*' + hex(spec.offset);
    case BreakpointSpec::Kind::HostCall: return QStringLiteral("call ") + fromUtf8(spec.function);
    case BreakpointSpec::Kind::Exception:
        return spec.uncaughtOnly ? QStringLiteral("throw uncaught") : QStringLiteral("throw");
    case BreakpointSpec::Kind::Watch: {
        const QString word = QLatin1String(kWatchWords[static_cast<size_t>(spec.access)]) + u' ';
        if (!spec.expression.empty()) return word + fromUtf8(spec.expression);
        const QString memory = spec.memory ? QStringLiteral(",%1").arg(spec.memory) : QString();
        return word + QStringLiteral("%1,%2").arg(hex(spec.address)).arg(spec.length) + memory;
    }
    case BreakpointSpec::Kind::Denied: return QStringLiteral("denied");
    }
    return {};
}

namespace {

/// "watch x", "rwatch 0x400,4"; false: it is something else.
bool readWatch(const QString& place, BreakpointSpec& spec) {
    for (size_t i = 0; i < std::size(kWatchWords); ++i) {
        const QString word = QLatin1String(kWatchWords[i]) + u' ';
        if (!place.startsWith(word)) continue;
        const QString what = place.mid(word.size()).trimmed();
        spec.kind = BreakpointSpec::Kind::Watch;
        spec.access = static_cast<debugger::WatchAccess>(i);
        const QStringList parts = what.split(u',');
        bool isAddress = false, isLength = false, isMemory = true;
        if (parts.size() == 2 || parts.size() == 3) {
            spec.address = parts[0].trimmed().toULongLong(&isAddress, 0);
            spec.length = parts[1].trimmed().toULongLong(&isLength, 0);
            if (parts.size() == 3) spec.memory = parts[2].trimmed().toUInt(&isMemory, 0);
        }
        if (isAddress && isLength && isMemory) return true;
        spec.address = spec.length = spec.memory = 0;
        spec.expression = toUtf8(what);
        return true;
    }
    return false;
}

}  // namespace

engine::Result<BreakpointSpec> breakpointFromText(const QString& text) {
    BreakpointSpec spec;
    QString place = text.trimmed();
    if (const qsizetype condition = place.indexOf(QStringLiteral(" if ")); condition >= 0) {
        spec.condition = toUtf8(place.mid(condition + 4).trimmed());
        place = place.left(condition).trimmed();
    }
    const auto bad = [](const char* why) { return engine::Error{engine::ErrorCode::BadArgument, why}; };
    if (place.isEmpty())
        return bad(
            "say where: FILE:LINE, FUNCTION, *OFFSET, call NAME, throw [uncaught], denied or watch EXPR");
    bool ok = false;
    if (readWatch(place, spec)) return spec;
    if (place.startsWith(u'*')) {
        spec.kind = BreakpointSpec::Kind::Offset;
        spec.offset = place.mid(1).trimmed().toUInt(&ok, 0);
        if (!ok) return bad("an offset is a number, such as *0x1f3");
    } else if (place.startsWith(QStringLiteral("call "))) {
        spec.kind = BreakpointSpec::Kind::HostCall;
        spec.function = toUtf8(place.mid(5).trimmed());
    } else if (place == QStringLiteral("throw") || place == QStringLiteral("throw uncaught")) {
        spec.kind = BreakpointSpec::Kind::Exception;
        spec.uncaughtOnly = place.endsWith(QStringLiteral("uncaught"));
    } else if (place == QStringLiteral("denied")) {
        spec.kind = BreakpointSpec::Kind::Denied;
    } else if (const qsizetype colon = place.lastIndexOf(u':'); colon > 0 && place[colon - 1] != u':') {
        spec.file = toUtf8(place.left(colon));
        spec.line = place.mid(colon + 1).toUInt(&ok);
        if (!ok || spec.line == 0) return bad("behind the colon stands a line number, as in main.c:12");
    } else {
        spec.kind = BreakpointSpec::Kind::Function;
        spec.function = toUtf8(place);
    }
    return spec;
}

QMenu* addWatchpointMenu(QMenu& menu, Context& context, BreakpointSpec spec) {
    constexpr const char* kTitles[] = {"Changes", "Is Written", "Is Read", "Is Read or Written"};
    QMenu* accesses =
        menu.addMenu(context.theme().icon(QStringLiteral("watchpoint")), QObject::tr("Stop When It"));
    spec.kind = BreakpointSpec::Kind::Watch;
    for (size_t i = 0; i < std::size(kTitles); ++i) {
        spec.access = static_cast<debugger::WatchAccess>(i);
        accesses->addAction(QObject::tr(kTitles[i]), &context,
                            [&context, spec] { context.addBreakpoint(spec); });
    }
    return accesses;
}

void editBreakpoint(Context& context, std::optional<debugger::BreakpointId> id, const BreakpointSpec& spec,
                    QWidget* parent) {
    // Of the window, and without an event loop of its own: the view that asked may go away meanwhile.
    auto* dialog = new QDialog(parent ? parent->window() : nullptr);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(QObject::tr("Breakpoint"));
    const auto line = [&](const std::string& text, const QString& placeholder) {
        auto* edit = new QLineEdit(fromUtf8(text));
        edit->setPlaceholderText(placeholder);
        edit->setFont(context.theme().codeFont());
        edit->setMinimumWidth(edit->fontMetrics().averageCharWidth() * 44);
        return edit;
    };
    auto* place = new QLabel(oneLine(placeOf(spec), 60));
    place->setTextFormat(Qt::PlainText);
    place->setToolTip(plainTip(fromUtf8(spec.file)));
    auto* enabled = new QCheckBox(QObject::tr("&Enabled"));
    enabled->setChecked(spec.enabled);
    QLineEdit* condition = line(spec.condition, QObject::tr("always; or an expression: count > 3"));
    auto* ignore = new QSpinBox;
    ignore->setRange(0, 1'000'000'000);
    ignore->setValue(static_cast<int>(qMin<uint64_t>(spec.ignoreCount, 1'000'000'000)));
    ignore->setSpecialValueText(QObject::tr("none"));
    QLineEdit* log = line(spec.logText, QObject::tr("stop; or print this and go on: n = {n}"));
    auto* layout = new QVBoxLayout(dialog);
    layout->setContentsMargins(16, 16, 16, 16);
    layout->setSpacing(8);
    auto* form = new QFormLayout;
    form->setSpacing(8);
    form->addRow(QObject::tr("Where"), place);
    form->addRow(QObject::tr("&Condition"), condition);
    form->addRow(QObject::tr("&Ignore first hits"), ignore);
    form->addRow(QObject::tr("&Log text"), log);
    form->addRow({}, enabled);
    auto* problem = new QLabel;
    problem->setObjectName(QStringLiteral("breakpoint-problem"));
    problem->setTextFormat(Qt::PlainText);
    problem->setWordWrap(true);
    problem->hide();
    layout->addLayout(form);
    layout->addWidget(problem);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
    layout->addWidget(buttons);
    const auto answered = [guard = QPointer<QDialog>(dialog), problem,
                           condition](const engine::Error* error) {
        if (!guard) return;
        if (!error) return guard->accept();
        problem->setText(QStringLiteral("⚠ ") + oneLine(error->message, 500));
        problem->show();
        condition->setFocus();
    };
    QObject::connect(buttons, &QDialogButtonBox::accepted, dialog, [=, &context] {
        BreakpointSpec changed = spec;
        changed.enabled = enabled->isChecked();
        changed.condition = toUtf8(condition->text().trimmed());
        changed.ignoreCount = static_cast<uint64_t>(ignore->value());
        changed.logText = toUtf8(log->text());
        if (id)
            context.changeBreakpoint(*id, changed, answered);
        else
            context.addBreakpoint(changed, answered);
    });
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    condition->setFocus();
    dialog->open();
}

}  // namespace ui
