#include "debugger/breakpoints.h"

#include <algorithm>

#include "wasi/host_function.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

/// The pieces of a log text in order: plain ones, and those in braces. "{{" and "}}" are braces.
template <class OnText, class OnExpression>
void walkLogText(std::string_view text, const OnText& onText, const OnExpression& onExpression) {
    for (size_t i = 0; i < text.size(); i++) {
        if ((text[i] == '{' || text[i] == '}') && i + 1 < text.size() && text[i + 1] == text[i]) {
            onText(text[i++]);
            continue;
        }
        const size_t close = text[i] == '{' ? text.find('}', i) : std::string_view::npos;
        if (close == std::string_view::npos) {
            onText(text[i]);
            continue;
        }
        onExpression(text.substr(i + 1, close - i - 1));
        i = close;
    }
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------ CodeBreaks

void CodeBreaks::attach(engine::Machine* machine, engine::InstanceId instance, Places* places) {
    m_machine = machine;
    m_instance = instance;
    m_places = places;
    m_internal.clear();
    for (uint32_t offset : m_user)
        set(offset);
}

void CodeBreaks::set(uint32_t offset) {
    // Offsets were checked when they were resolved, so that this cannot fail.
    if (m_machine) (void)m_machine->setBreakpoint(m_places->codeLocation(m_instance, offset));
}

void CodeBreaks::clear(uint32_t offset) {
    if (m_machine) m_machine->clearBreakpoint(m_places->codeLocation(m_instance, offset));
}

void CodeBreaks::addUser(uint32_t offset) {
    if (m_user.insert(offset).second && !m_internal.contains(offset)) set(offset);
}

void CodeBreaks::removeUser(uint32_t offset) {
    if (m_user.erase(offset) && !m_internal.contains(offset)) clear(offset);
}

void CodeBreaks::setInternal(std::set<uint32_t> offsets) {
    for (uint32_t offset : m_internal) {
        if (!offsets.contains(offset) && !m_user.contains(offset)) clear(offset);
    }
    for (uint32_t offset : offsets) {
        if (!m_internal.contains(offset) && !m_user.contains(offset)) set(offset);
    }
    m_internal = std::move(offsets);
}

void CodeBreaks::removeInternal(uint32_t offset) {
    if (m_internal.erase(offset) && !m_user.contains(offset)) clear(offset);
}

// ------------------------------------------------------------------------------------------------------- asked by the user

void BreakpointTable::attach(Places* places) {
    m_places = places;
    for (auto& [id, entry] : m_entries) {
        withdraw(entry);
        entry.condition = Condition(entry.info.spec.condition);
        entry.target.reset();
        (void)resolve(entry);  // what does not fit this program says so in its row
        insert(entry);
        entry.changed = true;
    }
}

/// What no program could make right.
Result<> BreakpointTable::check(const BreakpointSpec& spec) const {
    if (spec.kind == BreakpointSpec::Kind::Line && (spec.line == 0 || spec.file.empty())) {
        return Error{ErrorCode::BadArgument, "a line breakpoint needs a file and a line from 1 on"};
    }
    if (spec.kind == BreakpointSpec::Kind::HostCall && wasi::findHostFunction(spec.function) < 0) {
        return Error{ErrorCode::NotFound, "there is no host call named \"" + printable(spec.function) +
                                              "\"; names are as in fd_write"};
    }
    if (spec.kind == BreakpointSpec::Kind::Watch) {
        if (spec.expression.empty() && spec.length == 0)
            return Error{ErrorCode::BadArgument, "there is nothing to watch in 0 bytes"};
        if (const auto parsed = checkSyntax(spec.expression); !spec.expression.empty() && !parsed)
            return parsed.error();
    }
    if (!spec.condition.empty()) {
        if (const auto parsed = checkSyntax(spec.condition); !parsed)
            return Error{ErrorCode::BadArgument, "the condition: " + parsed.error().message};
    }
    Result<> inText;
    walkLogText(
        spec.logText, [](char) {},
        [&](std::string_view expression) {
            const auto parsed = checkSyntax(expression);
            if (!parsed && inText)
                inText = Error{ErrorCode::BadArgument, "the log text: " + parsed.error().message};
        });
    return inText;
}

BreakpointInfo BreakpointTable::keep(Entry entry) {
    const BreakpointId id = entry.info.id = m_next++;
    insert(m_entries[id] = std::move(entry));
    return m_entries[id].info;
}

Result<BreakpointInfo> BreakpointTable::add(BreakpointSpec spec, FrameContext* frame, Debuggee* debuggee) {
    TRY(check(spec));
    Entry entry(std::move(spec));
    TRY(resolve(entry, frame, debuggee));
    return keep(std::move(entry));
}

Result<BreakpointInfo> BreakpointTable::restore(BreakpointSpec spec) {
    TRY(check(spec));
    Entry entry(std::move(spec));
    (void)resolve(entry);
    return keep(std::move(entry));
}

Result<BreakpointTable::Entry*> BreakpointTable::find(BreakpointId id) {
    const auto found = m_entries.find(id);
    if (found == m_entries.end())
        return Error{ErrorCode::NotFound, "there is no breakpoint " + std::to_string(id)};
    return &found->second;
}

Result<BreakpointInfo> BreakpointTable::change(BreakpointId id, BreakpointSpec spec) {
    Entry& entry = *TRY(find(id));
    TRY(check(spec));
    withdraw(entry);
    entry.condition = Condition(spec.condition);
    const BreakpointSpec& old = entry.info.spec;
    if (std::tie(spec.expression, spec.memory, spec.address, spec.length) !=
        std::tie(old.expression, old.memory, old.address, old.length))
        entry.target.reset();
    entry.info.spec = std::move(spec);
    (void)resolve(entry);
    insert(entry);
    return entry.info;
}

Result<BreakpointInfo> BreakpointTable::passHits(BreakpointId id, uint64_t count) {
    Entry& entry = *TRY(find(id));
    entry.info.passing = count;
    return entry.info;
}

Result<> BreakpointTable::remove(BreakpointId id) {
    withdraw(*TRY(find(id)));
    m_entries.erase(id);
    return {};
}

std::vector<BreakpointInfo> BreakpointTable::list() const {
    std::vector<BreakpointInfo> all;
    for (const auto& [id, entry] : m_entries)
        all.push_back(entry.info);
    return all;
}

void BreakpointTable::newRun() {
    for (auto& [id, entry] : m_entries) {
        entry.changed |= entry.info.hits != 0;
        entry.info.hits = 0;
    }
}

void BreakpointTable::endRun() {
    for (auto& [id, entry] : m_entries) {
        entry.changed |= entry.info.passing != 0;
        entry.info.passing = 0;
    }
    for (BreakpointInfo& info : endScopes(0)) {
        info.message = "the run has ended";
        m_ended.push_back(std::move(info));
    }
}

std::vector<BreakpointInfo> BreakpointTable::endScopes(uint32_t depth) {
    std::vector<BreakpointInfo> ended;
    for (auto row = m_entries.begin(); row != m_entries.end();) {
        Entry& entry = row->second;
        const bool hasEnded = entry.target && entry.target->depth && *entry.target->depth >= depth;
        if (hasEnded) {
            withdraw(entry);
            ended.push_back(std::move(entry.info));
            ended.back().message = "its frame has returned";
        }
        row = hasEnded ? m_entries.erase(row) : std::next(row);
    }
    return ended;
}

engine::ThrowBreak BreakpointTable::throwBreak() const {
    auto which = engine::ThrowBreak::Never;
    for (const BreakpointId id : m_throws) {
        const bool uncaughtOnly = m_entries.at(id).info.spec.uncaughtOnly;
        which = std::max(which, uncaughtOnly ? engine::ThrowBreak::Uncaught : engine::ThrowBreak::Always);
    }
    return which;
}

bool BreakpointTable::stopsAtCall(std::string_view name) const {
    return std::any_of(m_calls.begin(), m_calls.end(),
                       [&](BreakpointId id) { return m_entries.at(id).info.spec.function == name; });
}

// ---------------------------------------------------------------------------------------------------- where they are kept

/// Where breakpoints of its kind are kept, if that is not by code offset.
std::set<BreakpointId>* BreakpointTable::withoutPlace(const Entry& entry) {
    using enum BreakpointSpec::Kind;
    const auto kind = entry.info.spec.kind;
    return kind == HostCall ? &m_calls : kind == Exception ? &m_throws : kind == Denied ? &m_denied : nullptr;
}

void BreakpointTable::insert(Entry& entry) {
    const BreakpointSpec& spec = entry.info.spec;
    if (entry.target) {
        if (const auto added = m_watches.add(entry.info.id, *entry.target, spec.access, spec.enabled); !added)
            entry.info.message = added.error().message;
    }
    if (!spec.enabled) return;
    if (auto* all = withoutPlace(entry)) all->insert(entry.info.id);
    for (const auto& [offset, depth] : entry.places) {
        m_at[offset].push_back(entry.info.id);
        m_breaks.addUser(offset);
    }
}

void BreakpointTable::withdraw(const Entry& entry) {
    if (entry.target) m_watches.remove(entry.info.id);
    if (!entry.info.spec.enabled) return;
    if (auto* all = withoutPlace(entry)) all->erase(entry.info.id);
    for (const auto& [offset, depth] : entry.places) {
        std::vector<BreakpointId>& there = m_at[offset];
        std::erase(there, entry.info.id);
        if (!there.empty()) continue;
        m_at.erase(offset);
        m_breaks.removeUser(offset);
    }
}

// -------------------------------------------------------------------------------------------------------------------- hits

BreakpointTable::Verdict BreakpointTable::hitCode(uint32_t offset, Debuggee& debuggee) {
    Verdict verdict;
    verdict.hidden = ~uint32_t{0};
    const auto there = m_at.find(offset);
    if (there == m_at.end()) return verdict;
    for (const BreakpointId id : there->second) {
        Entry& entry = m_entries.at(id);
        const uint32_t hidden = m_places->levelsBelow(offset, entry.places.at(offset));
        FrameContext context(debuggee, 0, hidden);
        if (judge(entry, context, verdict)) verdict.hidden = std::min(verdict.hidden, hidden);
    }
    return verdict;
}

BreakpointTable::Verdict BreakpointTable::hitThrow(bool isCaught, FrameContext& context) {
    Verdict verdict;
    for (const BreakpointId id : m_throws) {
        Entry& entry = m_entries.at(id);
        if (!(entry.info.spec.uncaughtOnly && isCaught)) judge(entry, context, verdict);
    }
    return verdict;
}

BreakpointTable::Verdict BreakpointTable::hitCall(std::string_view name, FrameContext& context) {
    Verdict verdict;
    for (const BreakpointId id : m_calls) {
        Entry& entry = m_entries.at(id);
        if (entry.info.spec.function == name) judge(entry, context, verdict);
    }
    return verdict;
}

BreakpointTable::Verdict BreakpointTable::hitWatch(const std::vector<engine::WatchHit>& hits,
                                                   Debuggee& debuggee) {
    Verdict verdict;
    const uint32_t depth = debuggee.machine().depth();
    for (const engine::WatchHit& hit : hits) {
        const auto found = m_entries.find(m_watches.ownerOf(hit.watch));
        if (found == m_entries.end()) continue;
        Entry& entry = found->second;
        WatchTarget& target = *entry.target;
        if (entry.info.spec.access == WatchAccess::Change && !Watchpoints::isChange(hit, target)) continue;
        const bool hasFrame = target.depth && *target.depth < depth;
        FrameContext context(debuggee, hasFrame ? depth - 1 - *target.depth : 0,
                             hasFrame ? target.inlineLevel : 0);
        if (!judge(entry, context, verdict)) continue;
        WatchChange change = Watchpoints::describe(hit, target, context);
        change.watch = entry.info.id;
        change.what = watchText(entry.info.spec);
        change.by = m_places->location(hit.location.offset);
        verdict.changes.push_back(std::move(change));
    }
    return verdict;
}

BreakpointTable::Verdict BreakpointTable::hitDenied(FrameContext& context) {
    Verdict verdict;
    for (const BreakpointId id : m_denied)
        judge(m_entries.at(id), context, verdict);
    return verdict;
}

/// True if it stops.
bool BreakpointTable::judge(Entry& entry, FrameContext& context, Verdict& verdict) {
    const BreakpointSpec& spec = entry.info.spec;
    if (!spec.condition.empty()) {
        const auto holds = entry.condition.holds(context);
        if (!holds) {
            entry.info.message = "condition failed: " + holds.error().message;
            entry.changed = true;
            verdict.problem += (verdict.problem.empty() ? "" : "; ") + std::string("the condition of ") +
                               (spec.kind == BreakpointSpec::Kind::Watch ? "watchpoint " : "breakpoint ") +
                               std::to_string(entry.info.id) + " failed: " + holds.error().message;
            verdict.hit.push_back(entry.info.id);
            return true;
        }
        if (!*holds) return false;
    }
    entry.info.hits++;
    entry.changed = true;
    if (entry.info.hits <= spec.ignoreCount) return false;
    if (entry.info.passing > 0) {
        entry.info.passing--;
        return false;
    }
    if (!spec.logText.empty()) {
        verdict.logs.push_back({expandLogText(spec.logText, context), entry.info.id, 0, 0});
        return false;
    }
    verdict.hit.push_back(entry.info.id);
    return true;
}

std::vector<BreakpointInfo> BreakpointTable::dropTemporary(const std::vector<BreakpointId>& ids) {
    std::vector<BreakpointInfo> dropped;
    for (BreakpointId id : ids) {
        const auto found = m_entries.find(id);
        if (found == m_entries.end() || !found->second.info.spec.temporary) continue;
        withdraw(found->second);
        dropped.push_back(std::move(found->second.info));
        m_entries.erase(found);
    }
    return dropped;
}

std::vector<BreakpointInfo> BreakpointTable::takeChanged() {
    std::vector<BreakpointInfo> changed;
    for (auto& [id, entry] : m_entries) {
        if (std::exchange(entry.changed, false)) changed.push_back(entry.info);
    }
    return changed;
}

std::string expandLogText(std::string_view text, EvaluationContext& context) {
    std::string out;
    walkLogText(
        text, [&](char c) { out += c; },
        [&](std::string_view expression) {
            const auto value = evaluate(expression, context);
            out += value ? render(*value, context) : "<" + value.error().message + ">";
        });
    return out;
}

}  // namespace debugger
