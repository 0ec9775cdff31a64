#include "ui/launch_dialog.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/plain_text.h"
#include "ui/policy_file.h"
#include "ui/widgets/views.h"

namespace ui {
namespace {

constexpr const char* kMounts[] = {"read and write", "read only", "copy on write", "in memory"};
constexpr int kKindColumn = 2;

QLabel* note(const QString& text) {
    auto* label = new QLabel(text);
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setForegroundRole(QPalette::PlaceholderText);
    return label;
}

QString cell(const QTableWidget* table, int row, int column) {
    const QTableWidgetItem* item = table->item(row, column);
    return item ? item->text().trimmed() : QString();
}

void addRow(QTableWidget* table, const QString& first, const QString& second, int kind = 0) {
    const int row = table->rowCount();
    table->insertRow(row);
    table->setItem(row, 0, new QTableWidgetItem(first));
    table->setItem(row, 1, new QTableWidgetItem(second));
    if (table->columnCount() <= kKindColumn) return;
    auto* mounts = new QComboBox;
    for (const char* mount : kMounts)
        mounts->addItem(QString::fromLatin1(mount));
    mounts->setCurrentIndex(kind);
    table->setCellWidget(row, kKindColumn, mounts);
}

std::vector<std::pair<std::string, std::string>> pairs(const QTableWidget* table) {
    std::vector<std::pair<std::string, std::string>> found;
    for (int row = 0; row < table->rowCount(); ++row) {
        if (!cell(table, row, 0).isEmpty())
            found.emplace_back(toUtf8(cell(table, row, 0)), toUtf8(cell(table, row, 1)));
    }
    return found;
}

}  // namespace

LaunchDialog::LaunchDialog(const Theme& theme, const debugger::LaunchOptions& options, QWidget* parent)
    : QDialog(parent), m_options(options), m_theme(theme) {
    setWindowTitle(tr("Launch Settings of %1").arg(oneLine(fileName(fromUtf8(options.program)), 60)));
    resize(640, 440);

    m_tabs = new QTabWidget;
    auto* start = new QWidget;
    auto* column = new QVBoxLayout(start);
    m_arguments = new QPlainTextEdit;
    m_arguments->setFont(theme.codeFont());
    m_arguments->setTabChangesFocus(true);
    m_arguments->setAccessibleName(tr("Arguments"));
    m_stopAtEntry = new QCheckBox(tr("&Stop at the first line of main"));
    m_stopAtEntry->setChecked(options.stopAtEntry);
    column->addWidget(note(tr("Arguments, one per line; the program's name comes before them by itself.")));
    column->addWidget(m_arguments, 1);
    column->addWidget(m_stopAtEntry);
    m_tabs->addTab(start, tr("&Arguments"));

    m_environment = addTable(tr("&Environment"), {tr("Name"), tr("Value")},
                             tr("The program sees these variables and no others."), false);
    m_directories =
        addTable(tr("&Directories"), {tr("Directory here"), tr("Name in the program"), tr("Access")},
                 tr("The program can open files below these directories and nowhere else. Copy on write: its "
                    "changes stay away from your files."),
                 true);
    m_paths = addTable(
        tr("Source &Paths"), {tr("Path in the debug information"), tr("Directory here")},
        tr("Where sources are that were compiled elsewhere. The program's own directory is always searched."),
        false);
    for (const auto& [from, to] : options.pathMap)
        addRow(m_paths, fromUtf8(from), fromUtf8(to));

    fill(options.capabilities);

    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel);
    const auto add = [&](const QString& text, const QString& tip, void (LaunchDialog::*act)()) {
        QPushButton* button = buttons->addButton(text, QDialogButtonBox::ResetRole);
        button->setToolTip(plainTip(tip));
        connect(button, &QPushButton::clicked, this, act);
    };
    add(tr("&Load Policy…"),
        tr("Takes arguments, environment, directories, streams, clock, random and limits from a JSON file"),
        &LaunchDialog::load);
    add(tr("Sa&ve Policy…"), tr("Writes them into one, for --policy and other programs"),
        &LaunchDialog::save);
    m_told = new QLabel;
    m_told->setTextFormat(Qt::PlainText);
    m_told->setWordWrap(true);
    m_told->hide();
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 16, 16, 16);
    layout->setSpacing(8);
    layout->addWidget(m_tabs, 1);
    layout->addWidget(m_told);
    layout->addWidget(buttons);
    m_arguments->setFocus();
}

void LaunchDialog::fill(const wasi::Capabilities& granted) {
    QStringList arguments;
    for (size_t i = 1; i < granted.arguments.size(); ++i)
        arguments << fromUtf8(granted.arguments[i]);
    m_arguments->setPlainText(arguments.join(u'\n'));
    m_environment->setRowCount(0);
    for (const auto& [name, value] : granted.environment)
        addRow(m_environment, fromUtf8(name), fromUtf8(value));
    m_directories->setRowCount(0);
    for (const wasi::Preopen& p : granted.preopens)
        addRow(m_directories, fromUtf8(p.hostPath), fromUtf8(p.guestPath), static_cast<int>(p.kind));
}

void LaunchDialog::load() {
    loadPolicy(this, [this](const engine::Result<wasi::Capabilities>& read) {
        if (!read) return tell(fromUtf8(read.error().text()), Tone::Error);
        wasi::Capabilities policy = *read;
        // A program in the window writes into the window, and keeps its name.
        for (wasi::StdioGrant* stream :
             {&policy.standardInput, &policy.standardOutput, &policy.standardError})
            if (stream->kind == wasi::StdioKind::Inherit) stream->kind = wasi::StdioKind::Session;
        if (policy.arguments.empty()) policy.arguments = options().capabilities.arguments;
        m_options.capabilities = std::move(policy);
        fill(m_options.capabilities);
        tell(tr("Loaded, with its streams, listening sockets, clock, random and limits; it takes effect at "
                "the next start."),
             Tone::Dim);
    });
}

void LaunchDialog::save() {
    savePolicy(this, options().capabilities, [this](const engine::Result<>& saved) {
        saved ? tell(tr("Saved."), Tone::Dim) : tell(fromUtf8(saved.error().text()), Tone::Error);
    });
}

void LaunchDialog::tell(const QString& text, Tone tone) {
    QPalette palette = m_told->palette();
    palette.setColor(QPalette::WindowText, m_theme.color(tone));
    m_told->setPalette(palette);
    m_told->setText(text);
    m_told->show();
}

QTableWidget* LaunchDialog::addTable(const QString& tab, const QStringList& columns, const QString& help,
                                     bool picksFolder) {
    auto* page = new QWidget;
    auto* layout = new QVBoxLayout(page);
    auto* table = new QTableWidget(0, static_cast<int>(columns.size()));
    table->setHorizontalHeaderLabels(columns);
    table->setAccessibleName(columns.join(u' '));
    table->verticalHeader()->hide();
    table->setShowGrid(false);
    table->setTabKeyNavigation(false);
    table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    if (columns.size() > kKindColumn)
        table->horizontalHeader()->setSectionResizeMode(kKindColumn, QHeaderView::ResizeToContents);
    auto* add = new QPushButton(m_theme.icon(QStringLiteral("add")), picksFolder ? tr("Add…") : tr("Add"));
    auto* remove = new QPushButton(m_theme.icon(QStringLiteral("delete")), tr("Remove"));
    connect(add, &QPushButton::clicked, this, [=, this] {
        const QString folder = picksFolder
                                   ? QFileDialog::getExistingDirectory(this, tr("Directory for the program"))
                                   : QString();
        if (picksFolder && folder.isEmpty()) return;
        addRow(table, folder, picksFolder ? QStringLiteral("/") + fileName(folder) : QString());
        table->setCurrentCell(table->rowCount() - 1, picksFolder ? 1 : 0);
        table->editItem(table->currentItem());
    });
    connect(remove, &QPushButton::clicked, this, [=] {
        if (table->currentRow() >= 0) table->removeRow(table->currentRow());
    });
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(add);
    buttons->addWidget(remove);
    buttons->addStretch(1);
    layout->addWidget(note(help));
    layout->addWidget(table, 1);
    layout->addLayout(buttons);
    m_tabs->addTab(page, tab);
    return table;
}

debugger::LaunchOptions LaunchDialog::options() const {
    debugger::LaunchOptions changed = m_options;
    wasi::Capabilities& granted = changed.capabilities;
    granted.arguments.resize(1);
    const QString text = m_arguments->toPlainText();
    if (!text.isEmpty()) {
        for (const QString& argument : text.split(u'\n'))
            granted.arguments.push_back(toUtf8(argument));
    }
    changed.stopAtEntry = m_stopAtEntry->isChecked();
    granted.environment = pairs(m_environment);
    granted.preopens.clear();
    for (int row = 0; row < m_directories->rowCount(); ++row) {
        const auto kind = static_cast<wasi::MountKind>(
            static_cast<QComboBox*>(m_directories->cellWidget(row, kKindColumn))->currentIndex());
        const QString host = cell(m_directories, row, 0), guest = cell(m_directories, row, 1);
        if (!host.isEmpty() || kind == wasi::MountKind::InMemory)
            granted.preopens.push_back({toUtf8(host), toUtf8(guest.isEmpty() ? host : guest), kind});
    }
    changed.pathMap = pairs(m_paths);
    return changed;
}

}  // namespace ui
