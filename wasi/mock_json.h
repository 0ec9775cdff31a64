// Rules of mocks as JSON, of which resources/schema/mocks.schema.json is the published schema: for --mock FILE, `mock save` and `mock load`.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "wasi/mock_rule.h"

namespace wasi {

/// BadArgument, with the path in the JSON: "rules[2].errno: …".
engine::Result<std::vector<MockRule>> parseMocks(std::string_view json);
std::string mocksJson(const std::vector<MockRule>& rules);

/// The answer of a rule alone, to calls of one function: {"errno": "noent"}. BadArgument: "answer.errno: …".
engine::Result<MockRule> answerOf(const nlohmann::ordered_json& json, uint16_t function);

/// The same from a file, and into one: scripts of which it says no folder lie beside it. Io, or the above, with the file's name.
engine::Result<std::vector<MockRule>> loadMocks(const std::string& path);
engine::Result<> saveMocks(const std::string& path, const std::vector<MockRule>& rules);

}  // namespace wasi
