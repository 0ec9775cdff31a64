#include "wasi/call_filter.h"

#include "tests/wasi/guest.h"
#include "wasi/filter_words.h"
#include "wasi/glob.h"
#include "wasi/mock_text.h"

namespace wasi {
namespace {

/// A program with calls to choose from, by their sequence.
class CallFilterTest : public testing::Test {
protected:
    CallFilterTest() : m_guest(Guest::with(m_scratch)) {
        m_scratch.put("inside/app.cfg", "colour = red\n");
        uint32_t fd = 0;
        EXPECT_EQ(m_guest.open(3, "app.cfg", Oflags::None, Guest::kReadOnly, &fd), Errno::Success);   // 0
        EXPECT_EQ(m_guest.read(fd, 100), "colour = red\n");                                           // 1
        EXPECT_EQ(m_guest.open(3, "none.txt", Oflags::None, Guest::kReadOnly), Errno::Noent);         // 2
        EXPECT_EQ(m_guest.open(3, "new.txt", Oflags::Creat | Oflags::Trunc, Guest::kReadWrite, &fd),  // 3
                  Errno::Success);
        EXPECT_EQ(m_guest.write(fd, "hello"), Errno::Success);            // 4
        EXPECT_EQ(m_guest.write(1, "GET / HTTP/1.0\n"), Errno::Success);  // 5
        EXPECT_EQ(m_guest.call("fd_seek", 4, static_cast<uint64_t>(-3), 2, m_guest.room(8)),
                  Errno::Success);                                                         // 6
        EXPECT_EQ(m_guest.stat(3, "app.cfg"), Errno::Success);                             // 7
        EXPECT_EQ(m_guest.call("clock_time_get", 1, 0, m_guest.room(8)), Errno::Success);  // 8
    }
    std::vector<uint64_t> matching(const std::string& text) {
        const auto filter = CallFilter::parse(text);
        EXPECT_TRUE(filter.ok()) << text << ": " << filter.error().message;
        std::vector<uint64_t> found;
        if (!filter.ok()) return found;
        const NamesAt names = [](const engine::CodeLocation& at, const auto& test) {
            (void)(test("f" + std::to_string(at.offset)) || test("inlined"));
        };
        for (SyscallRecord& record : m_guest.host->log().slice(0, 100)) {
            record.backtrace = {engine::CodeLocation{}, engine::CodeLocation{}};
            record.backtrace[0].offset = static_cast<uint32_t>(record.sequence);
            record.backtrace[1].offset = 99;
            if (filter->matches(RecordedCall(record, names))) found.push_back(record.sequence);
        }
        if (text.find("caller") == std::string::npos) {
            EXPECT_EQ(byCursor(*filter), found) << text;
        }
        return found;
    }
    std::vector<uint64_t> byCursor(const CallFilter& filter) {
        std::vector<uint64_t> found;
        const NamesAt names;
        LogCursor cursor(m_guest.host->log());
        LoggedCall call(cursor, names);
        for (uint64_t at = 0; at < cursor.end() && call.moveTo(at); at++)
            if (filter.matches(call)) found.push_back(at);
        return found;
    }
    static std::string refusal(const std::string& text,
                               CallFilter::Moment moment = CallFilter::Moment::After) {
        const auto filter = CallFilter::parse(text, moment);
        return filter.ok() ? "" : filter.error().message;
    }
    Scratch m_scratch;
    Guest m_guest;
};

TEST_F(CallFilterTest, ChoosesByEveryKindOfField) {
    using Calls = std::vector<uint64_t>;
    const Calls all{0, 1, 2, 3, 4, 5, 6, 7, 8};
    const std::pair<const char*, Calls> kCases[] = {
        {"", all},
        {"path ~ \"*\"", {0, 1, 2, 3, 4, 5, 6, 7}},  // not the clock's, which has none
        // Words and quotes: the line, whatever the case.
        {"PATH_open", {0, 2, 3}},
        {"app.cfg", {0, 1, 6, 7}},
        {"\"100}\"", {1}},
        {"'colour = red'", {1}},
        {"enoent", {2}},
        {"fd_read", {1}},  // the right of that name does not count
        {"\"fs_rights_base=fd_read\"", {}},
        // Fields of every call.
        {"function = fd_write", {4, 5}},
        {"name ~ \"fd_*\"", {1, 4, 5, 6}},
        {"call !~ \"fd_*\"", {0, 2, 3, 7, 8}},
        {"family = clocks", {8}},
        {"fd = 4", {0, 1, 6}},
        {"fd != 3 and family = files", {1, 4, 5, 6}},
        {"fd = stdout", {5}},
        {"fd > 3", {0, 1, 3, 4, 6}},
        {"path ~ \"*.cfg\"", {0, 1, 6, 7}},
        {"path contains NEW", {3, 4}},
        {"path = app.cfg", {0, 7}},
        {"errno = noent", {2}},
        {"errno = ENOENT", {2}},
        {"errno != 0", {2}},
        {"errno ~ \"E*ENT\"", {2}},
        {"bytes >= 1K", {}},
        {"data contains get", {5}},
        {"data contains \"red\\n\"", {1}},
        {"length > 99", {1}},
        {"length = 5", {4}},
        {"caller = f3", {3}},
        {"caller = f99 and caller = inlined", all},
        {"sequence >= 7", {7, 8}},
        {"seq < 1", {0}},
        {"origin = host", all},
        {"outcome != returned", {}},
        {"start >= 0ns", all},
        // Arguments and results by their names.
        {"oflags = creat|trunc", {3}},
        {"oflags contains trunc", {3}},
        {"oflags = 0", {0, 2}},
        {"oflags ~ \"*creat*\"", {3}},
        {"offset < 0", {6}},
        {"whence = end", {6}},
        {"opened_fd = 5", {3}},
        {"nread = 13", {1}},
        {"nwritten > 0", {4, 5}},
        {"iovs contains HELLO", {4}},
        {"buf.filetype = regular_file and buf.size = 13", {7}},
        {"id = monotonic", {8}},
        {"fs_rights_base contains fd_write", {3}},
        // Put together.
        {"path_open and not errno = success", {2}},
        {"path_open !(errno = success)", {2}},
        {"fd_read or fd_write and fd = 1", {1, 5}},
        {"(fd_read or fd_write) and fd = 1", {5}},
        {"fd_read || fd_write && fd == 1", {1, 5}},
        {"not not path_open", {0, 2, 3}},
        {"\"and\"", {}},
    };
    for (const auto& [text, calls] : kCases)
        EXPECT_EQ(matching(text), calls) << text;
}

TEST_F(CallFilterTest, AWordFindsWhoAnsweredAsTheLineSaysIt) {
    ASSERT_TRUE(m_guest.host->setMocks({{0, parseMock("clock_* errno io").value()}}).ok());
    EXPECT_EQ(m_guest.call("clock_time_get", 1, 0, m_guest.room(8)), Errno::Io);  // 9
    EXPECT_EQ(matching("mock"), std::vector<uint64_t>{9});
    EXPECT_EQ(matching("MOC clock"), std::vector<uint64_t>{9});
    EXPECT_EQ(matching("clock_time_get not mock"), std::vector<uint64_t>{8});
    EXPECT_TRUE(matching("policy").empty());
    EXPECT_TRUE(matching("host").empty()) << "no line says so";
}

TEST_F(CallFilterTest, OfOneRunIsWhatNamesACall) {
    for (const char* text :
         {"fd = 7@95", "fd!=7@95", "errno = noent and (fd = 7@0)", "fd == 3@start or fd = 4@1"})
        EXPECT_TRUE(isFilterOfOneRun(text)) << text;
    for (const char* text : {"", "fd = 7", "fd = 3@start", "7@95", "fd and 7@95", "data contains 7@95",
                             "fd = \"7@95\"", "fd = 7@95 and"})
        EXPECT_FALSE(isFilterOfOneRun(text)) << text;
}

TEST_F(CallFilterTest, ChoosesByMemoryThatWasTouched) {
    const uint32_t time = m_guest.room(8), next = m_guest.put("abcd");
    EXPECT_EQ(m_guest.call("clock_time_get", 1, 0, time), Errno::Success);  // 9 writes there
    EXPECT_EQ(m_guest.call("path_unlink_file", 3, next, 4), Errno::Noent);  // 10 reads behind it
    using Calls = std::vector<uint64_t>;
    const auto at = [](int64_t first, int64_t last) {
        return " = " + std::to_string(first) + ".." + std::to_string(last);
    };
    EXPECT_EQ(matching("written" + at(time, time)), Calls{9});
    EXPECT_EQ(matching("written = " + std::to_string(time + 7)), Calls{9});
    EXPECT_EQ(matching("written" + at(next, next + 100)), Calls{});
    EXPECT_EQ(matching("touched" + at(next, next)), Calls{10});
    EXPECT_EQ(matching("touched" + at(time + 7, next)), (Calls{9, 10}));
    EXPECT_EQ(matching("touched" + at(next + 4, next + 4)), Calls{});
    EXPECT_EQ(matching("touched" + at(time - 1, time - 1) + " and seq > 8"), Calls{});
    EXPECT_EQ(matching("seq > 8 and written != " + std::to_string(time)), Calls{10});
    EXPECT_EQ(matching("touched = 0..0xffffffffffffffff and seq > 8"), (Calls{9, 10}));
    // What is empty touches nothing.
    const uint32_t list = m_guest.put(Ciovec{time + 4, 0}), result = m_guest.room(4);
    EXPECT_EQ(m_guest.call("fd_write", 1, list, 1, result), Errno::Success);
    EXPECT_EQ(matching("touched" + at(time, time + 7)), Calls{9});
}

TEST_F(CallFilterTest, SaysWhereItIsWrong) {
    const std::pair<const char*, const char*> kCases[] = {
        {"touched > 3", "column 9: touched is compared with = or !="},
        {"written = 5..4", "column 11: \"5..4\" is no place in memory; write 0x1040, or 0x1040..0x107f"},
        {"written = 5..x", "column 11: \"5..x\" is no place in memory; write 0x1040, or 0x1040..0x107f"},
        {"fd =", "column 5: a value is missing behind ="},
        {"(fd_read", "column 1: this ( is not closed"},
        {"fd_read)", "column 8: this ) closes nothing"},
        {"a and", "column 6: something is missing at the end"},
        {"or b", "column 1: \"or\" is not expected here"},
        {"x \"abc", "column 3: this quote does not end"},
        {"pth = x", "column 1: there is no field or argument \"pth\"; did you mean path?"},
        {"oflag = creat", "column 1: there is no field or argument \"oflag\"; did you mean oflags?"},
        {"frobnicate = 1", "column 1: there is no field or argument \"frobnicate\""},
        {"oflags = create",
         "column 10: \"create\" is no value of oflags, which is some of creat, directory, excl, trunc"},
        {"nread = many", "column 9: \"many\" is no value of nread, which is a number"},
        {"errno = nope", "column 9: \"nope\" is no errno; write noent, ENOENT or 44"},
        {"duration > 5 parsecs and", "column 25: something is missing at the end"},
        {"duration > 5parsecs", "column 12: \"5parsecs\" is no time; write 500ns, 5us, 1.5ms or 2s"},
        {"bytes > 5s", "column 9: \"5s\" is no size; write 4096, 64K or 1M"},
        {"function < fd", "column 10: function is text: compare it with = != ~ or contains"},
        {"iovs > 3", "column 6: iovs is text: compare it with = != ~ or contains"},
        {"origin = mokc", "column 10: \"mokc\" is no origin; did you mean mock?"},
        {"origin != mokc", "column 11: \"mokc\" is no origin; did you mean mock?"},
        {"origin = 7", "column 10: \"7\" is no origin; there are host, mock, policy, replay"},
        {"family = fiels", "column 10: \"fiels\" is no family; did you mean files?"},
        {"outcome = retuned", "column 11: \"retuned\" is no outcome; did you mean returned?"},
        {"outcome ~ x*",
         "column 11: \"x*\" is no outcome; there are pending, returned, trapped, exited, interrupted, "
         "dropped"},
        {"function = fd_wriet", "column 12: \"fd_wriet\" is no function; did you mean fd_write?"},
        {"function contains socket", "column 19: \"socket\" is no function"},
        {"bytes ~ 3", "column 7: bytes is a number: compare it with = != < <= > >="},
    };
    for (const auto& [text, message] : kCases)
        EXPECT_EQ(refusal(text), message) << text;
    std::string many;
    for (int i = 0; i < 65; i++)
        many += "nread = 1 ";
    EXPECT_EQ(refusal(many), "column 641: a filter compares at most 64 arguments");
}

/// `length` counts what a guest claims, of lists that may lie outside of memory or be longer than anybody looks.
TEST_F(CallFilterTest, LengthIsWithinBoundsWhateverAGuestClaims) {
    Guest& g = m_guest;
    const auto last = [&](const std::string& text) {
        const auto found = matching(text);
        return !found.empty() && found.back() == g.host->log().count() - 1;
    };
    const auto read = [&](uint64_t iovs, uint64_t count) {
        (void)g.call("fd_read", 0, iovs, count, g.room(4));
    };
    g.host->closeInput();
    read(g.put(Iovec{64, 0xffffffff}), 1);
    EXPECT_TRUE(last("fd_read and length = 4294967295"));
    const uint32_t two = g.put(Iovec{64, 0xffffffff});
    g.put(Iovec{64, 0xffffffff});
    read(two, 2);
    EXPECT_TRUE(last("fd_read and length = 8589934590")) << "more than 32 bits";
    read(0xfffffff8, 2);
    EXPECT_TRUE(last("fd_read and length = 0")) << "a list outside of memory holds nothing";
    EXPECT_FALSE(last("length > 0"));
    read(64, 0xffffffff);
    EXPECT_TRUE(last("fd_read"));
    EXPECT_FALSE(last("fd_read and length > 18446744073709551614"));
    (void)g.call("random_get", 64, 0xffffffff);
    EXPECT_TRUE(last("random_get and length = 4294967295"));
    (void)g.call("sched_yield");
    EXPECT_FALSE(last("length >= 0")) << "a call without buffers has none";
}

TEST_F(CallFilterTest, BeforeACallKnowsOnlyWhatIsPassed) {
    constexpr auto kBefore = CallFilter::Moment::Before;
    EXPECT_EQ(refusal("path ~ \"*.cfg\" and oflags contains creat and caller = main", kBefore), "");
    EXPECT_EQ(refusal("errno = noent", kBefore), "column 1: errno is not known before the call is made");
    EXPECT_EQ(refusal("nread > 3", kBefore), "column 1: nread is not known before the call is made");
    EXPECT_EQ(refusal("fd = 3 app", kBefore).substr(0, 12), "column 8: \"a");
}

TEST_F(CallFilterTest, S2_IsBoundedWhateverIsTyped) {
    EXPECT_EQ(refusal(std::string(100'000, '(')).substr(0, 12), "column 4097:");
    EXPECT_EQ(refusal(std::string(4000, '(')), "column 65: nested too deeply (64 levels)");
    EXPECT_EQ(refusal(std::string(4000, '!')), "column 65: nested too deeply (64 levels)");
    // A pattern that a backtracking matcher never finishes.
    std::string pattern;
    for (int i = 0; i < 200; i++)
        pattern += "a*";
    EXPECT_FALSE(matchesGlob(pattern + "b", std::string(10'000, 'a')));
}

TEST(Glob, Matches) {
    EXPECT_TRUE(matchesGlob("*.cfg", "etc/app.cfg"));
    EXPECT_TRUE(matchesGlob("", ""));
    EXPECT_TRUE(matchesGlob("*", ""));
    EXPECT_TRUE(matchesGlob("fd_*write", "fd_pwrite"));
    EXPECT_TRUE(matchesGlob("a*b*c", "a-b-b-c"));
    EXPECT_TRUE(matchesGlob("fd_?ead", "fd_read"));
    EXPECT_FALSE(matchesGlob("fd_?", "fd_"));
    EXPECT_FALSE(matchesGlob("*.cfg", "app.cfg2"));
    EXPECT_FALSE(matchesGlob("a*bc", "abcb"));
}

TEST(HostParameters, AreDescribedByTheirTypes) {
    const auto& open = allHostFunctions()[static_cast<size_t>(findHostFunction("path_open"))];
    ASSERT_EQ(open.parameters.size(), 7u);
    using Shape = HostParameter::Shape;
    EXPECT_EQ(open.parameters[2].shape, Shape::Text);
    EXPECT_EQ(open.parameters[2].slot, 2);
    EXPECT_EQ(open.parameters[3].slot, 4);  // behind address and length of the path
    ASSERT_EQ(open.parameters[3].fields.size(), 1u);
    EXPECT_EQ(open.parameters[3].fields[0].kind, HostField::Kind::Flags);
    EXPECT_EQ(open.results[0].size, 4u);
    const auto& prestat =
        allHostFunctions()[static_cast<size_t>(findHostFunction("fd_prestat_get"))].results[0];
    ASSERT_EQ(prestat.fields.size(), 2u);
    EXPECT_EQ(prestat.fields[1].path, "dir.pr_name_len");
    EXPECT_EQ(prestat.fields[1].offset, 4u);
    const auto& stat =
        allHostFunctions()[static_cast<size_t>(findHostFunction("fd_filestat_get"))].results[0];
    EXPECT_EQ(stat.fields[4].path, "size");
    EXPECT_EQ(stat.fields[4].offset, 32u);
    EXPECT_EQ(parseErrno("ENOENT"), 44);
    EXPECT_EQ(parseErrno("exist"), 20);
    EXPECT_EQ(parseErrno("77"), std::nullopt);
}

}  // namespace
}  // namespace wasi
