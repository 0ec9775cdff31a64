// ColumnFit: shows of a table's columns those that there is room for. Columns with a rank leave first, the highest first, and come back;
// what the user hides or shows in the header's menu stays so. Owned by its view.
#pragma once

#include <QObject>
#include <set>
#include <vector>

class QHeaderView;

namespace ui {

class Theme;

/// As Column's.
struct ColumnHint {
    int width = 0, rank = 0, wanted = 22;
};

class ColumnFit final : public QObject {
public:
    ColumnFit(QHeaderView& header, std::vector<ColumnHint> hints, const Theme& theme);
    /// In pixels. A column that takes what is left never gets too little to be read: then the view scrolls.
    void fit(int width);

private:
    int least(int column) const;
    void learn();

    QHeaderView& m_header;
    std::vector<ColumnHint> m_hints;
    const Theme& m_theme;
    std::vector<int> m_widths;                // those that columns have when they are shown
    std::set<int> m_left, m_kept, m_dropped;  // hidden by us; shown by the user; hidden by the user
};

}  // namespace ui
