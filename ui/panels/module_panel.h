// Module: what the program's file consists of: sections, imports, exports, functions by size and the rest, with a filter; above it, what is
// known of the whole.
#pragma once

#include <QBoxLayout>
#include <array>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "ui/models/tree_model.h"
#include "ui/panel.h"

namespace ui {

class ElidedLabel;
class FilterBox;
class TreeView;

/// A group of entries, or one entry.
struct ModuleNode {
    int group = 0;  // row of moduleGroups()
    bool isGroup = false;
    int count = 0;                // of a group's entries
    bool isComplete = true;       // or the group was cut
    debugger::ModuleEntry entry;  // if it is none
};
struct ModuleGroup {
    const char* kind;  // of GetModuleEntries
    const char* title;
    const char* help;
    bool bySize;  // the biggest first
};
std::span<const ModuleGroup> moduleGroups();
std::vector<Column<ModuleNode>> moduleColumns();

class ModulePanel final : public Panel {
    Q_OBJECT

public:
    explicit ModulePanel(Context& context);

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* makeSummary();
    void showState();
    void showSummary();
    void reload();
    void take(size_t group, std::vector<debugger::ModuleEntry> entries);
    void sortBy(int column);
    void sort(size_t group);
    void showGroups();
    void feed(const QModelIndex& parent, int first);
    void choose(const QModelIndex& index);
    /// Offset of the function that an entry is or exports; none for imported ones.
    std::optional<uint32_t> codeOf(const debugger::ModuleEntry& entry) const;
    void showMenu(const QPoint& at);

    static constexpr size_t kGroups = 8;
    TreeModel<ModuleNode> m_model;
    std::array<std::vector<debugger::ModuleEntry>, kGroups> m_entries;
    std::unordered_map<uint32_t, uint32_t> m_code;  // where a function's code is, by its index
    std::array<bool, kGroups> m_isKnown{};
    uint64_t m_epoch = 0;
    bool m_isOld = true;
    int m_sortColumn = -1;
    bool m_descending = false;

    QVBoxLayout* m_problems = nullptr;
    ElidedLabel *m_title = nullptr, *m_facts = nullptr, *m_debugInfo = nullptr, *m_features = nullptr;
    FilterBox* m_box;
    TreeView* m_view;
};

}  // namespace ui
