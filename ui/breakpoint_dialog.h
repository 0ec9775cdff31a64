// The dialog that edits what a breakpoint was asked to do, and the text by which one is typed.
#pragma once

#include <optional>

#include "ui/context.h"

class QMenu;

namespace ui {

/// Opens a modal dialog and returns. Changes the breakpoint, or without `id` adds one; what the session refuses is said in the dialog, which then stays open.
void editBreakpoint(Context& context, std::optional<debugger::BreakpointId> id,
                    const debugger::BreakpointSpec& spec, QWidget* parent);

/// A submenu that sets a watchpoint on what the spec names (expression, or memory, address and length), for each kind of access.
QMenu* addWatchpointMenu(QMenu& menu, Context& context, debugger::BreakpointSpec spec);

/// "wordcount.c:41", "addWord", "*0x1f3", "call fd_write", "watch total": what a spec is set on.
QString placeOf(const debugger::BreakpointSpec& spec);
/// The same backwards, with an optional " if CONDITION"; an error says what was not understood.
engine::Result<debugger::BreakpointSpec> breakpointFromText(const QString& text);

}  // namespace ui
