#include "ui/start_page.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileInfo>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QStandardPaths>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/context.h"
#include "ui/plain_text.h"
#include "ui/widgets/elided_label.h"

namespace ui {
namespace {

struct Example {
    const char* path;
    const char* title;
    const char* about;
};
constexpr Example kExamples[] = {
    {"wordcount/wordcount.wasm", "wordcount", "C: counts words of a file; stops in main"},
    {"inventory/inventory.wasm", "inventory", "C++: strings, vectors, maps, inlined calls"},
    {"shapes/shapes.wasm", "shapes", "Rust: enums, options, collections"},
    {"overrun/overrun.wasm", "overrun", "C: ends in an out-of-bounds access"},
};
constexpr const char* kKeys[][2] = {{"F5", "start, continue"},
                                    {"F9", "toggle breakpoint"},
                                    {"F10", "step over"},
                                    {"F11", "step into"},
                                    {"Shift+F11", "step out"},
                                    {"F6", "pause"},
                                    {"Ctrl+F10", "run to cursor"},
                                    {"Ctrl+P", "go to file or function"},
                                    {"Ctrl+Shift+P", "all commands"}};
constexpr int kTextWidth = 62;  // characters of a line
constexpr int kRecent = 5, kKeyColumns = 3;

QLabel* plain(const QString& text, QPalette::ColorRole role = QPalette::WindowText) {
    auto* label = new QLabel(text);
    label->setTextFormat(Qt::PlainText);
    label->setForegroundRole(role);
    return label;
}

QLabel* heading(const QString& text, double size) {
    QLabel* label = plain(text);
    QFont font = label->font();
    font.setPointSizeF(font.pointSizeF() * size);
    font.setWeight(QFont::DemiBold);
    label->setFont(font);
    return label;
}

/// A row that opens a program: its name as a button, and what it is beside it.
QWidget* link(const QString& title, const QString& about, const QIcon& icon,
              const std::function<void()>& act) {
    auto* row = new QWidget;
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(8);
    auto* button = new QToolButton;
    button->setIcon(icon);
    button->setText(oneLine(title, 60).replace(u'&', QStringLiteral("&&")));
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::StrongFocus);
    button->setCursor(Qt::PointingHandCursor);
    button->setToolTip(plainTip(about));
    button->setAccessibleDescription(oneLine(about));
    button->setFixedWidth(button->fontMetrics().averageCharWidth() * 22);
    QFont font = button->font();
    font.setUnderline(true);
    button->setFont(font);
    auto* detail = new ElidedLabel(Qt::ElideMiddle);
    detail->setForegroundRole(QPalette::PlaceholderText);
    detail->setText(about);
    layout->addWidget(button);
    layout->addWidget(detail, 1);
    QObject::connect(button, &QToolButton::clicked, button, act);
    return row;
}

}  // namespace

QString examplesFolder() {
    const QString beside = QCoreApplication::applicationDirPath();
    QStringList candidates;
    // A build in the source tree: …/build/PRESET/bin.
    for (const char* up : {"/../../..", "/../..", "/.."})
        candidates << beside + QLatin1String(up) + QStringLiteral("/resources/examples");
    candidates << beside + QStringLiteral("/../share/wasiscope/examples");
    for (const QString& folder : QStandardPaths::standardLocations(QStandardPaths::GenericDataLocation))
        candidates << folder + QStringLiteral("/wasiscope/examples");
    for (const QString& folder : candidates) {
        if (QFileInfo::exists(folder + QStringLiteral("/wordcount/wordcount.wasm")))
            return QDir::cleanPath(folder);
    }
    return {};
}

StartPage::StartPage(Context& context, QWidget* parent) : QScrollArea(parent), m_context(context) {
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* page = new QWidget;
    page->setBackgroundRole(QPalette::Base);
    page->setAutoFillBackground(true);
    auto* outer = new QHBoxLayout(page);
    auto* column = new QWidget;
    column->setMaximumWidth(fontMetrics().averageCharWidth() * kTextWidth * 2);
    auto* layout = new QVBoxLayout(column);
    layout->setContentsMargins(24, 24, 24, 16);
    layout->setSpacing(8);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->addStretch(1);
    outer->addWidget(column, 100);
    outer->addStretch(1);

    layout->addWidget(heading(QStringLiteral("Wasiscope"), 1.8));
    QLabel* invitation =
        plain(tr("Drop a .wasm program here, or open one, and press F5."), QPalette::PlaceholderText);
    invitation->setWordWrap(true);
    layout->addWidget(invitation);
    auto* open = new QPushButton(context.theme().icon(QStringLiteral("open")), tr("Open Program…"));
    open->setDefault(true);
    connect(open, &QPushButton::clicked, this, &StartPage::openDialogRequested);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(open);
    buttons->addStretch(1);
    layout->addLayout(buttons);
    setFocusProxy(open);

    layout->addSpacing(8);
    auto* programs = new QHBoxLayout;
    programs->setSpacing(24);
    m_recent = new QVBoxLayout;
    m_recent->setSpacing(2);
    programs->addLayout(m_recent, 1);
    layout->addLayout(programs);

    if (const QString folder = examplesFolder(); !folder.isEmpty()) {
        auto* examples = new QVBoxLayout;
        examples->setSpacing(2);
        programs->addLayout(examples, 1);
        examples->addWidget(heading(tr("Examples"), 1.15));
        for (const Example& example : kExamples) {
            const QString path = folder + u'/' + QLatin1String(example.path);
            const bool isDemo = &example == kExamples;
            examples->addWidget(link(QString::fromLatin1(example.title), QString::fromLatin1(example.about),
                                     context.theme().icon(QStringLiteral("panel-module")),
                                     [this, path, isDemo] {
                                         if (isDemo)
                                             emit demoRequested();
                                         else
                                             emit openRequested(path);
                                     }));
        }
        examples->addStretch(1);
        layout->addSpacing(8);
    }
    layout->addWidget(heading(tr("Keys"), 1.15));
    auto* keys = new QGridLayout;
    keys->setHorizontalSpacing(16);
    keys->setVerticalSpacing(4);
    int at = 0;
    for (const auto& [key, does] : kKeys) {
        QLabel* name = plain(QString::fromLatin1(key));
        name->setFont(context.theme().codeFont());
        const int row = at / kKeyColumns, column = at % kKeyColumns * 2;
        keys->addWidget(name, row, column);
        keys->addWidget(plain(QString::fromLatin1(does), QPalette::PlaceholderText), row, column + 1);
        keys->setColumnStretch(column + 1, 1);
        ++at;
    }
    layout->addLayout(keys);
    layout->addStretch(1);
    setWidget(page);

    connect(&context.settings(), &Settings::recentFilesChanged, this, &StartPage::fillRecent);
    fillRecent();
}

void StartPage::fillRecent() {
    while (QLayoutItem* item = m_recent->takeAt(0)) {
        delete item->widget();
        delete item;
    }
    const QStringList files = m_context.settings().recentFiles();
    if (files.isEmpty()) return;
    m_recent->addWidget(heading(tr("Recent"), 1.15));
    for (const QString& path : files.mid(0, kRecent)) {
        m_recent->addWidget(link(fileName(path), QDir::toNativeSeparators(QFileInfo(path).path()),
                                 m_context.theme().icon(QStringLiteral("recent")),
                                 [this, path] { emit openRequested(path); }));
    }
    auto* space = new QWidget;
    space->setFixedHeight(16);
    m_recent->addWidget(space);
}

}  // namespace ui
