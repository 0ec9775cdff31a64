// MockScript: a script (Lua 5.4) that answers host calls. Its file returns a function, which is given each call and returns what a rule's
// answer is in a file of mocks, or nothing, which lets the host answer:
//
//   local reads = 0
//   return function(call)
//       if call.name == "fd_read" and call.file:glob("*.cfg") then
//           reads = reads + 1
//           return {reply = {bytes = "line " .. reads .. "\n"}, delay = "5ms"}
//       end
//   end
//
// `call` has name, module, family, k (number of the call among those that the rule matches), file (of its descriptor, or ""), every argument
// by its name in the standard (numbers; enums and flags as text, "creat|trunc"; paths), data (what it writes) and length (of its
// buffers). Owned by the MockPlayer; session thread only.
#pragma once

#include <memory>
#include <string>

#include "wasi/call_filter.h"
#include "wasi/mock_rule.h"
#include "wasi/script/sandbox.h"
#include "wasi/script/trust.h"

namespace wasi {

class MockScript {
public:
    /// Reads, compiles and runs the file, which has one budget. Errors as of readScript(); BadArgument, Limit: "answers.lua:3: …".
    static engine::Result<std::unique_ptr<MockScript>> load(const std::string& path,
                                                            const TrustedFolders& trust,
                                                            const ScriptBudget& budget = {});
    /// What it answers to the k-th call that its rule matches: a rule that can be true of that function. BadArgument, Limit as above.
    engine::Result<MockRule> answer(const FilteredCall& call, uint64_t k);
    /// After an error of kind Limit it is not asked any more.
    bool isSpent() const { return m_sandbox->isSpent(); }
    /// Where the file really lay when it was read.
    const std::string& path() const { return m_path; }

private:
    MockScript() = default;
    std::string m_path;
    std::string m_place;  // "answers.lua:3", where the function begins
    std::unique_ptr<Sandbox> m_sandbox;
};

}  // namespace wasi
