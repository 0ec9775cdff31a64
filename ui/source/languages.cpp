#include "ui/source/languages.h"

#include <QStringList>
#include <span>

#include "ui/theme.h"

namespace ui {
namespace {

constexpr auto kC =
    "alignas alignof auto bool break case char const constexpr continue default do double else enum extern "
    "false float for goto if "
    "inline int long nullptr register restrict return short signed sizeof static static_assert struct switch "
    "thread_local true typedef "
    "typeof union unsigned void volatile while _Alignas _Alignof _Atomic _Bool _Generic _Noreturn "
    "_Static_assert _Thread_local NULL";
constexpr auto kCpp =
    "alignas alignof and asm auto bool break case catch char char16_t char32_t char8_t class co_await "
    "co_return co_yield concept const "
    "const_cast consteval constexpr constinit continue decltype default delete do double dynamic_cast else "
    "enum explicit export extern "
    "false final float for friend goto if inline int long mutable namespace new noexcept not nullptr "
    "operator or override private "
    "protected public register reinterpret_cast requires return short signed sizeof static static_assert "
    "static_cast struct switch "
    "template this thread_local throw true try typedef typeid typename union unsigned using virtual void "
    "volatile wchar_t while xor";
constexpr auto kCTypes =
    "size_t ssize_t ptrdiff_t intptr_t uintptr_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t "
    "uint64_t FILE time_t off_t "
    "std string string_view vector map set unordered_map unordered_set optional variant unique_ptr "
    "shared_ptr pair tuple span array";
constexpr auto kRust =
    "as async await break const continue crate dyn else enum extern false fn for if impl in let loop match "
    "mod move mut pub ref return "
    "self Self static struct super trait true type unsafe use where while";
constexpr auto kRustTypes =
    "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize Box Cell HashMap HashSet "
    "BTreeMap Option Rc Arc RefCell "
    "Result String Vec Some None Ok Err";
constexpr auto kZig =
    "addrspace align allowzero and anyframe anytype asm async await break callconv catch comptime const "
    "continue defer else enum errdefer "
    "error export extern false fn for if inline linksection noalias noinline nosuspend null opaque or orelse "
    "packed pub resume return "
    "struct suspend switch test threadlocal true try undefined union unreachable usingnamespace var volatile "
    "while";
constexpr auto kZigTypes =
    "bool f16 f32 f64 i8 i16 i32 i64 isize u8 u16 u32 u64 usize void noreturn type anyerror c_int c_uint "
    "c_char";
constexpr auto kScript =
    "abstract as async await break case catch class const constructor continue declare default delete do "
    "else enum export extends false "
    "finally for from function get if implements import in instanceof interface let namespace new null of "
    "package private protected "
    "public readonly return set static super switch this throw true try type typeof undefined var void while "
    "yield";
constexpr auto kScriptTypes =
    "any bool boolean f32 f64 i8 i16 i32 i64 isize number string u8 u16 u32 u64 usize Array Map Set "
    "StaticArray";
constexpr auto kGo =
    "break case chan const continue default defer else fallthrough false for func go goto if import "
    "interface iota map nil package range "
    "return select struct switch true type var";
constexpr auto kGoTypes =
    "any bool byte complex64 complex128 error float32 float64 int int8 int16 int32 int64 rune string uint "
    "uint8 uint16 uint32 uint64 uintptr";
constexpr auto kSwift =
    "as break case catch class continue default defer do else enum extension false fileprivate for func "
    "guard if import in init inout "
    "internal is let nil private protocol public repeat return self static struct subscript super switch "
    "throw throws true try typealias "
    "var where while";
constexpr auto kWat =
    "module func param result local type import export memory data table elem global mut start block loop if "
    "then else end br br_if "
    "br_table call call_indirect return drop select unreachable nop offset item declare ref";

struct StyleTone {
    int style;
    Tone tone;
    bool bold = false;
};
// Numbers are those of SCE_C_*, SCE_RUST_* and SCE_LISP_*.
constexpr StyleTone kCppStyles[] = {
    {0, Tone::Text},         {1, Tone::Comment},       {2, Tone::Comment},  {3, Tone::Comment},
    {4, Tone::Number},       {5, Tone::Keyword, true}, {6, Tone::String},   {7, Tone::String},
    {9, Tone::Preprocessor}, {10, Tone::Text},         {11, Tone::Text},    {12, Tone::String},
    {13, Tone::String},      {14, Tone::String},       {15, Tone::Comment}, {16, Tone::Type},
    {17, Tone::Comment},     {18, Tone::Comment},      {19, Tone::Type},    {20, Tone::String},
    {21, Tone::String},      {22, Tone::String},       {23, Tone::Comment}, {24, Tone::Comment},
    {27, Tone::String}};
constexpr StyleTone kRustStyles[] = {
    {0, Tone::Text},    {1, Tone::Comment}, {2, Tone::Comment},       {3, Tone::Comment},
    {4, Tone::Comment}, {5, Tone::Number},  {6, Tone::Keyword, true}, {7, Tone::Type},
    {8, Tone::Type},    {9, Tone::Type},    {10, Tone::Type},         {11, Tone::Type},
    {12, Tone::Type},   {13, Tone::String}, {14, Tone::String},       {15, Tone::String},
    {16, Tone::Text},   {17, Tone::Text},   {18, Tone::Type},         {19, Tone::Preprocessor},
    {20, Tone::Text},   {21, Tone::String}, {22, Tone::String},       {23, Tone::String}};
constexpr StyleTone kLispStyles[] = {{0, Tone::Text},          {1, Tone::Comment}, {2, Tone::Number},
                                     {3, Tone::Keyword, true}, {4, Tone::Type},    {5, Tone::Type},
                                     {6, Tone::String},        {8, Tone::String},  {9, Tone::Text},
                                     {10, Tone::Text},         {11, Tone::Text},   {12, Tone::Comment}};

struct Language {
    const char* suffixes;  // separated by spaces
    const char* lexer;     // Scintilla's name
    const char *keywords, *types;
    std::span<const StyleTone> styles;
};
constexpr Language kLanguages[] = {
    {"c h", "cpp", kC, kCTypes, kCppStyles},
    {"cpp cc cxx c++ hpp hh hxx h++ ipp inl tcc m mm", "cpp", kCpp, kCTypes, kCppStyles},
    {"rs", "rust", kRust, kRustTypes, kRustStyles},
    {"zig", "cpp", kZig, kZigTypes, kCppStyles},
    {"ts js mjs", "cpp", kScript, kScriptTypes, kCppStyles},
    {"go", "cpp", kGo, kGoTypes, kCppStyles},
    {"swift", "cpp", kSwift, "", kCppStyles},
    {"wat wast", "lisp", kWat, "i32 i64 f32 f64 v128 funcref externref", kLispStyles},
};

class ThemedLexer final : public QsciLexer {
public:
    ThemedLexer(const Language& language, const Theme& theme, QObject* parent)
        : QsciLexer(parent), m_language(language) {
        setDefaultFont(theme.codeFont());
        setDefaultPaper(theme.color(Tone::Base));
        setDefaultColor(theme.color(Tone::Text));
        setFont(theme.codeFont());
        setPaper(theme.color(Tone::Base));
        setColor(theme.color(Tone::Text));
        for (const StyleTone& row : m_language.styles) {
            setColor(theme.color(row.tone), row.style);
            if (!row.bold) continue;
            QFont font = theme.codeFont();
            font.setBold(true);
            setFont(font, row.style);
        }
    }
    const char* language() const override { return m_language.lexer; }
    const char* lexer() const override { return m_language.lexer; }
    const char* keywords(int set) const override {
        return set == 1 ? m_language.keywords : set == 2 ? m_language.types : nullptr;
    }
    QString description(int style) const override {
        for (const StyleTone& row : m_language.styles) {
            if (row.style == style) return QString::number(style);
        }
        return {};
    }
    void refreshProperties() override {
        // Code that the preprocessor leaves out is not greyed: without the headers it would be guesswork.
        emit propertyChanged("lexer.cpp.track.preprocessor", "0");
        emit propertyChanged("fold", "0");
    }

private:
    const Language& m_language;
};

bool isWord(QChar c) { return c.isLetterOrNumber() || c == u'_' || c == u'$'; }

/// Begin of what stands before `at` and belongs to the same expression: a member's owner.
qsizetype ownerBegin(const QString& line, qsizetype at) {
    while (at > 0) {
        qsizetype dot = at;
        if (line[at - 1] == u'.')
            dot = at - 1;
        else if (at > 1 && (line.mid(at - 2, 2) == u"->" || line.mid(at - 2, 2) == u"::"))
            dot = at - 2;
        if (dot == at || dot == 0) return at;
        qsizetype begin = dot;
        while (begin > 0 && line[begin - 1] == u']') {
            int depth = 0;
            do {
                --begin;
                depth += line[begin] == u']' ? 1 : line[begin] == u'[' ? -1 : 0;
            } while (begin > 0 && depth > 0);
            if (depth > 0) return at;
        }
        while (begin > 0 && isWord(line[begin - 1]))
            --begin;
        if (begin == dot) return at;
        at = begin;
    }
    return at;
}

}  // namespace

QsciLexer* makeLexer(const QString& fileName, const Theme& theme, QObject* parent) {
    const QString suffix = fileName.mid(fileName.lastIndexOf(u'.') + 1).toLower();
    for (const Language& language : kLanguages) {
        if (QString::fromLatin1(language.suffixes).split(u' ').contains(suffix))
            return new ThemedLexer(language, theme, parent);
    }
    // Headers of the C++ library have no suffix.
    if (!fileName.contains(u'.')) return new ThemedLexer(kLanguages[1], theme, parent);
    return nullptr;
}

QString expressionAt(const QString& line, int column) {
    if (column < 0 || column >= line.size() || !isWord(line[column])) return {};
    qsizetype begin = column, end = column;
    while (begin > 0 && isWord(line[begin - 1]))
        --begin;
    while (end < line.size() && isWord(line[end]))
        ++end;
    if (line[begin].isDigit()) return {};
    return line.mid(ownerBegin(line, begin), end - ownerBegin(line, begin));
}

}  // namespace ui
