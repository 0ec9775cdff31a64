// The definition of a type as text, for `ptype`.
#include <algorithm>

#include "debugger/symbols/render_text.h"
#include "debugger/symbols/value.h"
#include "debugger/symbols/value_number.h"
#include "debugger/symbols/value_read.h"
#include "debugger/symbols/value_types.h"

namespace debugger {

namespace {

constexpr size_t kMaxLines = 2'000;

/// "int16_t dims[2][3]", "int (*op)(int, int)": the name goes inside the type.
std::string declaration(const std::string& type, const std::string& name) {
    const size_t function = type.find("(*)");
    if (function != std::string::npos) return type.substr(0, function + 2) + name + type.substr(function + 2);
    const size_t bracket = type.ends_with(']') ? type.find('[') : std::string::npos;
    if (bracket != std::string::npos && bracket > 0)
        return type.substr(0, bracket) + " " + name + type.substr(bracket);
    if (name.empty()) return type;
    return type.ends_with('*') || type.ends_with('&') ? type + name : type + " " + name;
}

class Describer {
public:
    explicit Describer(const Types& types) : m_types(types) {}

    std::string run(TypeId type) {
        std::string suffix;
        std::string prefix;
        // Through typedefs and pointers to the definition that matters: "struct item {…} *".
        for (unsigned depth = 0; depth < 64; depth++) {
            const TypeKind kind = m_types.kind(type);
            if (kind == TypeKind::Typedef) {
            } else if (kind == TypeKind::Const) {
                prefix = "const " + prefix;
            } else if (kind == TypeKind::Volatile) {
                prefix = "volatile " + prefix;
            } else if (isPointerToDefinition(type)) {
                suffix = (kind == TypeKind::Pointer ? "*" : "&") + suffix;
            } else {
                break;
            }
            type = m_types.target(type);
        }
        definition(type, prefix);
        if (!suffix.empty()) m_text += " " + suffix;
        return printable(m_text, true);
    }

private:
    bool isPointerToDefinition(TypeId type) const {
        if (m_types.kind(type) != TypeKind::Pointer && !m_types.isReference(type)) return false;
        const TypeId target = m_types.strip(m_types.target(type));
        const TypeKind kind = m_types.kind(target);
        return m_types.isAggregate(target) || kind == TypeKind::Enum || kind == TypeKind::Pointer;
    }

    void definition(TypeId type, const std::string& prefix) {
        const TypeInfo& t = m_types.info(type);
        if (t.kind == TypeKind::Enum) return enumeration(t, prefix);
        if (!m_types.isAggregate(type)) {
            m_text += prefix + m_types.name(type);
            return;
        }
        if (t.isDeclaration) {
            m_text += prefix + head(t) + ";  // incomplete: the module has no definition";
            return;
        }
        if (t.language.starts_with("Rust")) return rust(t);
        m_text += prefix + head(t) + bases(t) + " {  // " + bytes(t.byteSize) + "\n";
        for (const Member& member : t.members) {
            if (!member.isBase) cMember(member, 1, 0);
        }
        m_text += "}";
    }

    static std::string bytes(uint64_t size) {
        return std::to_string(size) + (size == 1 ? " byte" : " bytes");
    }

    static std::string head(const TypeInfo& t) {
        if (t.name.starts_with("struct") || t.name.starts_with("union") || t.name.starts_with("class") ||
            t.name.starts_with("enum"))
            return t.name;
        const char* word = t.kind == TypeKind::Union   ? "union"
                           : t.kind == TypeKind::Class ? "class"
                           : t.kind == TypeKind::Enum  ? "enum"
                                                       : "struct";
        return t.name.empty() ? word : word + (" " + t.name);
    }

    std::string bases(const TypeInfo& t) const {
        std::string text;
        for (const Member& member : t.members) {
            if (member.isBase) text += (text.empty() ? " : " : ", ") + m_types.name(member.type);
        }
        return text;
    }

    void line(unsigned indent, const std::string& text) {
        if (++m_lines == kMaxLines) m_text += "    …\n";
        if (m_lines < kMaxLines) m_text += std::string(4 * indent, ' ') + text + "\n";
    }

    void cMember(const Member& member, unsigned indent, uint64_t base) {
        const TypeInfo& t = m_types.stripped(member.type);
        const uint64_t offset = base + member.offset;
        if (member.name.empty() && m_types.isAggregate(member.type) && indent < 8) {
            line(indent, std::string(t.kind == TypeKind::Union ? "union" : "struct") + " {");
            for (const Member& inner : t.members)
                cMember(inner, indent + 1, offset);
            return line(indent, "};");
        }
        std::string text = member.isStatic ? "static " : "";
        text += declaration(m_types.name(member.type), member.name);
        if (member.bitSize) text += " : " + std::to_string(member.bitSize);
        text += ";";
        if (member.bitSize)
            text += "  // " + std::to_string(offset) + ", bit " + std::to_string(member.bitOffset);
        else if (!member.isStatic)
            text += "  // " + std::to_string(offset);
        line(indent, text);
    }

    void enumeration(const TypeInfo& t, const std::string& prefix) {
        m_text += prefix + head(t) + " {  // " +
                  bytes(m_types.size(t.target) && !t.byteSize ? m_types.size(t.target) : t.byteSize) + "\n";
        for (const Enumerator& e : t.enumerators)
            line(1, e.name + " = " + std::to_string(e.value) + ",");
        m_text += "}";
    }

    std::string fields(const TypeInfo& t) const {
        const bool isTuple = std::all_of(t.members.begin(), t.members.end(),
                                         [](const Member& m) { return m.name.starts_with("__"); });
        std::string text;
        for (const Member& member : t.members) {
            text +=
                (text.empty() ? "" : ", ") + (isTuple ? "" : member.name + ": ") + m_types.name(member.type);
        }
        return t.members.empty() ? "" : isTuple ? "(" + text + ")" : " { " + text + " }";
    }

    void rust(const TypeInfo& t) {
        m_text += std::string(t.cases.empty() ? t.kind == TypeKind::Union ? "union " : "struct " : "enum ") +
                  t.name + " {  // " + bytes(t.byteSize) + "\n";
        for (const Member& member : t.members) {
            line(1,
                 member.name + ": " + m_types.name(member.type) + ",  // " + std::to_string(member.offset));
        }
        for (const VariantCase& one : t.cases) {
            std::string when;
            for (const auto& [first, last] : one.values) {
                when += (when.empty() ? "  // " : ", ") + std::to_string(first) +
                        (last != first ? "..=" + std::to_string(last) : "");
            }
            if (when.empty() && t.cases.size() > 1) when = "  // otherwise";
            for (const Member& member : one.members)
                line(1, member.name + fields(m_types.stripped(member.type)) + "," + when);
        }
        m_text += "}";
    }

    const Types& m_types;
    std::string m_text;
    size_t m_lines = 0;
};

}  // namespace

std::string describeType(TypeId type, Symbols& symbols) {
    const Types types(&symbols, 4);
    return Describer(types).run(type);
}

std::string describeType(const SourceValue& value, EvaluationContext& context) {
    const Types types(context);
    if (!value.extents.empty()) return typeName(value, context);
    return Describer(types).run(value.type);
}

}  // namespace debugger
