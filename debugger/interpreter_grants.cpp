// The prompt's verbs about what the program is granted.

#include "debugger/interpreter.h"

namespace debugger {

using engine::Result;

namespace {

using Json = nlohmann::ordered_json;

Json toJson(const wasi::GrantUse& use) {
    static constexpr const char* kKinds[] = {"arguments", "environment", "stdin",     "stdout",  "stderr",
                                             "clock",     "random",      "directory", "listener"};
    Json json = {{"kind", kKinds[static_cast<size_t>(use.kind)]},
                 {"name", use.name},
                 {"granted", use.granted},
                 {"used", use.isUsed},
                 {"calls", use.calls}};
    if (use.kind == wasi::GrantKind::Directory) json["changed"] = use.isChanged, json["folder"] = use.folder;
    if (use.bytesRead > 0) json["bytesRead"] = use.bytesRead;
    if (use.bytesWritten > 0) json["bytesWritten"] = use.bytesWritten;
    if (use.calls > 0) json["first"] = use.first, json["last"] = use.last;
    if (use.isRevoked) json["revoked"] = true;
    if (!use.warning.empty()) json["warning"] = use.warning;
    return json;
}

Json toJson(const wasi::Refusal& refusal) {
    Json json = {{"call", refusal.call},   {"subject", refusal.subject}, {"why", refusal.why},
                 {"count", refusal.count}, {"first", refusal.first},     {"last", refusal.last}};
    if (refusal.grant) json["grant"] = wasi::toText(*refusal.grant);
    if (!refusal.flag.empty()) json["flag"] = refusal.flag;
    return json;
}

}  // namespace

Result<> CommandInterpreter::Impl::capabilities(std::string_view) {
    const wasi::LedgerView ledger = TRY(client.call(GetLedger{}));
    answer["grants"] = Json::array();
    answer["refusals"] = Json::array();
    for (const wasi::GrantUse& use : ledger.grants)
        answer["grants"].push_back(toJson(use));
    for (const wasi::Refusal& refusal : ledger.refusals)
        answer["refusals"].push_back(toJson(refusal));
    if (ledger.refusedBesides > 0) answer["refusedBesides"] = ledger.refusedBesides;
    for (const std::string& text : wasi::toLines(ledger))
        line(text);
    return {};
}

Result<> CommandInterpreter::Impl::grant(std::string_view text) {
    wasi::Grant grant = TRY(wasi::parseGrant(text));
    const std::string said = TRY(client.call(GrantCapability{std::move(grant)}));
    answer["text"] = said;
    line(said);
    return {};
}

Result<> CommandInterpreter::Impl::revoke(std::string_view name) {
    const std::string said = TRY(client.call(RevokeCapability{std::string(name)}));
    answer["text"] = said;
    line(said);
    return {};
}

}  // namespace debugger
