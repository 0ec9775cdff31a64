#include "engine/opcode.h"

#include <gtest/gtest.h>

#include <set>

namespace engine {
namespace {

TEST(Opcode, RowsAreFoundByCodeAndByText) {
    std::set<std::string_view> ids;
    for (uint32_t i = 0; i < kOpCount; ++i) {
        const Op op = static_cast<Op>(i);
        EXPECT_EQ(findOp(row(op).prefix, row(op).code), op) << row(op).id;
        EXPECT_EQ(row(findOp(row(op).text)).text, row(op).text);
        EXPECT_TRUE(ids.insert(row(op).id).second) << row(op).id;
    }
    EXPECT_EQ(findOp("i32.add"), Op::I32Add);
    EXPECT_EQ(findOp("select"), Op::Select);
}

TEST(Opcode, UnknownCodesAreNotFound) {
    EXPECT_EQ(findOp(0, 0xff), Op::Count);
    EXPECT_EQ(findOp(0, 0xfc), Op::Count);
    EXPECT_EQ(findOp(0xfd, 154), Op::Count);
    EXPECT_EQ(findOp(0xfd, 0xffffffff), Op::Count);
    EXPECT_EQ(findOp(0x12, 0), Op::Count);
    EXPECT_EQ(findOp("i32.plus"), Op::Count);
}

TEST(Opcode, SignaturesAreWellFormed) {
    for (const OpRow& r : kOpRows) {
        if (!r.hasFixedSignature()) continue;
        EXPECT_EQ(r.signature.find_first_not_of("iIfFvm:"), std::string_view::npos) << r.id;
        const size_t colon = r.signature.find(':');
        ASSERT_NE(colon, std::string_view::npos) << r.id;
        EXPECT_LE(colon, 4u) << r.id;
        EXPECT_LE(r.signature.size() - colon - 1, 2u) << r.id;
    }
}

TEST(Opcode, AccessBytesFollowFromTheText) {
    EXPECT_EQ(accessBytes(Op::I32Load), 4u);
    EXPECT_EQ(accessBytes(Op::I64Load32U), 4u);
    EXPECT_EQ(accessBytes(Op::F64Store), 8u);
    EXPECT_EQ(accessBytes(Op::V128Load), 16u);
    EXPECT_EQ(accessBytes(Op::V128Load16x4S), 8u);
    EXPECT_EQ(accessBytes(Op::V128Load8Splat), 1u);
    EXPECT_EQ(accessBytes(Op::V128Store64Lane), 8u);
    EXPECT_EQ(accessBytes(Op::V128Load32Zero), 4u);
    EXPECT_EQ(accessBytes(Op::I64AtomicRmw16AddU), 2u);
    EXPECT_EQ(accessBytes(Op::I64AtomicRmwCmpxchg), 8u);
    EXPECT_EQ(accessBytes(Op::MemoryAtomicWait64), 8u);
    EXPECT_EQ(accessBytes(Op::MemoryAtomicNotify), 4u);
    EXPECT_EQ(accessBytes(Op::I32Add), 0u);
    EXPECT_EQ(laneCount(Op::I8x16ExtractLaneS), 16u);
    EXPECT_EQ(laneCount(Op::F64x2ReplaceLane), 2u);
    EXPECT_EQ(laneCount(Op::V128Load16Lane), 8u);
}

TEST(Opcode, EveryMemoryInstructionHasAWidth) {
    for (uint32_t i = 0; i < kOpCount; ++i) {
        const Op op = static_cast<Op>(i);
        const bool hasMemArg = row(op).imm == Imm::MemArg || row(op).imm == Imm::MemArgLane;
        EXPECT_EQ(accessBytes(op) != 0, hasMemArg) << row(op).id;
    }
}

}  // namespace
}  // namespace engine
