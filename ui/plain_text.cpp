#include "ui/plain_text.h"

#include "engine/base/printable.h"

namespace ui {
namespace {

constexpr int kMaxMarks = 4;  // combining marks that a character may carry

QString escaped(char32_t c) {
    switch (c) {
    case '\n': return QStringLiteral("\\n");
    case '\r': return QStringLiteral("\\r");
    case '\t': return QStringLiteral("\\t");
    case 0: return QStringLiteral("\\0");
    default: return QStringLiteral("\\u{%1}").arg(static_cast<uint>(c), 0, 16);
    }
}

}  // namespace

QString oneLine(const QString& text, qsizetype limit) {
    QString out;
    out.reserve(qMin(text.size(), limit));
    int marks = 0;
    for (qsizetype at = 0, length = 1; at < text.size(); at += length) {
        if (out.size() >= limit) return out + QChar(u'…');
        const QChar c = text[at];
        const bool isPair = c.isHighSurrogate() && at + 1 < text.size() && text[at + 1].isLowSurrogate();
        const char32_t point = isPair ? QChar::surrogateToUcs4(c, text[at + 1]) : char32_t{c.unicode()};
        length = isPair ? 2 : 1;
        marks = QChar::isMark(point) ? marks + 1 : 0;
        if (marks > kMaxMarks) continue;
        if (engine::isHidden(point))
            out += escaped(point);
        else
            out += QStringView(text).mid(at, length);
    }
    return out;
}

QString oneLine(std::string_view utf8, qsizetype limit) {
    // A character has at most four bytes: no need to decode megabytes to show a line.
    return oneLine(fromUtf8(utf8.substr(0, static_cast<size_t>(limit) * 4 + 4)), limit);
}

QString someLines(std::string_view utf8, int lines) {
    QStringList shown = fromUtf8(utf8.substr(0, 100'000)).split(u'\n');
    if (shown.size() > lines) shown = shown.mid(0, lines) << QStringLiteral("…");
    for (QString& line : shown)
        line = oneLine(line, 500);
    return shown.join(u'\n').trimmed();
}

QString fromUtf8(std::string_view utf8) {
    return QString::fromUtf8(utf8.data(), static_cast<qsizetype>(utf8.size()));
}
std::string toUtf8(const QString& text) { return text.toStdString(); }

QString plainTip(const QString& text) {
    constexpr qsizetype kLines = 24;
    QStringList lines = text.left(8000).split(u'\n');
    if (lines.size() > kLines) lines = lines.mid(0, kLines) << QStringLiteral("…");
    for (QString& line : lines)
        line = oneLine(line, 400).toHtmlEscaped();
    if (lines.size() == 1 && lines[0].isEmpty()) return {};
    return QStringLiteral("<p style='white-space:pre-wrap'>") + lines.join(QStringLiteral("<br>")) +
           QStringLiteral("</p>");
}

QString hex(uint64_t value, int digits) {
    return QStringLiteral("0x") + QString::number(value, 16).rightJustified(digits, u'0');
}

QString byteSize(uint64_t bytes) {
    if (bytes < 1024) return QStringLiteral("%1 B").arg(bytes);
    static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
    double value = static_cast<double>(bytes);
    int unit = -1;
    while (value >= 1024 && unit < 3) {
        value /= 1024;
        ++unit;
    }
    return QStringLiteral("%1 %2")
        .arg(value, 0, 'f',
             value < 10    ? 2
             : value < 100 ? 1
                           : 0)
        .arg(QLatin1String(kUnits[unit]));
}

QString duration(int64_t ns) {
    static constexpr const char* kUnits[] = {"ns", "µs", "ms", "s"};
    double value = static_cast<double>(ns);
    int unit = 0;
    while (value >= 1000 && unit < 3) {
        value /= 1000;
        ++unit;
    }
    const int decimals = unit == 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
    return QStringLiteral("%1 %2").arg(value, 0, 'f', decimals).arg(QString::fromUtf8(kUnits[unit]));
}

QString grouped(uint64_t value) {
    QString text = QString::number(value);
    for (qsizetype at = text.size() - 3; at > 0; at -= 3)
        text.insert(at, u',');
    return text;
}

QString fileName(const QString& path) {
    const qsizetype slash = qMax(path.lastIndexOf(u'/'), path.lastIndexOf(u'\\'));
    return path.mid(slash + 1);
}

}  // namespace ui
