#include "ui/panels.h"

#include <vector>

#include "ui/panels/call_stack_panel.h"

namespace ui {
namespace {

template <class P>
Panel* make(Context& context) {
    return new P(context);
}

}  // namespace

std::span<const LayoutRow> layouts() {
    static constexpr LayoutRow kRows[] = {
        {LayoutId::Default, "default", "Default", "Source in the middle, the program's state around it.", 17,
         31, 30},
        {LayoutId::Teaching, "teaching", "Teaching", "Operand stack and disassembly beside the source.", 16,
         46, 24},
        {LayoutId::Tracing, "tracing", "Tracing", "The window belongs to the system calls.", 24, 24, 62},
    };
    return kRows;
}

std::span<const PanelRow> panels() {
    using enum Place;
    // clang-format off
    static const std::vector<PanelRow> kRows = {
        // id           title         icon                what it shows                                    default, teaching, tracing           in front
        {"call-stack", "Call stack", "panel-call-stack", "Who called whom, inlined calls included.", {RightBottom, RightBottom, RightBottom}, {true, true, true}, make<CallStackPanel>},
    };
    // clang-format on
    return kRows;
}

}  // namespace ui
