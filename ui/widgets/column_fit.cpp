#include "ui/widgets/column_fit.h"

#include <QFontMetrics>
#include <QHeaderView>
#include <algorithm>

#include "ui/theme.h"

namespace ui {
namespace {

constexpr int kMargins = 12;  // pixels of a cell
constexpr int kLeast = 11;    // characters of a column that takes what is left

}  // namespace

ColumnFit::ColumnFit(QHeaderView& header, std::vector<ColumnHint> hints, const Theme& theme)
    : QObject(&header), m_header(header), m_hints(std::move(hints)), m_theme(theme) {
    const int character = QFontMetrics(theme.codeFont()).horizontalAdvance(u'0');
    for (size_t i = 0; i < m_hints.size(); ++i) {
        m_widths.push_back(m_hints[i].width * character + kMargins);
        const bool takesRest = m_hints[i].width == 0;
        header.setSectionResizeMode(static_cast<int>(i),
                                    takesRest ? QHeaderView::Stretch : QHeaderView::Interactive);
        if (!takesRest) header.resizeSection(static_cast<int>(i), m_widths[i]);
    }
}

int ColumnFit::least(int column) const {
    const auto i = static_cast<size_t>(column);
    if (m_hints[i].width > 0) return m_widths[i];
    return kLeast * QFontMetrics(m_theme.codeFont()).horizontalAdvance(u'0');
}

/// What the user did since the last time.
void ColumnFit::learn() {
    for (int column = 0; column < static_cast<int>(m_hints.size()); ++column) {
        const bool isHidden = m_header.isSectionHidden(column);
        if (isHidden && !m_left.contains(column))
            m_dropped.insert(column), m_kept.erase(column);
        else if (!isHidden && m_left.erase(column) + m_dropped.erase(column) > 0)
            m_kept.insert(column);
        const auto i = static_cast<size_t>(column);
        if (!isHidden && m_hints[i].width > 0) m_widths[i] = m_header.sectionSize(column);
    }
}

void ColumnFit::fit(int width) {
    learn();
    std::vector<int> shown;
    int wanted = 0, spare = 0;
    for (int column = 0; column < static_cast<int>(m_hints.size()); ++column) {
        if (m_dropped.contains(column)) continue;
        shown.push_back(column);
        wanted += least(column);
        if (m_hints[static_cast<size_t>(column)].width == 0)
            spare += least(column) * (m_hints[static_cast<size_t>(column)].wanted - kLeast) / kLeast;
    }
    std::stable_sort(shown.begin(), shown.end(), [&](int a, int b) {
        return m_hints[static_cast<size_t>(a)].rank > m_hints[static_cast<size_t>(b)].rank;
    });
    for (const int column : shown) {
        const bool mayLeave = m_hints[static_cast<size_t>(column)].rank > 0 && !m_kept.contains(column);
        const bool leaves = mayLeave && wanted + spare > width;
        if (leaves) wanted -= least(column);
        if (leaves == m_left.contains(column)) continue;
        leaves ? (void)m_left.insert(column) : (void)m_left.erase(column);
        m_header.setSectionHidden(column, leaves);
    }
    for (const int column : shown) {
        if (m_hints[static_cast<size_t>(column)].width > 0) continue;
        const bool fits = wanted <= width;
        m_header.setSectionResizeMode(column, fits ? QHeaderView::Stretch : QHeaderView::Interactive);
        if (!fits) m_header.resizeSection(column, least(column));
    }
}

}  // namespace ui
