// Asks before scripts of mocks run for the first time: where rules name one in a folder that the user has not trusted yet, the window tells
// which, with a button that trusts the folder for good and goes on.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ui {

class Context;

/// `scripts` are paths; `trusted` are folders that are trusted beside the user's list; `retry` is called when another one is. False, and
/// nothing is shown, if all of them may run.
bool offerTrust(Context& context, const std::vector<std::string>& scripts,
                const std::vector<std::string>& trusted, std::function<void()> retry);

}  // namespace ui
