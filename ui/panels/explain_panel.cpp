#include "ui/panels/explain_panel.h"

#include <QGridLayout>
#include <QScrollArea>

#include "ui/plain_text.h"
#include "ui/widgets/elided_label.h"

namespace ui {
namespace {

constexpr qsizetype kMostCharacters = 4000;
constexpr size_t kMostLines = 24;

QString linesOf(const auto& items, const auto& lineOf) {
    QStringList lines;
    for (const auto& item : items) {
        if (static_cast<size_t>(lines.size()) == kMostLines) {
            lines << QObject::tr("… %1 more").arg(items.size() - kMostLines);
            break;
        }
        lines << lineOf(item);
    }
    return lines.join(u'\n');
}

QString valueLine(const debugger::WasmValue& value) {
    const QString text = oneLine(value.type) + u' ' + oneLine(value.value);
    return value.hex.empty() || value.hex == value.value ? text : text + u' ' + oneLine(value.hex);
}

QString sentence(const QString& text) {
    return text.isEmpty() ? text : text.at(0).toUpper() + text.mid(1) + u'.';
}

}  // namespace

ExplainPanel::ExplainPanel(Context& context) : Panel(context), m_headline(new ElidedLabel) {
    auto* content = new QWidget;
    auto* layout = new QVBoxLayout(content);
    layout->setContentsMargins(8, 4, 8, 8);
    m_headline->setBold(true);
    layout->addWidget(m_headline);
    // No form: with hidden rows whose height depends on their width, that of Qt 6.4 writes behind its own tables.
    auto* grid = new QGridLayout;
    grid->setVerticalSpacing(4);
    grid->setHorizontalSpacing(8);
    grid->setColumnStretch(1, 1);
    const std::array<QString, RowCount> titles{QString(),    tr("Takes"),  tr("Leaves"),
                                               tr("Passes"), tr("Typing"), tr("Meaning"),
                                               tr("Stack"),  tr("Traps"),  tr("Defined")};
    for (int i = 0; i < RowCount; ++i) {
        auto* label = new QLabel;
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        label->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::MinimumExpanding);
        m_rows[i] = label;
        if (titles[i].isEmpty()) {
            grid->addWidget(label, i, 0, 1, 2);
            continue;
        }
        label->setAccessibleName(titles[i]);
        auto* caption = new QLabel(titles[i]);
        caption->setTextFormat(Qt::PlainText);
        caption->setAlignment(Qt::AlignLeft | Qt::AlignTop);
        grid->addWidget(caption, i, 0, Qt::AlignTop);
        grid->addWidget(label, i, 1);
        m_captions[i] = caption;
    }
    layout->addLayout(grid);
    layout->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setWidget(content);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setContent(scroll);
    setLooks();
    connect(&theme(), &Theme::codeFontChanged, this, &ExplainPanel::setLooks);
    connect(&theme(), &Theme::changed, this, &ExplainPanel::setLooks);
    connect(&context, &Context::frameSelected, this, [this] { explain({}); });
    connect(&context, &Context::dataEdited, this, [this] { explain(m_offset); });
    connect(&context, &Context::instructionSelected, this, &ExplainPanel::explain);
    connect(&context, &Context::stateChanged, this, &ExplainPanel::showState);
    connect(&context, &Context::moduleLoaded, this, [this] { take({}); });
    explain({});
    showState();
}

void ExplainPanel::explain(std::optional<uint32_t> offset) {
    m_offset = offset;
    const uint64_t request = ++m_request;
    const auto then = [=, this](const debugger::Explanation& explanation) {
        if (request == m_request) take(explanation);
    };
    if (offset)
        context().post<debugger::Explain>(this, {0, offset}, then);
    else if (context().isStopped())
        context().ask<debugger::Explain>(this, {context().frame(), {}}, then);
}

void ExplainPanel::take(const debugger::Explanation& explanation) {
    const debugger::InstructionText& general = explanation.general;
    m_headline->setText(explanation.instruction.empty()
                            ? QString()
                            : (explanation.isNext ? tr("Next: %1   at %2") : tr("%1   at %2"))
                                  .arg(oneLine(explanation.instruction, 300), hex(explanation.offset)));
    m_willTrap = explanation.willTrap;
    QString effect = sentence(oneLine(explanation.effect, kMostCharacters));
    if (m_willTrap) effect.prepend(QStringLiteral("✗ "));
    for (const std::string& note : explanation.notes)
        effect += u'\n' + oneLine(note, kMostCharacters);
    setRow(Effect, effect);
    setRow(Takes, linesOf(explanation.operands, valueLine));
    setRow(Leaves, linesOf(explanation.results, valueLine));
    setRow(Arguments, linesOf(explanation.arguments, [](const debugger::CallValue& value) {
               return QStringLiteral("%1 = %2").arg(oneLine(value.name), oneLine(value.text, 300));
           }));
    setRow(Typing, oneLine(explanation.typing, kMostCharacters));
    setRow(Meaning, oneLine(general.text, kMostCharacters));
    setRow(Stack, explanation.isNext ? QString() : oneLine(general.stack));
    setRow(Traps, linesOf(general.traps, [](const std::string& trap) { return oneLine(trap); }));
    setRow(More, general.name.empty()
                     ? QString()
                     : tr("%1; code %2, feature %3")
                           .arg(oneLine(general.standard), oneLine(general.code), oneLine(general.feature)));
    setLooks();
    showState();
}

void ExplainPanel::setRow(Row row, const QString& text) {
    m_rows[row]->setText(text);
    m_rows[row]->setVisible(!text.isEmpty());
    if (m_captions[row]) m_captions[row]->setVisible(!text.isEmpty());
}

void ExplainPanel::setLooks() {
    const auto colour = [this](QWidget* widget, Tone tone) {
        if (!widget) return;
        QPalette palette = widget->palette();
        palette.setColor(QPalette::WindowText, theme().color(tone));
        widget->setPalette(palette);
    };
    m_headline->setFont(theme().codeFont());
    for (Row row : {Takes, Leaves, Arguments, Typing, Stack})
        m_rows[row]->setFont(theme().codeFont());
    for (QLabel* row : m_rows)
        colour(row, Tone::Text);
    for (QLabel* caption : m_captions)
        colour(caption, Tone::Dim);
    colour(m_rows[Effect], m_willTrap ? Tone::Error : Tone::Text);
    colour(m_rows[More], Tone::Dim);
}

void ExplainPanel::showState() {
    if (!context().module())
        return showEmpty(tr("Says in words what the next instruction does with its operands."), "open");
    if (m_offset && !m_headline->text().isEmpty()) return showContent();
    if (context().hasEnded())
        return showEmpty(tr("The program has ended. Start it again: where it stops, the next instruction is "
                            "explained."),
                         "start");
    if (!m_headline->text().isEmpty() && context().state() != debugger::SessionState::Ready)
        return showContent();
    if (context().state() == debugger::SessionState::Ready)
        return showEmpty(
            tr("Start the program; where it stops, the next instruction is explained. Select one in "
               "Disassembly to read what it means."),
            "continue");
    showEmpty(tr("Pause the program to have its next instruction explained."), "pause");
}

}  // namespace ui
