#include "ui/panels.h"

#include <vector>

#include "ui/panels/breakpoints_panel.h"
#include "ui/panels/call_stack_panel.h"
#include "ui/panels/capabilities_panel.h"
#include "ui/panels/changes_panel.h"
#include "ui/panels/console_panel.h"
#include "ui/panels/disassembly_panel.h"
#include "ui/panels/explain_panel.h"
#include "ui/panels/files_panel.h"
#include "ui/panels/memory_panel.h"
#include "ui/panels/mocks_panel.h"
#include "ui/panels/module_panel.h"
#include "ui/panels/operand_stack_panel.h"
#include "ui/panels/system_calls_panel.h"
#include "ui/panels/variables_panel.h"
#include "ui/panels/wasm_state_panel.h"
#include "ui/panels/watches_panel.h"

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
        {LayoutId::Teaching, "teaching", "Teaching",
         "Disassembly, operand stack and explanations beside the source.", 27, 34, 24},
        {LayoutId::Tracing, "tracing", "Tracing", "The window belongs to the system calls.", 24, 24, 62},
    };
    return kRows;
}

std::span<const PanelRow> panels() {
    using enum Place;
    // clang-format off
    static const std::vector<PanelRow> kRows = {
        // id            title          icon                 what it shows                                      default      teaching     tracing      in front                 class
        {"variables",   "Variables",   "panel-variables",   "Parameters, locals and globals of a frame.",      {RightTop,    BottomRight, Hidden},      {true, true, false},   make<VariablesPanel>},
        {"watches",     "Watches",     "panel-watches",     "Expressions that you keep an eye on.",            {RightTop,    BottomRight, Hidden},      {false, false, false}, make<WatchesPanel>},
        {"call-stack",  "Call stack",  "panel-call-stack",  "Who called whom, inlined calls included.",        {RightBottom, BottomRight, RightBottom}, {true, false, true},   make<CallStackPanel>},
        {"breakpoints", "Breakpoints", "panel-breakpoints", "Where and when the program stops.",               {RightBottom, Hidden,      RightBottom}, {false, false, false}, make<BreakpointsPanel>},
        {"disassembly", "Disassembly", "panel-disassembly", "Instructions between their source lines.",        {Hidden,      LeftTop,     Hidden},      {false, true, false},  make<DisassemblyPanel>},
        {"operand-stack", "Operand stack", "panel-stack",   "Operands, labels, and what the next instruction does.", {Hidden,  RightTop,    Hidden},      {false, true, false},  make<OperandStackPanel>},
        {"wasm-state",  "Wasm state",  "panel-stack",       "The machine's own locals and globals.",           {Hidden,      RightTop,    Hidden},      {false, false, false}, make<WasmStatePanel>},
        {"explain",     "Explain",     "panel-explain",     "What the next instruction does, in words.",       {Hidden,      RightBottom, Hidden},      {false, true, false},  make<ExplainPanel>},
        {"files",       "Files",       "panel-files",       "What the program holds open.",                    {LeftTop,     Hidden,      LeftTop},     {false, false, true},  make<FilesPanel>},
        {"module",      "Module",      "panel-module",      "Sections, imports, exports, functions by size.",  {LeftTop,     Hidden,      LeftTop},     {true, false, false},  make<ModulePanel>},
        {"system-calls", "System calls", "panel-calls",     "Every call of the program to its host.",          {Bottom,      Bottom,      Bottom},      {true, false, true},   make<SystemCallsPanel>},
        {"mocks",       "Mocks",       "panel-mocks",       "Rules that answer calls in place of the host.",   {Bottom,      Hidden,      Bottom},      {false, false, false}, make<MocksPanel>},
        {"console",     "Console",     "panel-console",     "Output of the program, and its input.",           {Bottom,      Bottom,      Bottom},      {false, true, false},  make<ConsolePanel>},
        {"memory",      "Memory",      "panel-memory",      "Linear memory in hex and ASCII, typed, editable.", {Bottom,     Bottom,      Bottom},      {false, false, false}, make<MemoryPanel>},
        {"capabilities", "Capabilities", "panel-capabilities", "What the program is granted, used, and was refused.", {Bottom,   Hidden,      LeftTop},     {false, false, false}, make<CapabilitiesPanel>},
        {"changes",     "Changes",     "panel-changes",     "What the program changed in overlays; apply it, or forget it.", {Bottom,   Hidden,      Bottom},      {false, false, false}, make<ChangesPanel>},
    };
    // clang-format on
    return kRows;
}

}  // namespace ui
