// Changes: what the program changed in folders that it has as overlays or in memory, each change with its difference; done on the host, or
// forgotten, when the user says so.
#pragma once

#include <QLabel>
#include <QSplitter>
#include <QTimer>
#include <QToolButton>

#include "ui/models/tree_model.h"
#include "ui/panel.h"

class QMessageBox;

namespace ui {

class DiffView;
class TreeView;

/// A folder, one of its changes, or how many are not shown.
struct ChangeNode {
    enum class Kind : uint8_t { Folder, Change, More } kind = Kind::Folder;
    wasi::FolderChanges folder = {};  // Folder: without its changes
    wasi::FolderChange change = {};
    uint64_t more = 0;
};
std::vector<Column<ChangeNode>> changeColumns();

class ChangesPanel final : public Panel {
    Q_OBJECT

public:
    /// Of each folder: nobody reads more, and a program may change a million.
    static constexpr uint64_t kMostShown = 2000;

    explicit ChangesPanel(Context& context);

protected:
    void showEvent(QShowEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    QWidget* makeBar();
    void ask();
    void askSoon();
    /// The tab says that there may be others than it said.
    void markOld();
    void fill(std::vector<wasi::FolderChanges> folders);
    void feed(const QModelIndex& parent, int first);
    void showState();
    void showButtons();
    void showDiff();
    /// The folder that is selected, or the only one, or null: all.
    const wasi::FolderChanges* chosenFolder() const;
    /// Asks first; `applies`, or forgets.
    void settle(bool applies);
    /// `guestPath`: of the folder; empty: all.
    void openQuestion(bool applies, const std::string& guestPath);
    bool isRunning() const;
    void showMenu(const QPoint& at);

    TreeModel<ChangeNode> m_model;
    std::vector<wasi::FolderChanges> m_folders;
    QTimer m_soon;
    bool m_isAsking = false;
    uint64_t m_askedAt = UINT64_MAX;  // calls there were
    bool m_wasAnswered = false;
    qint64 m_lastTook = 0;  // ms
    struct DiffOf {
        std::string guestPath;
        wasi::FolderChange change;
        uint64_t calls = 0;  // there were
        bool operator==(const DiffOf&) const = default;
    };
    std::optional<DiffOf> m_diffOf;  // what is shown, or asked for
    uint64_t m_diffAsked = 0;        // answers about another row are dropped
    QLabel* m_summary = nullptr;
    QToolButton* m_apply = nullptr;
    QToolButton* m_discard = nullptr;
    TreeView* m_view;
    DiffView* m_diff;
    QSplitter* m_splitter;
    QPointer<QMessageBox> m_question;
};

}  // namespace ui
