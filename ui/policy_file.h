// Policies: capabilities as the JSON files that `--policy` takes, chosen, read and written by the window.
#pragma once

#include <QWidget>
#include <functional>

#include "engine/base/result.h"
#include "wasi/capabilities.h"

namespace ui {

using PolicyDone = std::function<void(const engine::Result<>&)>;

/// Asks for a file and writes it as a whole or not at all. `done` comes then, not if the user gives up. Errors: Io, with the file's name.
void savePolicy(QWidget* asker, wasi::Capabilities policy, PolicyDone done);
/// Asks for a file. Errors: those of wasi::loadCapabilities().
void loadPolicy(QWidget* asker, std::function<void(const engine::Result<wasi::Capabilities>&)> loaded);

}  // namespace ui
