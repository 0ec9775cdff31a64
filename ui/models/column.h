// Column: one column of a model is one row of a table: title, what a cell says, how it is set. Shared by the table and tree models.
#pragma once

#include <QAbstractItemModel>
#include <array>
#include <optional>
#include <vector>

#include "ui/plain_text.h"
#include "ui/theme.h"

namespace ui {

/// Roles besides Qt's own. Models say meanings; CellDelegate turns them into colours, fonts and icons.
enum CellRole : int {
    LookRole = Qt::UserRole + 1,  // Look
    KindRole,                     // ColumnKind
    CopyRole,                     // QString: the whole text, as it is to be copied
    SortRole,                     // what to sort by
};

/// How the cells of a column are set.
enum class ColumnKind : uint8_t {
    Text,    // the desktop's font, cut at the end
    Code,    // monospaced, cut at the end
    Path,    // cut in the middle
    Number,  // monospaced, to the right
};

/// How one cell differs from plain text.
struct Look {
    Tone tone = Tone::Text;
    bool bold = false, italic = false;
    const char* icon = nullptr;               // name of an icon before the text
    std::optional<Tone> back = std::nullopt;  // ground of the cell
    struct Mark {
        int begin = 0, length = 0;
        bool operator==(const Mark&) const = default;
    };
    std::array<Mark, 2> marks = {};  // characters of a cell of code with a frame around them
    bool operator==(const Look&) const = default;
};

/// Functions without captures: what a cell needs stands in its row.
template <class Row>
struct Column {
    const char* title;
    QString (*text)(const Row&) = nullptr;  // whole text; shown as one line
    ColumnKind kind = ColumnKind::Text;
    int width = 0;    // in characters; 0 = takes what is left
    int rank = 0;     // 0 = always shown; where there is no room, the columns of the highest rank leave first
    int wanted = 22;  // of what takes what is left: characters for which others leave
    Look (*look)(const Row&) = nullptr;
    QString (*tip)(const Row&) = nullptr;                  // more than the text; empty = the text
    std::optional<bool> (*checked)(const Row&) = nullptr;  // a check box; nullopt = none in this row
    bool (*editable)(const Row&) = nullptr;
    QVariant (*key)(const Row&) = nullptr;   // to sort by; empty = the text
    QString (*brief)(const Row&) = nullptr;  // shown in place of the text
};

/// data() of a cell, for all models.
template <class Row>
QVariant cellData(const Column<Row>& column, const Row& row, int role) {
    switch (role) {
    case Qt::DisplayRole: return oneLine((column.brief ? column.brief : column.text)(row));
    case Qt::EditRole:
    case CopyRole: return column.text(row);
    case Qt::ToolTipRole: return plainTip(column.tip ? column.tip(row) : column.text(row));
    case Qt::AccessibleDescriptionRole: return column.tip ? QVariant(oneLine(column.tip(row))) : QVariant();
    case Qt::TextAlignmentRole:
        return QVariant((column.kind == ColumnKind::Number ? Qt::AlignRight : Qt::AlignLeft) |
                        Qt::AlignVCenter);
    case Qt::CheckStateRole: {
        const std::optional<bool> on = column.checked ? column.checked(row) : std::nullopt;
        return on ? QVariant(*on ? Qt::Checked : Qt::Unchecked) : QVariant();
    }
    case SortRole: return column.key ? column.key(row) : QVariant(column.text(row));
    case LookRole: return column.look ? QVariant::fromValue(column.look(row)) : QVariant();
    case KindRole: return static_cast<int>(column.kind);
    default: return {};
    }
}

template <class Row>
Qt::ItemFlags cellFlags(const Column<Row>& column, const Row& row) {
    Qt::ItemFlags flags = Qt::ItemIsEnabled | Qt::ItemIsSelectable;
    if (column.checked && column.checked(row)) flags |= Qt::ItemIsUserCheckable;
    if (column.editable && column.editable(row)) flags |= Qt::ItemIsEditable;
    return flags;
}

template <class Row>
QVariant columnHeader(const std::vector<Column<Row>>& columns, int section, Qt::Orientation orientation,
                      int role) {
    if (orientation != Qt::Horizontal || section < 0 || section >= static_cast<int>(columns.size()))
        return {};
    const Column<Row>& column = columns[static_cast<size_t>(section)];
    if (role == Qt::DisplayRole) return QString::fromUtf8(column.title);
    if (role == Qt::TextAlignmentRole)
        return QVariant((column.kind == ColumnKind::Number ? Qt::AlignRight : Qt::AlignLeft) |
                        Qt::AlignVCenter);
    if (role == KindRole) return static_cast<int>(column.kind);
    if (role == Qt::SizeHintRole) return {};
    return {};
}

}  // namespace ui

Q_DECLARE_METATYPE(ui::Look)
