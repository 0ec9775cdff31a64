#include "wasi/script/switch_off.h"

#include <set>

#include "wasi/script/mock_script.h"

namespace wasi {

std::map<std::string, engine::Error> switchOffFailing(std::span<MockRule* const> rules,
                                                      const TrustedFolders& trust) {
    std::map<std::string, engine::Error> failing;
    std::set<std::string> seen;
    for (MockRule* const rule : rules) {
        if (rule->action != MockAction::Script || !rule->enabled) continue;
        if (seen.insert(rule->script).second)
            if (const auto loaded = MockScript::load(rule->script, trust); !loaded)
                failing.emplace(rule->script, loaded.error());
        rule->enabled = !failing.contains(rule->script);
    }
    return failing;
}

}  // namespace wasi
