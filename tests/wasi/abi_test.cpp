#include "wasi/abi.h"

#include <gtest/gtest.h>

#include "engine/base/printable.h"
#include "tests/wasi/any_record.h"

namespace wasi {
namespace {

const SyscallRecord kNothing;
const ShowContext kContext{kNothing, 64};

template <class T>
std::vector<uint8_t> stored(const T& value) {
    std::vector<uint8_t> bytes(Abi<T>::size(), 0xee);
    Abi<T>::store(bytes.data(), value);
    return bytes;
}

/// Stores, loads and stores again: the bytes must be the same, and the text as expected.
template <class T>
void expectRoundTrip(const T& value, std::string_view text) {
    const auto bytes = stored(value);
    T again{};
    ASSERT_TRUE(Abi<T>::load(bytes.data(), again));
    EXPECT_EQ(stored(again), bytes);
    EXPECT_EQ(Abi<T>::show(kContext, again).text, text);
    EXPECT_EQ(Abi<T>::show(kContext, again).type, Abi<T>::kName);
}

TEST(Abi, KeepsNumbersThroughMemory) {
    expectRoundTrip(Fd(7), "7");
    expectRoundTrip(Size(0xffffffff), "4294967295");
    expectRoundTrip(Filesize(~0ull), "18446744073709551615");
    expectRoundTrip(Filedelta(-5), "-5");
    expectRoundTrip(Timestamp(12), "12");
    expectRoundTrip(Dircookie(3), "3");
    expectRoundTrip(Inode(9), "9");
    expectRoundTrip(Userdata(1), "1");
    expectRoundTrip(Exitcode(3), "3");
    expectRoundTrip(Siflags(0), "0");
}

TEST(Abi, KeepsEnumerationsAndFlagsThroughMemory) {
    expectRoundTrip(Errno::Notcapable, "notcapable");
    expectRoundTrip(Errno::Noent, "noent");
    expectRoundTrip(Clockid::ThreadCputime, "thread_cputime_id");
    expectRoundTrip(Whence::End, "end");
    expectRoundTrip(unstable::Whence::Set, "set");
    expectRoundTrip(Filetype::SymbolicLink, "symbolic_link");
    expectRoundTrip(Advice::Noreuse, "noreuse");
    expectRoundTrip(Signal::Sys, "sys");
    expectRoundTrip(Rights::FdRead | Rights::SockAccept, "fd_read|sock_accept");
    expectRoundTrip(Fdflags::Append | Fdflags::Sync, "append|sync");
    expectRoundTrip(Oflags::None, "0");
    expectRoundTrip(Lookupflags::SymlinkFollow, "symlink_follow");
    expectRoundTrip(Fstflags::MtimNow, "mtim_now");
    expectRoundTrip(Sdflags::Rd | Sdflags::Wr, "rd|wr");
    expectRoundTrip(Riflags::RecvPeek, "recv_peek");
    expectRoundTrip(Roflags::RecvDataTruncated, "recv_data_truncated");
}

TEST(Abi, KeepsRecordsAndUnionsThroughMemory) {
    expectRoundTrip(Prestat{PrestatDir{5}}, "dir{pr_name_len=5}");
    expectRoundTrip(
        Fdstat{Filetype::RegularFile, Fdflags::Append, Rights::FdRead, Rights::None},
        "{fs_filetype=regular_file, fs_flags=append, fs_rights_base=fd_read, fs_rights_inheriting=0}");
    expectRoundTrip(Dirent{1, 2, 3, Filetype::Directory},
                    "{d_next=1, d_ino=2, d_namlen=3, d_type=directory}");
    expectRoundTrip(Filestat{1, 2, Filetype::RegularFile, 3, 4, 5, 6, 7},
                    "{dev=1, ino=2, filetype=regular_file, nlink=3, size=4, atim=5, mtim=6, ctim=7}");
    expectRoundTrip(
        Event{1, Errno::Badf, Eventtype::FdRead, {2, Eventrwflags::FdReadwriteHangup}},
        "{userdata=1, error=badf, type=fd_read, fd_readwrite={nbytes=2, flags=fd_readwrite_hangup}}");
    Subscription s;
    s.userdata = 9;
    s.u.content.emplace<0>(
        SubscriptionClock{Clockid::Monotonic, 10, 1, Subclockflags::SubscriptionClockAbstime});
    expectRoundTrip(
        s, "{userdata=9, u=clock{id=monotonic, timeout=10, precision=1, flags=subscription_clock_abstime}}");
    s.u.content.emplace<2>(SubscriptionFdReadwrite{4});
    expectRoundTrip(s, "{userdata=9, u=fd_write{file_descriptor=4}}");
    expectRoundTrip(Ciovec{16, 3}, "{0x10, 3}");
    expectRoundTrip(Iovec{16, 0}, "{\"\", 0}");
}

TEST(Abi, HasTheLayoutsOfTheStandard) {
    // As wasi-libc's header states them with static assertions.
    EXPECT_EQ(Abi<Iovec>::size(), 8u);
    EXPECT_EQ(Abi<Dirent>::size(), 24u);
    EXPECT_EQ(Abi<Fdstat>::size(), 24u);
    EXPECT_EQ(Abi<Filestat>::size(), 64u);
    EXPECT_EQ(Abi<EventFdReadwrite>::size(), 16u);
    EXPECT_EQ(Abi<Event>::size(), 32u);
    EXPECT_EQ(Abi<SubscriptionClock>::size(), 32u);
    EXPECT_EQ(Abi<Subscription>::size(), 48u);
    EXPECT_EQ(Abi<Prestat>::size(), 8u);
    EXPECT_EQ(Abi<unstable::Filestat>::size(), 56u);
    EXPECT_EQ(Abi<unstable::Subscription>::size(), 56u);
    EXPECT_EQ(Abi<Subscription>::align(), 8u);

    const auto bytes = stored(Event{1, Errno::Io, Eventtype::FdWrite, {5, Eventrwflags::None}});
    EXPECT_EQ(bytes[8], 29);
    EXPECT_EQ(bytes[10], 2);
    EXPECT_EQ(bytes[16], 5);
}

TEST(Abi, NeverLeaksBytesOfTheHostInPadding) {
    const auto bytes = stored(Filestat{});
    for (const auto byte : bytes)
        EXPECT_EQ(byte, 0);
}

TEST(Abi, RefusesValuesThatDoNotExist) {
    GuestMemory memory;
    const auto lift = [&]<class T>(T value, uint64_t slot) { return Abi<T>::lift(memory, &slot, value); };
    EXPECT_EQ(lift(Whence{}, 3), Errno::Inval);
    EXPECT_EQ(lift(Clockid{}, 4), Errno::Inval);
    EXPECT_EQ(lift(Advice{}, 256), Errno::Inval);
    EXPECT_EQ(lift(Fdflags{}, 32), Errno::Inval);
    EXPECT_EQ(lift(Oflags{}, 0x10000), Errno::Inval);
    EXPECT_EQ(lift(Rights{}, ~0ull), Errno::Success);
    Subscription s;
    auto bytes = stored(s);
    bytes[8] = 3;
    EXPECT_FALSE(Abi<Subscription>::load(bytes.data(), s));
}

TEST(Abi, ShowsUnknownValuesAsNumbers) {
    const uint64_t slot = 77;
    EXPECT_EQ(Abi<Whence>::showSlots(kContext, &slot).text, "77?");
    EXPECT_EQ(Abi<Lookupflags>::showSlots(kContext, &slot).text, "symlink_follow|0x4c");
}

TEST(Abi, QuotesWhateverBytesThereAre) {
    const auto quoted = [](std::string_view text, size_t limit = 64) {
        return quote({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, text.size(), limit);
    };
    EXPECT_EQ(quoted("hello\n"), "\"hello\\n\"");
    EXPECT_EQ(quoted("a\"b\\\t\x01"), "\"a\\\"b\\\\\\t\\x01\"");
    EXPECT_EQ(quoted("h\xc3\xa9"), "\"h\xc3\xa9\"");
    EXPECT_EQ(quoted("\xff"), "\"\\xff\"");
    EXPECT_EQ(quoted("abcdef", 3), "\"abc\"…");
}

/// C1 controls are escape sequences to some terminals; marks of direction make a path look like another.
TEST(Abi, QuotesNothingThatATerminalWouldObey) {
    const auto quoted = [](std::string_view text) {
        return quote({reinterpret_cast<const uint8_t*>(text.data()), text.size()}, text.size(), 100);
    };
    EXPECT_EQ(quoted("a\x1b[31m\x07\x7f"), "\"a\\x1b[31m\\x07\\x7f\"");
    EXPECT_EQ(quoted("\xc2\x9b"
                     "31m"),
              "\"\\xc2\\x9b31m\"");
    EXPECT_EQ(quoted("\u202etxt.exe\u200b\ufeff"),
              "\"\\xe2\\x80\\xaetxt.exe\\xe2\\x80\\x8b\\xef\\xbb\\xbf\"");
    EXPECT_EQ(quoted("gr\u00fc\u00dfe \u20ac"), "\"gr\u00fc\u00dfe \u20ac\"");
    // Some end lines, others are not to be seen.
    for (const std::string hidden :
         {"\u2028", "\u2029", "\u061c", "\u00ad", "\u2060", "\u3164", "\U000e0041"}) {
        const std::string shown = quoted("a" + hidden + "b");
        EXPECT_EQ(shown.size(), 4 + 4 * hidden.size()) << shown;
        EXPECT_TRUE(shown.starts_with("\"a\\x") && shown.ends_with("b\"")) << shown;
    }
    EXPECT_EQ(engine::printable("\xe0\x81\xa1 \xed\xa0\x80"), "\\xe0\\x81\\xa1 \\xed\\xa0\\x80");  // no UTF-8
}

TEST(Abi, WritesACallAsItShowsIt) {
    std::mt19937 random(5);
    for (uint16_t function = 0; function <= allHostFunctions().size(); function++) {
        for (int i = 0; i < 300; i++) {
            SyscallRecord record;
            if (function < allHostFunctions().size())
                record = anyRecord(function, random);
            else
                record.function = function;
            const size_t bytes = i % 3 ? 64 : 5;
            const ShownCall shown = show(record, bytes);
            std::string written = "before ";
            appendCall(written, record, bytes);
            ASSERT_EQ(written, "before " + shown.name + "(" + argumentText(shown) +
                                   ") = " + resultText(record, shown));
        }
    }
}

TEST(Abi, KnowsUtf8) {
    for (const char* good : {"", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(isUtf8(good));
    for (const char* bad : {"\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "\xf8\x88\x80\x80\x80", "a\xff"})
        EXPECT_FALSE(isUtf8(bad));
}

}  // namespace
}  // namespace wasi
