#include "engine/lowering.h"

#include <gtest/gtest.h>

#include "engine/fusion.h"
#include "tests/engine/program_builder.h"

namespace engine {
namespace {

using namespace test;

Program nested() {
    Program p;
    p.functions.push_back({"i32", "i32", "", R"(
        block i32
          loop
            local.get 0; i32.eqz
            if
              i32.const 7; i32.const 8; br 2
            else
              local.get 0; i32.const 1; i32.sub; local.set 0
            end
            br 0
          end
          unreachable
        end)"});
    return p;
}

const Code& codeOf(Running& r) { return **r.store.code(r.function()); }

TEST(Lowering, MakesOneCellPerInstruction) {
    Running r(nested());
    r.link();
    const Code& code = codeOf(r);
    const Function& f = r.module->functions[0];
    ASSERT_EQ(code.cells.size(), 19u);
    EXPECT_EQ(code.offsets().front(), f.code.begin);
    EXPECT_EQ(code.offsets().back(), f.code.end - 1);
    for (uint32_t i = 0; i < code.cells.size(); ++i) {
        EXPECT_EQ(code.cellAt(code.offsets()[i]), i);
        EXPECT_EQ(code.offsetOf(&code.cells[i]), code.offsets()[i]);
    }
    EXPECT_FALSE(code.cellAt(f.code.end).has_value());
}

TEST(Lowering, PointsBranchesAtInstructions) {
    Running r(nested());
    r.link();
    const Code& code = codeOf(r);
    const auto target = [&](uint32_t cell) { return cell + static_cast<int32_t>(code.cells[cell].b); };
    EXPECT_EQ(target(4), 9u);   // if: behind its else
    EXPECT_EQ(target(8), 14u);  // else: behind its end
    EXPECT_EQ(target(7), 18u);  // br out of the outer block: behind its end
    EXPECT_EQ(target(14), 1u);  // br to the loop: the loop itself
    EXPECT_EQ(code.cells[7].plain, number(InternalOp::BrMove1));
    EXPECT_EQ(code.cells[7].a, 2u);  // the 8 of two operands above one local
    EXPECT_EQ(code.cells[7].c, 1u);
}

TEST(Fusion, KeepsThePlainCells) {
    Running r(nested());
    r.link();
    Code& code = const_cast<Code&>(codeOf(r));
    fuse(code);
    EXPECT_GE(code.cells[2].op, kFusedFirst);  // local.get, i32.eqz, if
    EXPECT_EQ(code.cells[2].plain, number(Op::LocalGet));
    EXPECT_GE(code.cells[9].op, kFusedFirst);  // local.get, i32.const, i32.sub, local.set
    EXPECT_EQ(code.cells[11].plain, number(Op::I32Sub));
}

TEST(Fusion, WaitsUntilAFunctionHasRunOften) {
    for (const int loops : {0, 6, 14}) {
        Running r(nested());
        r.link();
        const Code& code = codeOf(r);
        const int arrivals = loops + 2;  // an entry, and one loop more than asked for
        for (int left = kArrivalsBeforeGroups; left > 0; left -= arrivals) {
            EXPECT_EQ(code.cells[2].op, number(Op::LocalGet)) << loops;
            r.start({Value::i32(loops)});
            ASSERT_EQ(r.machine->run(), StopKind::Finished);
        }
        EXPECT_GE(code.cells[2].op, kFusedFirst) << loops;
    }
}

TEST(Fusion, GoesAroundBreakpointsAndComesBack) {
    Running r(nested());
    r.link();
    Code& code = const_cast<Code&>(codeOf(r));
    const auto ops = [&] {
        std::vector<uint16_t> all;
        for (const Insn& cell : code.cells)
            all.push_back(cell.op);
        return all;
    };
    fuse(code);
    const auto before = ops();
    const auto breakAt = [&](std::set<uint32_t> cells) {
        code.breaks = std::move(cells);
        fuse(code);
    };
    std::set<uint32_t> all;
    for (uint32_t i = 0; i < code.cells.size(); ++i) {
        all.insert(i);
        breakAt({i});
        EXPECT_EQ(code.cells[i].op, number(InternalOp::Break));
        if (i == 11) {
            EXPECT_NE(code.cells[9].op, before[9]) << "a group must not reach over it";
        }
        if (i == 1) {
            EXPECT_EQ(code.cells[14].op, number(Op::Br)) << "a branch must not jump over it";
        }
        breakAt({});
        EXPECT_EQ(ops(), before) << i;
    }
    breakAt(all);
    for (const Insn& cell : code.cells)
        EXPECT_EQ(cell.op, number(InternalOp::Break));
    breakAt({});
    EXPECT_EQ(ops(), before);
}

}  // namespace
}  // namespace engine
