#include "debugger/interpreter.h"

#include <algorithm>
#include <charconv>

#include "engine/base/edit_distance.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;

CommandInterpreter::CommandInterpreter(Client& client, std::function<void(std::string_view)> print, bool json)
    : m(std::make_unique<Impl>(client, std::move(print), json)) {}
CommandInterpreter::~CommandInterpreter() = default;

engine::Result<> CommandInterpreter::execute(std::string_view line) { return m->execute(line); }
bool CommandInterpreter::finished() const { return m->finished; }
void CommandInterpreter::interrupt() { m->interrupted = true; }

void CommandInterpreter::leave() {
    std::lock_guard lock(m->mutex);
    m->finished = true;
    m->changed.notify_all();
}

void CommandInterpreter::onEvent(const Event& event) {
    std::lock_guard lock(m->mutex);
    Impl::Noted& noted = m->noted;
    if (const auto* changed = std::get_if<StateChanged>(&event)) {
        noted.state = changed->state;
        noted.detail = changed->detail;
        noted.ended = changed->state == SessionState::Ready || changed->state == SessionState::Failed;
    } else if (const auto* stopped = std::get_if<Stopped>(&event)) {
        noted.stop = stopped->stop;
    } else if (const auto* exited = std::get_if<Exited>(&event)) {
        noted.exit = *exited;
    } else if (const auto* breakpoint = std::get_if<BreakpointChanged>(&event)) {
        if (breakpoint->removed && !breakpoint->breakpoint.scope.empty())
            noted.endedWatches.push_back(breakpoint->breakpoint);
    } else if (const auto* log = std::get_if<LogMessage>(&event)) {
        noted.logs.push(*log);
    } else if (const auto* output = std::get_if<OutputAppended>(&event)) {
        noted.hasOutput = true;
        noted.begins |= output->end == 0;  // told where a run begins, and only there
    }
    m->changed.notify_all();
}

CommandInterpreter::Impl::Handler CommandInterpreter::Impl::handler(std::string_view id) const {
    static const std::map<std::string_view, Handler> kHandlers = {
        {"run", &Impl::run},
        {"start", &Impl::start},
        {"restart", &Impl::restart},
        {"continue", &Impl::goOn},
        {"pause", &Impl::pause},
        {"stop", &Impl::kill},
        {"step-over", &Impl::next},
        {"step-into", &Impl::step},
        {"step-out", &Impl::finish},
        {"run-to-cursor", &Impl::until},
        {"advance", &Impl::until},
        {"step-instruction", &Impl::stepInstruction},
        {"step-instruction-over", &Impl::nextInstruction},
        {"input", &Impl::input},
        {"quit", &Impl::quit},
        {"break", &Impl::breakAt},
        {"break-throw", &Impl::catchThrow},
        {"break-once", &Impl::breakOnce},
        {"log-point", &Impl::logPoint},
        {"watch", &Impl::watch},
        {"watch-read", &Impl::watchRead},
        {"watch-access", &Impl::watchAccess},
        {"watch-write", &Impl::watchWrite},
        {"delete-breakpoint", &Impl::deleteBreaks},
        {"enable-breakpoint", &Impl::enable},
        {"disable-breakpoint", &Impl::disable},
        {"break-condition", &Impl::condition},
        {"break-ignore", &Impl::ignore},
        {"backtrace", &Impl::backtrace},
        {"frame", &Impl::selectFrame},
        {"frame-up", &Impl::up},
        {"frame-down", &Impl::down},
        {"locals", &Impl::locals},
        {"evaluate", &Impl::evaluate},
        {"type-of", &Impl::typeOf},
        {"assign", &Impl::assign},
        {"display", &Impl::display},
        {"undisplay", &Impl::undisplay},
        {"memory", &Impl::memory},
        {"operand-stack", &Impl::operandStack},
        {"explain", &Impl::explain},
        {"wasm-locals", &Impl::wasmLocals},
        {"globals", &Impl::globals},
        {"disassemble", &Impl::disassemble},
        {"list", &Impl::list},
        {"calls", &Impl::calls},
        {"open-files", &Impl::openFiles},
        {"folder-changes", &Impl::folderChanges},
        {"capabilities", &Impl::capabilities},
        {"grant", &Impl::grant},
        {"revoke", &Impl::revoke},
        {"mock", &Impl::mock},
        {"info", &Impl::info},
        {"help", &Impl::help},
    };
    const auto found = kHandlers.find(id);
    return found == kHandlers.end() ? nullptr : found->second;
}

namespace {

Error unknownVerb(std::string_view word) {
    std::string message = "unknown verb \"" + printable(word.substr(0, 40)) + "\"";
    std::string_view best;
    size_t bestDistance = 3;
    for (const Verb& verb : verbs()) {
        if (verb.word.empty() || word.size() > 40) continue;
        const size_t d = verb.word.starts_with(word) ? 1 : engine::editDistance(word, verb.word);
        if (d < bestDistance) bestDistance = d, best = verb.word;
    }
    message += best.empty() ? "; help lists them" : "; did you mean " + std::string(best) + "?";
    return Error{ErrorCode::BadArgument, message};
}

}  // namespace

engine::Result<> CommandInterpreter::Impl::execute(std::string_view text) {
    std::string_view rest = trimmed(text);
    if (rest.empty() || rest.starts_with('#')) return {};
    std::string_view typed = takeWord(rest);
    const size_t slash = typed.find('/');
    word = typed.substr(0, slash);
    format = slash == std::string_view::npos ? "" : typed.substr(slash + 1);
    const Verb* verb = findVerb(word);
    if (!verb || (verb->word.empty() && verb->id != word)) return unknownVerb(word);
    if (verb->word.empty())
        return Error{ErrorCode::Unsupported, std::string(verb->id) + " is a verb of the window"};
    if (verb->allowed == 0) {
        return Error{ErrorCode::Unsupported, std::string(verb->word) + " is not yet supported"};
    }
    const Handler handle = handler(verb->id);
    CHECK(handle != nullptr);
    interrupted = false;
    const std::string verbWord = std::exchange(word, {});
    tellMissed();
    word = verbWord;
    answer = Json::object();
    lines.clear();
    const engine::Result<> result = (this->*handle)(rest);
    if (!result) return result;
    if (json) {
        Json whole = {{"verb", verb->word}, {"ok", true}};
        if (answer.empty() && !lines.empty()) answer["lines"] = lines;
        whole.update(answer);
        print(dumpJson(whole));
    }
    return {};
}

std::vector<std::string> CommandInterpreter::complete(std::string_view line) {
    std::vector<std::string> found;
    const size_t space = line.find_last_of(' ');
    const std::string_view last = space == std::string_view::npos ? line : line.substr(space + 1);
    if (space == std::string_view::npos) {
        for (const Verb& verb : verbs()) {
            if (!verb.word.empty() && verb.word.starts_with(last)) found.emplace_back(verb.word);
        }
        return found;
    }
    std::string_view rest = trimmed(line);
    const Verb* verb = findVerb(takeWord(rest));
    if (!verb) return found;
    if (verb->id == "info") {
        for (std::string_view word :
             {"breakpoints", "display", "frame", "functions", "line", "locals", "module", "sources"}) {
            if (word.starts_with(last)) found.emplace_back(word);
        }
    } else if (verb->id == "help") {
        for (const Verb& v : verbs()) {
            if (!v.word.empty() && v.word.starts_with(last)) found.emplace_back(v.word);
        }
    } else if (verb->id.starts_with("break") || verb->id == "disassemble" || verb->id == "list") {
        const auto entries = m->client.call(
            GetModuleEntries{.kind = "function", .filter = std::string(last), .first = 0, .count = 200});
        if (!entries) return found;
        for (const ModuleEntry& entry : *entries) {
            if (entry.name.starts_with(last)) found.push_back(entry.name);
        }
    } else if (verb->id == "evaluate" || verb->id.starts_with("watch") || verb->id == "display" ||
               verb->id == "type-of" || verb->id == "assign") {
        const auto variables = m->client.call(GetVariables{.frame = m->frame, .globals = true});
        if (!variables) return found;
        for (const VariableNode& node : *variables) {
            if (node.name.starts_with(last)) found.push_back(node.name);
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

/// One line of the answer: shown at once, or kept for the JSON object. It may quote the program anywhere: whatever could steer a
/// terminal is escaped, all but the tabs that we put between columns.
void CommandInterpreter::Impl::line(std::string_view text) {
    if (json) {
        lines.emplace_back(text);
        return;
    }
    std::string safe;
    for (size_t tab = 0; (tab = text.find('\t')) != std::string_view::npos; text.remove_prefix(tab + 1))
        safe += printable(text.substr(0, tab)) + '\t';
    print(safe + printable(text));
}

SessionState CommandInterpreter::Impl::state() {
    std::lock_guard lock(mutex);
    return noted.state;
}

bool CommandInterpreter::Impl::isLive() {
    const SessionState now = state();
    return now == SessionState::Running || now == SessionState::Waiting || now == SessionState::Stopped;
}

engine::Result<> CommandInterpreter::Impl::needStopped() {
    const SessionState now = state();
    if (now == SessionState::Stopped) return {};
    const bool runs = now == SessionState::Running || now == SessionState::Waiting;
    return Error{ErrorCode::State, runs ? "the program runs; pause first" : "the program is not running"};
}

// ----------------------------------------------------------------------------------------------------------------- helpers

std::string placeText(const Location& location) {
    if (location.line == 0 || location.file.empty()) return {};
    return printable(baseName(location.file)) + ":" + std::to_string(location.line);
}

std::string_view trimmed(std::string_view text) {
    const size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string_view takeWord(std::string_view& text) {
    const size_t end = text.find_first_of(" \t");
    const std::string_view word = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : trimmed(text.substr(end));
    return word;
}

engine::Result<uint64_t> parseNumber(std::string_view text) {
    std::string_view digits = text;
    const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
    if (hex) digits.remove_prefix(2);
    uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
        return Error{ErrorCode::BadArgument, "\"" + printable(text) + "\" is not a number"};
    }
    return value;
}

engine::Result<uint32_t> parseOffset(std::string_view text) {
    return asCodeOffset(TRY(parseNumber(trimmed(text.substr(1)))));
}

engine::Result<uint32_t> asCodeOffset(uint64_t number) {
    if (number <= ~uint32_t{0}) return static_cast<uint32_t>(number);
    return Error{ErrorCode::BadArgument,
                 hexText(number) + " is no code offset: a module has less than 4 GiB"};
}

std::string dumpJson(const nlohmann::ordered_json& value) {
    return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

nlohmann::ordered_json toJson(const Location& location) {
    nlohmann::ordered_json json = {{"function", location.functionName}, {"offset", location.offset}};
    if (location.line != 0) json["file"] = location.file, json["line"] = location.line;
    if (location.column != 0) json["column"] = location.column;
    return json;
}

nlohmann::ordered_json toJson(const VariableNode& node) {
    nlohmann::ordered_json json = {{"name", node.name}, {"type", node.type}, {"value", node.value}};
    if (!node.group.empty()) json["group"] = node.group;
    if (!node.placeText.empty()) json["place"] = node.placeText;
    if (node.childCount > 0) json["children"] = node.childCount;
    if (!node.available) json["available"] = false;
    if (node.changed) json["changed"] = true;
    return json;
}

nlohmann::ordered_json toJson(const CallRow& row) {
    nlohmann::ordered_json json = {
        {"sequence", row.sequence}, {"name", row.name}, {"arguments", row.arguments}, {"result", row.result}};
    if (!row.errnoName.empty()) json["errno"] = row.errnoName;
    json["startNs"] = row.startNs;
    json["durationNs"] = row.durationNs;
    json["tick"] = row.tick;
    if (row.pending) json["pending"] = true;
    json["origin"] = row.origin;
    json["caller"] = toJson(row.caller);
    return json;
}

std::string callText(const CallRow& row) {
    return "#" + std::to_string(row.sequence) + " " + row.name + "(" + row.arguments + ") = " + row.result;
}

std::string_view toText(StopReason reason) {
    static constexpr std::string_view kTexts[] = {"none",   "entry",       "breakpoint", "step",
                                                  "pause",  "trap",        "host call",  "watchpoint",
                                                  "exited", "run to here", "exception",  "denied"};
    return kTexts[static_cast<size_t>(reason)];
}

std::string_view toText(SessionState state) {
    static constexpr std::string_view kTexts[] = {"empty",   "loading", "ready",  "running",
                                                  "stopped", "waiting", "exited", "failed"};
    return kTexts[static_cast<size_t>(state)];
}

std::string_view toText(engine::ErrorCode code) {
    static constexpr std::string_view kTexts[] = {"io",           "not-wasm",    "malformed",  "invalid",
                                                  "limit",        "unsupported", "unlinkable", "not-found",
                                                  "bad-argument", "denied",      "state"};
    return kTexts[static_cast<size_t>(code)];
}

}  // namespace debugger
