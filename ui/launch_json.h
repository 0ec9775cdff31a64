// Launch settings and breakpoints as JSON: what the window remembers of a program.
#pragma once

#include <QJsonArray>
#include <QJsonObject>

#include "debugger/protocol.h"

namespace ui {

QJsonObject toJson(const debugger::LaunchOptions& options);
/// What is missing or of the wrong kind stays as it is in `options`; capabilities with any mistake do as a whole.
void fromJson(const QJsonObject& json, debugger::LaunchOptions& options);

QJsonObject toJson(const debugger::BreakpointSpec& spec);
debugger::BreakpointSpec breakpointFromJson(const QJsonObject& json);

}  // namespace ui
