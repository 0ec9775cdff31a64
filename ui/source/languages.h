// Languages: which lexer, keywords and tones a source file gets, by its name. One row per language.
#pragma once

#include <Qsci/qscilexer.h>

namespace ui {

class Theme;

/// Colours of the theme for a Scintilla lexer. nullptr for names of no known language: plain text.
QsciLexer* makeLexer(const QString& fileName, const Theme& theme, QObject* parent);

/// The expression at a column of a line: the word there with what it is a member of ("a->b[i].c" up to the word), or empty.
QString expressionAt(const QString& line, int column);

}  // namespace ui
