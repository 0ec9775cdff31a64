#include "wasi/followed_descriptor.h"

#include "tests/wasi/guest.h"
#include "wasi/call_filter.h"

namespace wasi {
namespace {

using Calls = std::vector<uint64_t>;

/// Number 4 has four lives here, one of which began as number 5.
class FollowedDescriptorTest : public testing::Test {
protected:
    FollowedDescriptorTest() : m_guest(Guest::with(m_scratch)) {
        Guest& g = m_guest;
        m_scratch.put("inside/app.cfg", "colour = red\n");
        m_scratch.put("inside/old", "");
        open("app.cfg", 4);                                                                         // 0
        EXPECT_EQ(g.read(4, 6), "colour");                                                          // 1
        EXPECT_EQ(g.call("fd_close", 4), Errno::Success);                                           // 2
        open("new.txt", 4, Oflags::Creat);                                                          // 3
        EXPECT_EQ(g.write(4, "hello"), Errno::Success);                                             // 4
        open("app.cfg", 5);                                                                         // 5
        EXPECT_EQ(g.call("fd_renumber", 5, 4), Errno::Success);                                     // 6
        EXPECT_EQ(g.read(4, 6), "colour");                                                          // 7
        const uint32_t subscriptions = subscribe(1);                                                //
        (void)subscribe(4);                                                                         //
        EXPECT_EQ(g.call("poll_oneoff", subscriptions, g.room(64), 2, g.room(4)), Errno::Success);  // 8
        EXPECT_EQ(rename(), Errno::Success);                                                        // 9
        EXPECT_EQ(g.call("fd_close", 5), Errno::Badf);                                              // 10
        EXPECT_EQ(g.call("fd_close", 4), Errno::Success);                                           // 11
        EXPECT_EQ(g.call("fd_tell", 4, g.room(8)), Errno::Badf);                                    // 12
        open("app.cfg", 4);                                                                         // 13
        EXPECT_EQ(g.call("fd_renumber", 4, 4), Errno::Success);                                     // 14
        EXPECT_EQ(g.call("fd_tell", 4, g.room(8)), Errno::Success);                                 // 15
    }
    void open(std::string_view path, uint32_t expected, Oflags oflags = Oflags::None) {
        uint32_t fd = 0;
        EXPECT_EQ(m_guest.open(3, path, oflags, Guest::kReadWrite, &fd), Errno::Success);
        EXPECT_EQ(fd, expected);
    }
    uint32_t subscribe(uint32_t fd) {
        Subscription subscription;
        subscription.u.content.emplace<2>(SubscriptionFdReadwrite{Fd{fd}});
        return m_guest.put(subscription);
    }
    Errno rename() {
        return m_guest.call("path_rename", 3, m_guest.put("old"), 3, 3, m_guest.put("fresh"), 5);
    }
    static CallFilter filter(const std::string& text) {
        auto made = CallFilter::parse(text);
        EXPECT_TRUE(made.ok()) << text << ": " << made.error().message;
        return made.ok() ? *made : CallFilter();
    }
    Calls matching(const std::string& text) {
        const NamesAt names;
        CallSearch bySearch(filter(text)), byCursor(filter(text));
        Calls found, again;
        const SyscallLog& log = m_guest.host->log();
        for (const SyscallRecord& record : log.slice(0, 100))
            if (bySearch.matches(RecordedCall(record, names))) found.push_back(record.sequence);
        LogCursor cursor(log);
        LoggedCall call(cursor, names);
        for (uint64_t at = 0; at < cursor.end() && call.moveTo(at); at++)
            if (byCursor.matches(call)) again.push_back(at);
        EXPECT_EQ(found, again) << text;
        return found;
    }
    std::string nameOf(uint64_t sequence, uint32_t number) {
        return toText(descriptorIn(m_guest.host->log(), sequence, number));
    }
    Scratch m_scratch;
    Guest m_guest;
};

TEST_F(FollowedDescriptorTest, IsFollowedFromTheCallThatMadeItToItsClose) {
    const std::pair<const char*, Calls> kCases[] = {
        {"fd = 4", {0, 1, 2, 3, 4, 6, 7, 8, 11, 12, 13, 14, 15}},  // every descriptor of that number
        {"fd = 4@0", {0, 1, 2}},
        {"fd = 4@3", {3, 4, 6}},         // replaced by the renumbering
        {"fd = 5@5", {5, 6, 7, 8, 11}},  // … which made it number 4
        {"fd = 4@6", {6, 7, 8, 11}},     // the same, from there on
        {"fd = 4@13", {13, 14, 15}},
        {"fd = 4@1", {1, 2}},
        {"fd = 3@start", {0, 3, 5, 9, 13}},
        {"fd = 1@start", {8}},
        {"fd = 9@start", {}},
        {"fd = 4@99", {}},
        // As conditions like any other.
        {"fd = 4@0 or fd = 5@5", {0, 1, 2, 5, 6, 7, 8, 11}},
        {"fd = 4 and fd != 5@5 and not fd = 4@0", {3, 4, 12, 13, 14, 15}},
        {"errno = badf or fd = 4@13 and function = fd_tell", {10, 12, 15}},
        {"function = fd_tell and fd = 4@13", {15}},
    };
    for (const auto& [text, calls] : kCases)
        EXPECT_EQ(matching(text), calls) << text;
}

TEST_F(FollowedDescriptorTest, IsNamedByTheCallThatMadeIt) {
    EXPECT_EQ(nameOf(0, 4), "4@0");
    EXPECT_EQ(nameOf(2, 4), "4@0");
    EXPECT_EQ(nameOf(6, 5), "5@5");
    EXPECT_EQ(nameOf(6, 4), "4@3") << "what it replaced";
    EXPECT_EQ(nameOf(8, 4), "5@5") << "by the number that it was made with";
    EXPECT_EQ(nameOf(11, 4), "5@5");
    EXPECT_EQ(nameOf(15, 4), "4@13");
    EXPECT_EQ(nameOf(9, 3), "3@start");
    EXPECT_EQ(nameOf(8, 1), "1@start");
    EXPECT_EQ(nameOf(12, 4), "4@12") << "made by no call: from where it is free";
    EXPECT_EQ(nameOf(10, 5), "5@7");
    for (const char* text : {"5@5", "3@start", "4294967295@18446744073709551615"})
        EXPECT_EQ(toText(parseDescriptorName(text).value()), text);
    for (const char* text : {"5", "@5", "5@", "5@x", "5@-1", "x@5", "5@5@5", "5@18446744073709551616"})
        EXPECT_FALSE(parseDescriptorName(text).has_value()) << text;
}

TEST_F(FollowedDescriptorTest, SaysWhatCannotBeFollowed) {
    const auto refusal = [](const char* text, CallFilter::Moment moment = CallFilter::Moment::After) {
        const auto made = CallFilter::parse(text, moment);
        return made.ok() ? "" : made.error().message;
    };
    EXPECT_EQ(refusal("fd > 4@0"), "column 4: one descriptor is compared with = or !=");
    EXPECT_EQ(refusal("fd = 4@0", CallFilter::Moment::Before),
              "column 1: which call made a descriptor is not known before a call is made");
    EXPECT_EQ(refusal("fd = 4@soon"),
              "column 6: \"4@soon\" is no descriptor; write 5@1234, the one that call 1234 made as number 5, "
              "or 5@start");
    std::string many;
    for (int i = 0; i < 65; i++)
        many += "fd = 4@0 ";
    EXPECT_EQ(refusal(many.c_str()), "column 577: a filter compares at most 64 arguments");
}

TEST_F(FollowedDescriptorTest, EachOfTwoDescriptorsHasItsName) {
    const auto line = [&](uint64_t sequence) {
        return argumentText(show(m_guest.host->log().slice(sequence, 1)[0]));
    };
    EXPECT_EQ(line(6), "5 (/data/app.cfg), 4 (/data/new.txt)");
    EXPECT_EQ(line(9), "3 (/data), \"old\", 3, \"fresh\"");
    EXPECT_EQ(matching("path ~ \"*/new.txt\" and fd_renumber"), Calls{6});
    EXPECT_EQ(matching("path ~ \"/data/app.cfg\" and fd_renumber"), (Calls{6, 14}));
}

/// A call that failed moved nothing; and a number that is given anew is another descriptor, though no call has told of the end of the first.
TEST(FollowedDescriptor, FailuresChangeNothingAndALaterOpenEndsIt) {
    const Scratch scratch;
    scratch.put("inside/app.cfg", "colour = red");
    Guest g(Guest::with(scratch));
    EXPECT_EQ(g.open(3, "app.cfg", Oflags::None, Guest::kReadOnly), Errno::Success);
    EXPECT_EQ(g.call("fd_renumber", 4, 99), Errno::Badf);
    EXPECT_EQ(g.read(4, 6), "colour");
    std::vector<SyscallRecord> records = g.host->log().slice(0, 3);
    for (size_t i = 0; i < 3; i++) {
        records.push_back(records[i]);
        records.back().sequence = 3 + i;
    }
    CallSearch search(*CallFilter::parse("fd = 4@0"));
    const NamesAt names;
    Calls found;
    for (const SyscallRecord& record : records)
        if (search.matches(RecordedCall(record, names))) found.push_back(record.sequence);
    EXPECT_EQ(found, (Calls{0, 1, 2}));
}

/// Of the numbers before what is still kept of a long run nothing is known.
TEST(FollowedDescriptor, BeginsWhereTheLogDoes) {
    auto capabilities = Guest::quiet();
    capabilities.budgets.maxLogBytes = 64 << 10;
    Guest g(capabilities);
    const uint32_t line = g.put(Ciovec{g.put("x"), 1});
    for (int i = 0; i < 20'000; i++)
        (void)g.call("fd_write", 1, line, 1, 64);
    const SyscallLog& log = g.host->log();
    ASSERT_GT(log.firstKept(), 0u);
    EXPECT_EQ(toText(descriptorIn(log, log.count() - 1, 1)), "1@" + std::to_string(log.firstKept()));
    LogCursor cursor(log);
    EXPECT_FALSE(cursor.moveTo(0));
    EXPECT_FALSE(cursor.moveTo(log.count()));
    EXPECT_TRUE(cursor.moveTo(log.firstKept()));
}

/// A cursor tells of each call what a copy of its record does.
TEST(LogCursor, TellsTheSame) {
    SyscallLog log;
    CallDraft draft;
    engine::Backtrace from;
    draft.backtrace = &from;
    for (uint16_t i = 0; i < 300; i++) {
        draft.function = i;
        draft.outcome = Outcome::Returned;
        draft.errno_ = i;
        draft.startNs = i * 1000;
        draft.durationNs = i;
        draft.subject = log.intern("file" + std::to_string(i % 7));
        const std::string detail(i, 'd');
        draft.detail = detail;
        from.depth = i % 16;
        draft.journal.begin(std::vector<uint64_t>(i % 11, uint64_t{i} << 40));
        for (uint32_t k = 0; k < i % 5u; k++) {
            const std::vector<uint8_t> bytes(k * 3, static_cast<uint8_t>(i));
            draft.journal.add(100 * k, k % 2 == 0, bytes, bytes.size() + k / 3);
        }
        log.append(draft);
    }
    LogCursor cursor(log);
    EXPECT_EQ(cursor.end(), 300u);
    SyscallRecord copied;  // one room for all
    for (uint64_t at = 300; at-- > 0;) {
        const SyscallRecord record = log.slice(at, 1)[0];
        ASSERT_TRUE(cursor.moveTo(at));
        const SyscallRecord& head = cursor.head();
        EXPECT_EQ(head.sequence, at);
        EXPECT_EQ(head.function, record.function);
        EXPECT_EQ(head.outcome, record.outcome);
        EXPECT_EQ(head.errno_, record.errno_);
        EXPECT_EQ(head.startNs, record.startNs);
        EXPECT_EQ(head.durationNs, record.durationNs);
        EXPECT_TRUE(std::equal(record.arguments.begin(), record.arguments.begin() + record.argumentCount,
                               head.arguments.begin()));
        EXPECT_EQ(cursor.subject(), record.subject);
        EXPECT_EQ(cursor.backtrace().size(), record.backtrace.size());
        cursor.copyTo(copied);
        EXPECT_EQ(copied.detail, record.detail);
        EXPECT_EQ(copied.arguments, record.arguments);
        EXPECT_EQ(copied.backtrace.size(), record.backtrace.size());
        EXPECT_EQ(copied.accesses.size(), record.accesses.size());
        ASSERT_EQ(cursor.accesses().size(), record.accesses.size());
        for (size_t i = 0; i < record.accesses.size(); i++) {
            const LogCursor::Access& access = cursor.accesses()[i];
            EXPECT_EQ(access.address, record.accesses[i].address);
            EXPECT_EQ(access.isWrite, record.accesses[i].isWrite);
            EXPECT_EQ(access.length, record.accesses[i].length);
            EXPECT_TRUE(std::equal(access.bytes.begin(), access.bytes.end(), record.accesses[i].bytes.begin(),
                                   record.accesses[i].bytes.end()));
        }
    }
}

}  // namespace
}  // namespace wasi
