// Values of programs that real compilers made: the examples (C++ and Rust) and the suites' C program, stopped where everything is set.
#include "tests/debugger/session_support.h"

namespace debugger_test {
namespace {

struct Expected {
    const char* expression;
    const char* value;
};

class ValuesOf : public SessionTest {
protected:
    void stopAt(const std::string& path, const std::string& file, uint32_t line) {
        load(path);
        breakAt(file, line);
        const Outcome outcome = run(Start{});
        ASSERT_EQ(outcome.reason(), StopReason::Breakpoint) << path;
    }
    void expect(const std::vector<Expected>& rows) {
        for (const Expected& row : rows)
            EXPECT_EQ(value(row.expression), row.value) << row.expression;
    }
    /// Whatever a panel shows of locals can be asked for again by its path (files may have globals of the same name).
    void expectPathsToEvaluate() {
        const auto variables = client().call(GetVariables{0, false});
        ASSERT_TRUE(variables.ok());
        m_left = 3'000;
        for (const VariableNode& node : *variables)
            expectPath(node, 0);
    }

private:
    void expectPath(const VariableNode& node, unsigned depth) {
        if (m_left == 0) return;
        m_left--;
        if (!node.path.empty() && node.available) {
            const auto again = client().call(Evaluate{0, node.path});
            ASSERT_TRUE(again.ok()) << node.path << ": " << again.error().message;
            // [raw] is another view of the same object.
            EXPECT_EQ(again->value, node.value) << node.path;
            EXPECT_EQ(again->type, node.type) << node.path;
        }
        if (node.handle == 0 || depth == 4) return;
        const auto children = client().call(GetChildren{node.handle, 0, 20});
        ASSERT_TRUE(children.ok()) << node.path;
        for (const VariableNode& child : *children)
            expectPath(child, depth + 1);
    }
    int m_left = 0;
};

TEST_F(ValuesOf, CppContainers) {
    stopAt(example("inventory"), "inventory.cpp", 120);
    expect({
        {"total", "{cents = 17212}"},
        {"total.cents / 100.0", "172.12"},
        {"shelf.m_items.size()", "5"},
        {"shelf.m_items[1]->m_name", "\"cheese\""},
        {"(*shelf.m_items[3]).m_name", "\"cider, dry, from the orchard behind the house\""},
        {"shelf.m_items[3]->m_name[2]", "100 'd'"},
        {"shelf.m_items[4]->m_price.cents", "119"},
        {"shelf.m_items[0] && 1", "true"},
        {"shelf.m_items[5]", "<column 14: index 5 is outside: there are 5 elements>"},
        {"shelf.m_amounts",
         "{\"apples\" => 8, \"cheese\" => 3.5, \"cider, dry, from the orchard behind the house\" => 6, "
         "\"milk\" => 2.25, "
         "\"screwdriver\" => 12}"},
        {"shelf.m_amounts[\"milk\"]", "2.25"},
        {"shelf.m_amounts.[1]", "3.5"},
        {"((store::Perishable *)shelf.m_items[1].[raw].__ptr_)->m_daysLeft", "2"},
        {"sizeof(store::Money)", "4"},
        {"shelf.m_itmes",
         "<column 7: `store::Shelf<double>` has no member `m_itmes`; did you mean `m_items`?>"},
    });
    expectPathsToEvaluate();
}

TEST_F(ValuesOf, RustCollectionsAndEnums) {
    stopAt(example("shapes"), "shapes.rs", 159);
    expect({
        {"drawing.len()", "5"},
        {"drawing[0]", "Drawn { colour: Some(Red), shape: Circle { radius: 2.0 }, line: 1 }"},
        {"drawing[0].shape.radius * 2", "4"},
        {"drawing[1].shape.height", "4.5"},
        {"drawing[2].shape", "Triangle([3.0, 4.0, 5.0])"},
        {"drawing[2].shape.0[1]", "4.0"},
        {"drawing[3].colour", "None"},
        {"drawing[3].shape", "Scaled(2.0, Rect { width: 1.0, height: 1.0 })"},
        {"drawing[3].shape.1.width", "1.0"},
        {"*drawing[3].shape.1", "Rect { width: 1.0, height: 1.0 }"},
        {"drawing[4].shape.0[1]", "Rect { width: 2.0, height: 2.0 }"},
        {"lines[3]", "\"- scaled 2 rect 1.0 1.0\""},
        {"lines[1..3]", "[\"green rect 3.0 4.5\", \"red triangle 3.0 4.0 5.0\"]"},
        {"table.len()", "4"},
        {"drawing[4].line as u8 + 1", "7"},
        {"drawing[9]", "<column 8: index 9 is outside: there are 5 elements>"},
    });
    expectPathsToEvaluate();
}

TEST_F(ValuesOf, CObjects) {
    for (const char* name : {"prog1-c14-O0.wasm", "prog1-c22-O0.wasm"}) {
        const std::string path = suiteFile(std::string("debug/dwarf/") + name);
        if (path.empty()) GTEST_SKIP() << "conformance suites not found (WASISCOPE_SUITES)";
        stopAt(path, "prog1.c", 38);
        expect({
            {"items[1].name", value("items[1].name").c_str()},
            {"*items[1].name@6", "\"middle\""},
            {"items[2].next->next->weight", "0"},
            {"items[1].color", "GREEN"},
            {"items[2].color == BLUE", "true"},
            {"items[2].fl", "{a = 2, b = -2, c = 200}"},
            {"items[2].dims[1][2]", "25"},
            {"items[1].n.f", "0.33333334"},
            {"v", "{3, -7, 2, 40, 0, 1}"},
            {"big,x", "0x123456789abcdef"},
            {"s + m", "10"},
            {"total", "14"},
            {"&items[2] - items", "2"},
            {"sizeof items / sizeof(struct item)", "3"},
            {"argc", "1"},
        });
        const auto assigned = client().call(Assign{0, "items[2].fl.b", "-16"});
        EXPECT_TRUE(assigned.ok());
        EXPECT_EQ(value("items[2].fl"), "{a = 2, b = -16, c = 200}");
        expectPathsToEvaluate();
        EXPECT_TRUE(client().call(Terminate{}).ok());
    }
}

TEST_F(ValuesOf, OptimisedCode) {
    const std::string path = suiteFile("debug/dwarf/prog1-c22-O2.wasm");
    if (path.empty()) GTEST_SKIP() << "conformance suites not found (WASISCOPE_SUITES)";
    load(path);
    BreakpointSpec spec;
    spec.kind = BreakpointSpec::Kind::Offset;
    spec.offset = 0x352;
    add(spec);
    ASSERT_EQ(run(Start{}).reason(), StopReason::Breakpoint);
    // Constants in pieces, whole constants, values in locals, and what is lost with where it is known.
    expect({{"v", "{3, -7, 2, 40, 0, 1}"},
            {"big", "81985529216486895"},
            {"s", "10"},
            {"argc", "<unavailable: optimised out>"},
            {"items", "<unavailable: optimised out here (known at 0x23e-0x24b)>"},
            {"items[0].weight", "<unavailable: optimised out here (known at 0x23e-0x24b)>"}});
}

}  // namespace
}  // namespace debugger_test
