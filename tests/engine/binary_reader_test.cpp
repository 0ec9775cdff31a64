#include "engine/binary_reader.h"

#include <gtest/gtest.h>

#include "tests/engine/binary_builder.h"

namespace engine {
namespace {

using test::Bytes;

template <class Read>
std::string readAs(const Bytes& bytes, Read read) {
    BinaryReader reader(bytes, {0, static_cast<uint32_t>(bytes.size())});
    const auto value = (reader.*read)();
    return reader.ok() ? std::to_string(value)
                       : reader.error().message + " @" + std::to_string(*reader.error().where.offset);
}

TEST(BinaryReader, ReadsLebs) {
    EXPECT_EQ(readAs({0x00}, &BinaryReader::u32), "0");
    EXPECT_EQ(readAs({0xe5, 0x8e, 0x26}, &BinaryReader::u32), "624485");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0x0f}, &BinaryReader::u32), "4294967295");
    EXPECT_EQ(readAs({0x80, 0x80, 0x80, 0x80, 0x00}, &BinaryReader::u32), "0");
    EXPECT_EQ(readAs({0x7f}, &BinaryReader::s32), "-1");
    EXPECT_EQ(readAs({0x3f}, &BinaryReader::s32), "63");
    EXPECT_EQ(readAs({0x80, 0x80, 0x80, 0x80, 0x78}, &BinaryReader::s32), "-2147483648");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0x07}, &BinaryReader::s32), "2147483647");
    EXPECT_EQ(readAs({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, &BinaryReader::s64),
              "-9223372036854775808");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, &BinaryReader::u64),
              "18446744073709551615");
    EXPECT_EQ(readAs({0x40}, &BinaryReader::s33), "-64");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0x0f}, &BinaryReader::s33), "4294967295");
}

TEST(BinaryReader, RefusesLebsThatAreTooLongOrTooLarge) {
    EXPECT_EQ(readAs({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, &BinaryReader::u32),
              "integer representation too long @0");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0x1f}, &BinaryReader::u32), "integer too large @0");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0x0f}, &BinaryReader::s32), "integer too large @0");
    EXPECT_EQ(readAs({0x80, 0x80, 0x80, 0x80, 0x70}, &BinaryReader::s32), "integer too large @0");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0x1f}, &BinaryReader::s33), "integer too large @0");
    EXPECT_EQ(readAs({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, &BinaryReader::u64),
              "integer too large @0");
    EXPECT_EQ(readAs({0x80, 0x80}, &BinaryReader::u32), "unexpected end of section or function @2");
    EXPECT_EQ(readAs({}, &BinaryReader::s64), "unexpected end of section or function @0");
}

TEST(BinaryReader, TheFirstFailureSticks) {
    const Bytes bytes = {0x80};
    BinaryReader reader(bytes, {0, 1});
    reader.u32();
    reader.bytes(1000);
    reader.fail(ErrorCode::Limit, "later");
    EXPECT_EQ(reader.error().message, "unexpected end of section or function");
    EXPECT_TRUE(reader.atEnd());
}

TEST(BinaryReader, CountsAreCheckedAgainstWhatRemains) {
    const Bytes lies = {0xff, 0xff, 0x03, 0, 0};
    BinaryReader reader(lies, {0, 5});
    EXPECT_EQ(reader.count("types", 1'000'000, 2), 0u);
    EXPECT_EQ(reader.error().message,
              "unexpected end of section or function: 65535 types announced, 2 bytes left");
    const Bytes many = {0xff, 0xff, 0xff, 0xff, 0x0f};
    BinaryReader other(many, {0, 5});
    EXPECT_EQ(other.count("types", 1'000'000), 0u);
    EXPECT_EQ(other.error().code, ErrorCode::Limit);
    EXPECT_EQ(other.error().message, "too many types: 4294967295, limit 1000000");
}

TEST(BinaryReader, NamesMustBeUtf8) {
    for (const std::string_view good :
         {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8e\x89", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(isUtf8(good)) << good;
    for (const std::string_view bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xff"})
        EXPECT_FALSE(isUtf8(bad));
}

TEST(BinaryReader, ReadsTypes) {
    const Bytes bytes = {0x7f, 0x70, 0x63, 0x05, 0x64, 0x6e, 0x71, 0x7b};
    BinaryReader reader(bytes, {0, 8});
    EXPECT_EQ(toText(reader.valType()), "i32");
    EXPECT_EQ(toText(reader.valType()), "funcref");
    EXPECT_EQ(toText(reader.valType()), "(ref null 5)");
    EXPECT_EQ(toText(reader.valType()), "(ref any)");
    EXPECT_EQ(toText(reader.valType()), "nullref");
    EXPECT_EQ(toText(reader.valType()), "v128");
    EXPECT_TRUE(reader.ok() && reader.atEnd());
}

}  // namespace
}  // namespace engine
