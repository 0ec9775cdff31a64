#include "ui/widgets/ask_for.h"

#include <QFileDialog>
#include <QInputDialog>

namespace ui {
namespace {

QFileDialog* pick(QWidget* asker, const QString& title, QFileDialog::FileMode mode, const QString& filter,
                  Chosen chosen) {
    auto* dialog = new QFileDialog(asker, title, {}, filter);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(mode);
    if (mode == QFileDialog::Directory) dialog->setOption(QFileDialog::ShowDirsOnly);
    QObject::connect(dialog, &QFileDialog::fileSelected, asker, std::move(chosen));
    dialog->open();
    return dialog;
}

}  // namespace

void pickFile(QWidget* asker, const QString& title, const QString& filter, Chosen chosen) {
    pick(asker, title, QFileDialog::ExistingFile, filter, std::move(chosen));
}

void pickNewFile(QWidget* asker, const QString& title, const QString& filter, const QString& suffix,
                 Chosen chosen) {
    QFileDialog* dialog = pick(asker, title, QFileDialog::AnyFile, filter, std::move(chosen));
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(suffix);
}

void pickFolder(QWidget* asker, const QString& title, Chosen chosen) {
    pick(asker, title, QFileDialog::Directory, {}, std::move(chosen));
}

void askForLine(QWidget* asker, const QString& title, const QString& label, Chosen chosen) {
    auto* dialog = new QInputDialog(asker);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    dialog->setLabelText(label);
    QObject::connect(dialog, &QInputDialog::textValueSelected, asker,
                     [chosen = std::move(chosen)](const QString& text) {
                         if (!text.trimmed().isEmpty()) chosen(text.trimmed());
                     });
    dialog->open();
}

}  // namespace ui
