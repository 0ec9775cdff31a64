// What a filter says of a call, whichever way it looks at it: at a record, at the packed log in place, or at the words in which it is shown.
#include <gtest/gtest.h>

#include "tests/wasi/any_record.h"
#include "wasi/abi.h"
#include "wasi/call_filter.h"
#include "wasi/call_filter_nodes.h"
#include "wasi/syscall_log.h"

namespace wasi {
namespace {

/// Some thousand calls at random, that are over.
class FilterAgreement : public testing::Test {
protected:
    FilterAgreement() {
        for (int i = 0; i < 60; i++) {
            for (uint16_t function = 0; function < allHostFunctions().size(); function++) {
                SyscallRecord record = anyRecord(function, m_random);
                while (record.outcome == Outcome::Pending || record.outcome == Outcome::Dropped)
                    record = anyRecord(function, m_random);
                std::fill(record.arguments.begin() + record.argumentCount, record.arguments.end(), 0);
                record.origin = static_cast<Origin>(upTo(3));
                record.durationNs = static_cast<int64_t>(upTo(3000));
                record.startNs = static_cast<int64_t>(record.sequence * 1000);
                record.backtrace.resize(upTo(3));
                for (auto& frame : record.backtrace)
                    frame.offset = static_cast<uint32_t>(upTo(5));
                for (MemoryAccess& access : record.accesses)
                    if (upTo(3) == 0) setText(access);
                record.sequence = m_log.begin(record);
                m_log.amend(record.sequence, record);
                m_records.push_back(std::move(record));
            }
        }
    }
    uint64_t upTo(uint64_t most) { return std::uniform_int_distribution<uint64_t>(0, most)(m_random); }
    template <class Words>
    std::string_view oneOf(const Words& words) {
        return words[upTo(std::size(words) - 1)];
    }
    void setText(MemoryAccess& access) {
        static constexpr std::string_view kTexts[] = {"etc/app.cfg",
                                                      "GET / HTTP/1.0\r\nHost: x\r\n",
                                                      "config",
                                                      "\x9f\nconfigured",
                                                      "\xcf\xaf"
                                                      "Config"
                                                      "\xff",
                                                      "a\"b\\c",
                                                      "\nxconfig\xc0nfig",
                                                      "gr\xc3\xbc\xc3\x9f"
                                                      "e.txt"};
        const std::string_view text = oneOf(kTexts);
        access.bytes.assign(text.begin(), text.end());
        access.length = text.size() + upTo(1) * upTo(40);
    }
    std::string quoted(std::string_view text) {
        std::string made = "\"";
        for (const char c : text) {
            if (c == '"' || c == '\\') made += '\\';
            made += c;
        }
        return made + '"';
    }
    std::string number() { return std::to_string(upTo(3) ? upTo(40) * (upTo(1) ? 8 : 1) : m_random()); }

    /// A piece of some call's line: in small letters, in capitals, or as it is.
    std::string word() {
        std::string line;
        appendCall(line, m_records[upTo(m_records.size() - 1)]);
        const size_t at = upTo(line.size() - 1);
        std::string piece = line.substr(at, 1 + upTo(11));
        for (char& c : piece)
            if (static_cast<uint8_t>(c) < 0x20) c = ' ';
        return upTo(2) ? piece : lowerCase(piece);
    }
    /// "oflags contains creat": any field, argument or result, compared with something that may be its value.
    std::string comparison() {
        static constexpr std::string_view kSigns[] = {"=", "!=", "<", "<=", ">", ">=", "~", "!~", "contains"};
        const std::string sign(oneOf(kSigns));
        const bool isText = upTo(1);
        const auto patterned = [&](std::string_view value) {
            return quoted(sign.ends_with('~') ? "*" + std::string(value) + "*" : std::string(value));
        };
        switch (upTo(6)) {
        case 0: {
            const HostFunction& function = allHostFunctions()[upTo(allHostFunctions().size() - 1)];
            const auto& all = upTo(2) || function.results.empty() ? function.parameters : function.results;
            if (all.empty()) return "function = " + std::string(function.name);
            const HostParameter& p = all[upTo(all.size() - 1)];
            if (p.fields.empty()) return std::string(p.name) + " " + sign + " " + patterned("config");
            const HostField& field = p.fields[upTo(p.fields.size() - 1)];
            std::string value = number();
            if (!field.names.empty() && upTo(2)) value = valueText(field, upTo(field.names.size() - 1));
            return std::string(p.name) + (field.path.empty() ? "" : "." + field.path) + " " + sign + " " +
                   (sign.ends_with('~') ? patterned(value) : value);
        }
        case 1: return (isText ? "path " : "data ") + sign + " " + patterned(upTo(1) ? "/data/a" : "config");
        case 2: return "caller " + sign + " " + patterned("f" + number());
        case 3: return "fd " + sign + " " + (upTo(2) ? number() : number() + "@" + number());
        case 4: return "errno " + sign + " " + (isText ? "noent" : std::to_string(upTo(76)));
        case 5: return std::string(isText ? "bytes " : "length ") + sign + " " + number();
        default:
            return std::string(isText ? "duration " : "sequence ") + sign + " " + std::to_string(upTo(3000));
        }
    }
    std::string condition(int depth) {
        const uint64_t kind = depth > 2 ? upTo(3) : upTo(6);
        if (kind == 4) return "not (" + condition(depth + 1) + ")";
        if (kind > 4)
            return "(" + condition(depth + 1) + (upTo(1) ? " and " : " or ") + condition(depth + 1) + ")";
        return kind ? comparison() : quoted(word());
    }

    std::mt19937 m_random{7};
    SyscallLog m_log;
    std::vector<SyscallRecord> m_records;
    const NamesAt m_names = [](const engine::CodeLocation& at, const auto& test) {
        (void)(test("f" + std::to_string(at.offset)) || test("inlined"));
    };
};

/// The packed log and a record give the same answers, to conditions of every kind.
TEST_F(FilterAgreement, OfThePackedLogAndItsRecords) {
    int filters = 0, matching = 0;
    for (int i = 0; i < 1500; i++) {
        const std::string text = condition(0);
        const auto filter = CallFilter::parse(text);
        if (!filter.ok()) continue;
        filters++;
        CallSearch ofRecords(*filter), ofLog(*filter);
        LogCursor cursor(m_log);
        LoggedCall logged(cursor, m_names);
        for (int n = 0; n < 150; n++) {
            const SyscallRecord& record = m_records[static_cast<size_t>(n) * m_records.size() / 150];
            ASSERT_TRUE(logged.moveTo(record.sequence));
            const bool matches = ofRecords.matches(RecordedCall(record, m_names));
            ASSERT_EQ(ofLog.matches(logged), matches) << text << "\nof " << show(record).line();
            matching += matches;
        }
    }
    EXPECT_GT(filters, 700);
    EXPECT_GT(matching, filters * 10);
}

/// A word is looked for in the line that is shown, whatever shortcuts a search takes; rights that are named as calls do not count.
TEST_F(FilterAgreement, OfAWordAndTheLine) {
    const auto hasRights = [](const SyscallRecord& record) {
        const auto& results = allHostFunctions()[record.function].results;
        return std::any_of(results.begin(), results.end(), [](const HostParameter& p) {
            return std::any_of(p.fields.begin(), p.fields.end(),
                               [](const HostField& f) { return f.path.find("rights") != std::string::npos; });
        });
    };
    const auto withoutRights = [](const SyscallRecord& record) {
        SyscallRecord other = record;
        const HostFunction& function = allHostFunctions()[record.function];
        for (const HostParameter& p : function.parameters)
            if (p.type == "rights") other.arguments[p.slot] = 0;
        return other;
    };
    int found = 0;
    LogCursor cursor(m_log);
    LoggedCall logged(cursor, m_names);
    for (int i = 0; i < 3000; i++) {
        const std::string wanted = word();
        const auto filter = CallFilter::parse(quoted(wanted));
        ASSERT_TRUE(filter.ok()) << wanted << ": " << filter.error().message;
        const std::string lowered = lowerCase(wanted);
        if (lowered.find("rights") != std::string::npos) continue;
        for (int n = 0; n < 100; n++) {
            const SyscallRecord& record =
                m_records[(static_cast<size_t>(n) * 59 + static_cast<size_t>(i)) % m_records.size()];
            std::string line, bare;
            appendCall(line, record);
            appendCall(bare, withoutRights(record));
            // Who answered is told beside the call, if it was not the host.
            const bool isOrigin = record.origin != Origin::Host &&
                                  toText(record.origin).find(lowered) != std::string_view::npos;
            const bool isThere = isOrigin || lowerCase(line).find(lowered) != std::string::npos;
            const bool matches = filter->matches(RecordedCall(record, m_names));
            ASSERT_TRUE(logged.moveTo(record.sequence));
            ASSERT_EQ(filter->matches(logged), matches) << wanted << "\nof " << line;
            if (bare == line && !hasRights(record)) {
                ASSERT_EQ(matches, isThere) << wanted << "\nof " << line;
            } else if (matches) {
                ASSERT_TRUE(isThere) << wanted << "\nof " << line;
            }
            found += matches;
        }
    }
    EXPECT_GT(found, 1000);
}

/// An argument or result equals what the call shows in its place.
TEST_F(FilterAgreement, OfAnArgumentAndTheWordsForIt) {
    int compared = 0;
    const auto fieldOf = [](const HostParameter& p, const std::string& name) -> const HostField* {
        const std::string path = name.size() > p.name.size() ? name.substr(p.name.size() + 1) : "";
        const auto found = std::find_if(p.fields.begin(), p.fields.end(),
                                        [&](const HostField& f) { return f.path == path; });
        return found == p.fields.end() ? nullptr : &*found;
    };
    const auto check = [&](const SyscallRecord& record, const HostParameter& p, const std::string& name,
                           const std::string& text) {
        if (p.type == "fd")
            return;  // the field of that name is of any descriptor, and names are shown with it
        const HostField* field = fieldOf(p, name);
        if (!field || !parseValue(*field, text)) return;  // no such value
        const auto filter = CallFilter::parse(name + " = " + quoted(text));
        ASSERT_TRUE(filter.ok()) << filter.error().message;
        compared++;
        EXPECT_TRUE(filter->matches(RecordedCall(record, m_names)))
            << name << " = " << text << "\nof " << show(record).line();
    };
    const std::function<void(const SyscallRecord&, const HostParameter&, const ShownValue&,
                             const std::string&)>
        each = [&](const SyscallRecord& record, const HostParameter& p, const ShownValue& value,
                   const std::string& name) {
            if (fieldOf(p, name)) return check(record, p, name, value.text);
            for (const ShownValue& child : value.children)
                each(record, p, child, name + "." + child.name);
        };
    for (const SyscallRecord& record : m_records) {
        if (record.outcome != Outcome::Returned || record.errno_ != 0) continue;
        const HostFunction& function = allHostFunctions()[record.function];
        const ShownCall shown = show(record);
        for (const auto& [row, values] : {std::pair(&function.parameters, &shown.arguments),
                                          std::pair(&function.results, &shown.results)})
            for (const HostParameter& p : *row)
                for (const ShownValue& value : *values)
                    if (value.name == p.name) each(record, p, value, std::string(p.name));
    }
    EXPECT_GT(compared, 1000);
}

}  // namespace
}  // namespace wasi
