#include "wasi/mock_player.h"

#include <sys/stat.h>
#include <time.h>

#include "engine/base/printable.h"
#include "wasi/abi.h"
#include "wasi/mock_reply.h"

namespace wasi {

namespace {

int64_t monotonicNs() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

/// A call that is about to be made.
class LiveCall final : public FilteredCall {
public:
    LiveCall(uint16_t function, CallContext& call, std::string_view subject, const NamesAt& names)
        : m_function(function), m_call(call), m_subject(subject), m_names(names) {}
    uint16_t function() const override { return m_function; }
    std::span<const uint64_t> arguments() const override { return m_call.slots; }
    std::span<const uint8_t> bytesAt(uint32_t address, uint64_t length, bool written) const override {
        const uint8_t* bytes = written ? nullptr : m_call.memory.peek(address, length);
        return bytes ? std::span(bytes, length) : std::span<const uint8_t>();
    }
    std::string_view subject() const override { return m_subject; }
    bool anyCaller(const std::function<bool(std::string_view)>& test) const override {
        if (!m_call.machine || !m_names) return false;
        std::array<engine::CodeLocation, 16> frames;
        const size_t depth = m_call.machine->backtrace(frames);
        bool isFound = false;
        for (size_t i = 0; i < depth && !isFound; i++)
            m_names(frames[i], [&](std::string_view name) { return isFound = isFound || test(name); });
        return isFound;
    }

private:
    uint16_t m_function;
    CallContext& m_call;
    std::string_view m_subject;
    const NamesAt& m_names;
};

std::string whatFor(const MockDecision& decision) {
    const MockRule& rule = *decision.rule;
    std::string text = rule.isPolicy ? "policy, rule " : "mock, rule ";
    text += std::to_string(decision.id);
    if (!rule.note.empty()) text += " (" + rule.note + ")";
    return text;
}

/// Differs when the file was written anew.
std::array<int64_t, 4> stampOf(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return {};
    return {static_cast<int64_t>(status.st_ino), status.st_size, status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec};
}

}  // namespace

engine::Result<> MockPlayer::set(const std::vector<MockEntry>& entries, const TrustedFolders& trust) {
    constexpr size_t kMostScripts = 16;
    std::map<std::string, Loaded> scripts;
    for (const auto& [id, rule] : entries) {
        if (rule.action != MockAction::Script || !rule.enabled || scripts.contains(rule.script)) continue;
        if (scripts.size() == kMostScripts)
            return engine::Error{engine::ErrorCode::Limit, "script: rules name more than 16 files"};
        Loaded& loaded = scripts[rule.script];
        loaded.stamp = stampOf(rule.script);
        if (const auto known = m_scripts.find(rule.script); known != m_scripts.end() &&
                                                            known->second.stamp == loaded.stamp &&
                                                            trust.covers(known->second.script->path()))
            loaded.script = known->second.script;
        else
            loaded.script = TRY(MockScript::load(rule.script, trust));
    }
    TRY(m_table.set(entries));
    m_scripts = std::move(scripts);
    m_trust = trust;
    return {};
}

void MockPlayer::failed(uint32_t id, const std::string& problem) {
    if (m_table.note(id, problem) && m_services.tell) m_services.tell(id, problem);
}

/// From now on the decision is what the script answers.
void MockPlayer::ask(MockDecision& decision, const FilteredCall& call) {
    const MockRule& rule = *decision.rule;
    MockScript& script = *m_scripts.at(rule.script).script;
    MockRule answer;
    m_trust.refresh();
    if (!m_trust.covers(script.path())) {
        failed(decision.id, engine::printable(script.path()) +
                                ": its folder is not trusted any more; once it is (wscope trust), "
                                "the script answers again");
    } else if (!script.isSpent()) {
        auto given = script.answer(call, decision.number);
        if (given)
            answer = std::move(*given);
        else
            failed(decision.id, given.error().message);
    }
    if (answer.note.empty()) answer.note = rule.note;
    if (answer.delayNs == 0) answer.delayNs = rule.delayNs;
    if (answer.seed == 0) answer.seed = rule.seed;
    answer.isPolicy = answer.isPolicy || rule.isPolicy;
    decision.rule = std::make_shared<const MockRule>(std::move(answer));
}

std::optional<MockDecision> MockPlayer::decide(uint16_t function, CallContext& call) {
    const Descriptor* file = nullptr;
    for (const HostParameter& p : allHostFunctions()[function].parameters) {
        if (p.type != "fd") continue;
        if (m_services.find) file = m_services.find(static_cast<uint32_t>(call.slots[p.slot]));
        break;
    }
    const std::string_view name = file ? file->guestPath : std::string_view();
    const LiveCall live(function, call, name, m_names);
    auto decision = m_table.decide(live);
    if (decision && decision->rule->action == MockAction::Script) ask(*decision, live);
    if (decision && file) call.subject = file->subject;
    return decision;
}

engine::HostOutcome MockPlayer::play(MockDecision& decision, uint16_t function, CallContext& call,
                                     const std::function<engine::HostOutcome()>& host) {
    if (decision.rule && decision.delayBeganNs && !decision.isDelayOver) {
        // What a script has answered stays: it is asked once.
        const auto now = m_table.find(decision.id);
        if (!now || now->action != MockAction::Script) decision.rule = now;
    }
    if (!decision.rule) return host();  // taken back while the call still waited for it
    const MockRule& rule = *decision.rule;
    const HostFunction& row = allHostFunctions()[function];
    const std::string cause = whatFor(decision);
    if (!decision.isDelayOver && rule.delayNs) {
        if (!decision.delayBeganNs) decision.delayBeganNs = monotonicNs();
        const int64_t end = *decision.delayBeganNs + static_cast<int64_t>(rule.delayNs);
        for (int64_t now = monotonicNs(); now < end; now = monotonicNs())
            if (!m_services.wait || !m_services.wait(static_cast<uint64_t>(end - now), cause + ": delay"))
                return engine::HostOutcome::interrupted();
    }
    decision.isDelayOver = true;
    if (rule.action == MockAction::Stop && !decision.hasStopped) {
        decision.hasStopped = true;
        std::string why = cause + " stopped " + std::string(row.name);
        if (!rule.message.empty()) why += ": " + rule.message;
        if (m_services.stop && m_services.stop(why)) return engine::HostOutcome::interrupted();
    }
    const bool isAnswered = rule.action != MockAction::Pass && rule.action != MockAction::Stop;
    if (isAnswered || rule.delayNs) call.origin = rule.isPolicy ? Origin::Policy : Origin::Mock;
    const auto answer = [&](Errno error) {
        call.detail = cause;
        call.error = error;
        call.slots[0] = static_cast<uint32_t>(error);
        return engine::HostOutcome::done();
    };
    const bool isHostSpared = rule.action == MockAction::Errno || rule.action == MockAction::Reply ||
                              rule.action == MockAction::Trap;
    if (isHostSpared) note(row, call);
    switch (rule.action) {
    case MockAction::Errno: return answer(static_cast<Errno>(rule.errno_));
    case MockAction::Reply: return answer(reply(rule, row, call));
    case MockAction::Trap: {
        engine::Trap trap;
        trap.kind = engine::TrapKind::Host;
        trap.message =
            cause + ": " + (rule.message.empty() ? "trap in " + std::string(row.name) : rule.message);
        call.detail = cause;
        return engine::HostOutcome::trapped(std::move(trap));
    }
    default: break;
    }
    const std::vector<MemoryRange> targets =
        rule.action == MockAction::Corrupt ? targetsOf(row, call) : std::vector<MemoryRange>();
    // What the method leaves in slot 0 is its errno: the arguments are needed after it.
    const std::vector<engine::Slot> arguments(call.slots.begin(), call.slots.end());
    if (rule.action == MockAction::Short) call.mostBytes = rule.count;
    auto outcome = host();
    if (outcome.kind == engine::HostOutcome::Kind::Interrupted) return outcome;
    if (rule.action == MockAction::Corrupt && outcome.kind == engine::HostOutcome::Kind::Return &&
        call.error == Errno::Success) {
        const engine::Slot result = std::exchange(call.slots[0], arguments[0]);
        corrupt(rule, decision.number, row, targets, call);
        call.slots[0] = result;
    }
    if (call.origin != Origin::Host) call.detail = cause + (call.detail.empty() ? "" : "; " + call.detail);
    return outcome;
}

}  // namespace wasi
