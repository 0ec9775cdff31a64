// The prompt's verb `mock`: a list is fetched, changed and given back as a whole.

#include <algorithm>

#include "debugger/interpreter.h"
#include "wasi/mock_json.h"
#include "wasi/mock_text.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;
using wasi::MockInfo;

namespace {

std::string hitsText(const MockInfo& info) {
    if (info.hits == 0 && info.seen == 0) return {};
    return ", hit " + std::to_string(info.hits) + (info.hits == 1 ? " time" : " times") +
           (info.seen == info.hits ? "" : " of " + std::to_string(info.seen));
}

std::string mockLine(const MockInfo& info) {
    wasi::MockRule rule = info.rule;
    rule.enabled = true;  // said in front
    return std::to_string(info.id) + "  " + (info.rule.enabled ? "on " : "off") + "  " +
           printable(wasi::toText(rule).line()) + hitsText(info);
}

nlohmann::ordered_json toJson(const MockInfo& info) {
    return {{"id", info.id},
            {"rule", wasi::toText(info.rule).line()},
            {"enabled", info.rule.enabled},
            {"seen", info.seen},
            {"hits", info.hits},
            {"problem", info.problem}};
}

Result<size_t> find(const std::vector<MockInfo>& mocks, std::string_view number) {
    const uint64_t id = TRY(parseNumber(number));
    const auto found =
        std::find_if(mocks.begin(), mocks.end(), [&](const MockInfo& info) { return info.id == id; });
    if (found == mocks.end())
        return Error{ErrorCode::NotFound,
                     "there is no mock " + std::to_string(id) + "; mock list shows what there is"};
    return static_cast<size_t>(found - mocks.begin());
}

}  // namespace

/// Gives a list to the session. Errors are those of one rule, without its place in the list.
Result<> CommandInterpreter::Impl::setMocks(const std::vector<MockInfo>& mocks) {
    SetMocks request;
    for (const MockInfo& info : mocks)
        request.rules.push_back({info.id, info.rule});
    TRY(client.call(std::move(request)));
    return {};
}

Result<> CommandInterpreter::Impl::listMocks() {
    const std::vector<MockInfo> mocks = TRY(client.call(GetMocks{}));
    answer["mocks"] = Json::array();
    if (mocks.empty()) line("No mocks. mock add RULE adds one, such as: mock add fd_write nth 3 errno nospc");
    for (const MockInfo& info : mocks) {
        answer["mocks"].push_back(toJson(info));
        line(mockLine(info));
        if (!info.problem.empty()) line("        " + info.problem);
    }
    return {};
}

Result<> CommandInterpreter::Impl::mock(std::string_view text) {
    std::string_view rest = text;
    const std::string_view what = takeWord(rest);
    if (what.empty() || what == "list") return listMocks();
    std::vector<MockInfo> mocks = TRY(client.call(GetMocks{}));
    if (what == "add") {
        mocks.push_back({
            0, TRY(wasi::parseMock(rest))
            , 0, 0
        });
        TRY(setMocks(mocks));
        mocks = TRY(client.call(GetMocks{}));
        answer["mock"] = toJson(mocks.back());
        line("Mock " + mockLine(mocks.back()));
    } else if (what == "set") {
        const size_t at = TRY(find(mocks, takeWord(rest)));
        mocks[at].rule = TRY(wasi::parseMock(rest));
        TRY(setMocks(mocks));
        line("Mock " + mockLine(mocks[at]));
    } else if (what == "move") {
        const size_t at = TRY(find(mocks, takeWord(rest)));
        const uint64_t place = TRY(parseNumber(rest));
        if (place == 0 || place > mocks.size())
            return Error{ErrorCode::BadArgument,
                         "places are numbers from 1 to " + std::to_string(mocks.size())};
        const MockInfo moved = mocks[at];
        mocks.erase(mocks.begin() + static_cast<ptrdiff_t>(at));
        mocks.insert(mocks.begin() + static_cast<ptrdiff_t>(place - 1), moved);
        TRY(setMocks(mocks));
        return listMocks();
    } else if (what == "delete" || what == "enable" || what == "disable") {
        std::vector<size_t> chosen;
        for (size_t i = 0; rest.empty() && i < mocks.size(); i++)
            chosen.push_back(i);
        while (!rest.empty())
            chosen.push_back(TRY(find(mocks, takeWord(rest))));
        std::sort(chosen.begin(), chosen.end(), std::greater<>());
        chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
        for (const size_t at : chosen) {
            mocks[at].rule.enabled = what == "enable";
            if (what == "delete") mocks.erase(mocks.begin() + static_cast<ptrdiff_t>(at));
        }
        TRY(setMocks(mocks));
        answer["count"] = chosen.size();
        line(std::to_string(chosen.size()) + (chosen.size() == 1 ? " mock " : " mocks ") + std::string(what) +
             "d");
    } else if (what == "save") {
        std::vector<wasi::MockRule> rules;
        for (const MockInfo& info : mocks)
            rules.push_back(info.rule);
        TRY(wasi::saveMocks(std::string(rest), rules));
        line(std::to_string(rules.size()) + (rules.size() == 1 ? " mock" : " mocks") + " written to " +
             printable(rest));
    } else if (what == "load") {
        mocks.clear();
        for (wasi::MockRule& rule : TRY(wasi::loadMocks(std::string(rest))))
            mocks.push_back({0, std::move(rule), 0, 0});
        TRY(setMocks(mocks));
        return listMocks();
    } else {
        return Error{
            ErrorCode::BadArgument,
            "mock what? list, add RULE, set N RULE, move N PLACE, delete N, enable N, disable N, save FILE "
            "or load FILE"};
    }
    return {};
}

}  // namespace debugger
