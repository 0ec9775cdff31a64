#include "debugger/watchpoints.h"

#include <algorithm>
#include <tuple>

#include "debugger/symbols/condition.h"
#include "debugger/symbols/printers.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr uint32_t kFramesLookedAt = 200;  // for the one that owns what is watched
constexpr size_t kBytesShown = 16;

Result<WatchTarget> asTarget(SourceValue value, const std::string& expression, EvaluationContext& context) {
    WatchTarget target;
    const ObjectPlace& place = value.place;
    if (place.kind == ObjectPlace::Kind::Unavailable)
        return Error{ErrorCode::BadArgument, expression + " cannot be watched: it is " + place.why};
    if (place.kind != ObjectPlace::Kind::Memory) {
        const bool isNowhere = place.kind == ObjectPlace::Kind::Bytes;
        return Error{ErrorCode::BadArgument,
                     isNowhere
                         ? "\"" + expression + "\" is a value, not a place in memory"
                         : expression + " is in " + placeText(value) + ", and only memory can be watched"};
    }
    target.address = place.address;
    target.length = value.bitSize ? (value.bitOffset + value.bitSize + 7) / 8 : byteSize(value, context);
    if (target.length == 0)
        return Error{ErrorCode::BadArgument, "the type of " + expression +
                                                 " has no size, so nothing of it can "
                                                 "be watched; use ADDRESS,LENGTH"};
    target.value = std::move(value);
    return target;
}

bool contains(const SourceValue& object, uint64_t address, EvaluationContext& context) {
    return object.place.kind == ObjectPlace::Kind::Memory && address >= object.place.address &&
           address - object.place.address < byteSize(object, context);
}

/// Has the frame a local variable where the object is? Then the object lives on its stack.
bool findOwner(WatchTarget& target, Places& places, Debuggee& debuggee, uint32_t frame) {
    const engine::FrameView view = debuggee.machine().frame(frame);
    const uint32_t offset = view.location.offset;
    const auto& chain = places.chain(offset);
    for (uint32_t level = 0; level < chain.size(); level++) {
        FrameContext context(debuggee, frame, level);
        PlaceContext anywhere(places.symbols(), offset, level);
        const auto scopes = places.symbols().scopes(offset, level);
        if (!scopes) continue;
        for (const Scope& scope : *scopes) {
            for (const Variable& variable : scope.variables) {
                if (!contains(locate(variable, context), target.address, context) ||
                    contains(locate(variable, anywhere), target.address, anywhere))
                    continue;
                target.depth = view.depth;
                target.inlineLevel = level;
                target.owner = places.location(offset, static_cast<uint32_t>(chain.size() - 1)).functionName;
                return true;
            }
        }
    }
    return false;
}

/// The first one that has, from the selected frame on, or else from the youngest.
void findOwner(WatchTarget& target, Places& places, Debuggee& debuggee, const FrameContext& selected) {
    const uint32_t depth = debuggee.machine().depth();
    for (const uint32_t first : {selected.wasmFrame(), uint32_t{0}})
        for (uint32_t frame = first; frame < std::min(depth, first + kFramesLookedAt); frame++)
            if (findOwner(target, places, debuggee, frame)) return;
}

std::string bytesText(std::span<const uint8_t> bytes) {
    if (bytes.size() == 1 || bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8) {
        uint64_t value = 0;
        for (size_t i = bytes.size(); i-- > 0;)
            value = value << 8 | bytes[i];
        return std::to_string(value) + (value > 9 ? " (" + hexText(value) + ")" : "");
    }
    std::string text;
    for (const uint8_t byte : bytes.first(std::min(bytes.size(), kBytesShown))) {
        char digits[4];
        snprintf(digits, sizeof digits, "%02x", byte);
        text += (text.empty() ? "" : " ") + std::string(digits);
    }
    return text + (bytes.size() > kBytesShown ? " …" : "");
}

std::string accessText(const WatchChange& change) {
    if (change.isChange) return ": " + change.before + " -> " + change.after;
    return (change.isWrite ? " written again: " : " read: ") + change.before;
}

}  // namespace

std::string doneBy(const WatchChange& change) {
    std::string by = change.by.functionName;
    if (change.by.line != 0 && !change.by.file.empty())
        by += " at " + engine::printable(baseName(change.by.file)) + ":" + std::to_string(change.by.line);
    else
        by += " at " + hexText(change.by.offset);
    if (!change.host.empty()) by = change.host.substr(change.host.rfind('.') + 1) + ", called in " + by;
    return by;
}

std::string toText(const WatchChange& change) {
    return "watchpoint " + std::to_string(change.watch) + ": " + change.what + accessText(change) + ", by " +
           doneBy(change);
}

std::string watchText(const BreakpointSpec& spec) {
    if (!spec.expression.empty()) return engine::printable(spec.expression);
    const std::string where = " at " + hexText(spec.address) +
                              (spec.memory ? " of memory " + std::to_string(spec.memory) : std::string());
    return std::to_string(spec.length) + (spec.length == 1 ? " byte" : " bytes") + where;
}

Result<WatchTarget> findTarget(const std::string& expression, uint32_t codeOffset, Places& places,
                               FrameContext* frame, Debuggee* debuggee) {
    PlaceContext anywhere(places.symbols(), codeOffset, 0);
    auto found = evaluate(expression, anywhere);
    if (found && found->place.kind == ObjectPlace::Kind::Memory) {
        WatchTarget target = TRY(asTarget(std::move(*found), expression, anywhere));
        target.isFixed = true;
        return target;
    }
    if (!frame) {
        if (!found && found.error().code != ErrorCode::State) return found.error();
        return Error{ErrorCode::State,
                     "where " + expression + " is, is known only while the program is stopped"};
    }
    WatchTarget target = TRY(asTarget(TRY(evaluate(expression, *frame)), expression, *frame));
    if (frame->hasFrame()) findOwner(target, places, *debuggee, *frame);
    return target;
}

void Watchpoints::attach(Debuggee* debuggee) {
    m_debuggee = debuggee;
    for (auto& [id, watch] : m_watches) {
        watch.inMachine.reset();  // it went with its machine
        (void)install(watch);     // was checked when it was added
    }
}

Result<> Watchpoints::install(Watch& watch) {
    if (!m_debuggee) return {};
    const engine::Instance& instance = m_debuggee->store().instance(m_debuggee->instance());
    const WatchTarget& target = watch.target;
    if (target.memory >= instance.memories.size())
        return Error{ErrorCode::NotFound, "the program has no memory " + std::to_string(target.memory)};
    if (watch.isEnabled)
        watch.inMachine =
            TRY(m_debuggee->machine().watch({instance.memories[target.memory], target.address, target.length,
                                             static_cast<engine::WatchKind>(watch.access)}));
    if (target.depth) m_debuggee->machine().stopOnReturn(*target.depth, true);
    return {};
}

Result<> Watchpoints::add(BreakpointId id, const WatchTarget& target, WatchAccess access, bool isEnabled) {
    return install(m_watches[id] = {target, access, isEnabled, {}});
}

void Watchpoints::remove(BreakpointId id) {
    const auto watch = m_watches.extract(id);
    if (!watch || !m_debuggee) return;
    const auto& [target, access, isEnabled, inMachine] = watch.mapped();
    if (inMachine) m_debuggee->machine().unwatch(*inMachine);
    const bool isLast = std::none_of(m_watches.begin(), m_watches.end(), [&](const auto& other) {
        return other.second.target.depth == target.depth;
    });
    if (target.depth && isLast) m_debuggee->machine().stopOnReturn(*target.depth, false);
}

BreakpointId Watchpoints::ownerOf(engine::WatchId watch) const {
    for (const auto& [id, w] : m_watches)
        if (w.inMachine == watch) return id;
    return 0;
}

bool Watchpoints::isChange(const engine::WatchHit& hit, const WatchTarget& target) {
    const auto& [bits, first] = std::tie(target.value.bitSize, target.value.bitOffset);
    if (bits == 0 || !hit.isChange) return hit.isChange;
    for (uint32_t bit = first; bit < first + bits && bit / 8 < hit.before.size(); bit++)
        if ((hit.before[bit / 8] ^ hit.after[bit / 8]) >> bit % 8 & 1) return true;
    return false;
}

void Watchpoints::note(WatchTarget& target, EvaluationContext& context) {
    target.shown = printedView(target.value, context, {}) ? render(target.value, context) : std::string();
}

WatchChange Watchpoints::describe(const engine::WatchHit& hit, WatchTarget& target,
                                  EvaluationContext& context) {
    WatchChange change;
    change.isRead = hit.isRead;
    change.isWrite = hit.isWrite;
    change.isChange = isChange(hit, target);
    change.address = hit.address;
    change.length = hit.length;
    change.host = hit.host;
    const bool isWhole = hit.shownFrom == target.address && hit.before.size() == target.length;
    if (target.value.type != kNoType && isWhole) {
        SourceValue value = target.value;
        value.place = {};
        value.place.kind = ObjectPlace::Kind::Bytes;
        value.place.bytes = hit.before;
        change.before = render(value, context);
        value.place.bytes = hit.after;
        change.after = render(value, context);
        const std::string before = std::exchange(target.shown, {});
        note(target, context);
        if (!before.empty()) change.before = before;
        if (!target.shown.empty()) change.after = target.shown;
        if (!change.isChange || change.before != change.after || value.bitSize) return change;
    }
    // From the first byte that is another one now.
    const auto differ = std::mismatch(hit.before.begin(), hit.before.end(), hit.after.begin()).first;
    size_t first = static_cast<size_t>(differ - hit.before.begin());
    if (first == hit.before.size() || hit.before.size() <= sizeof(uint64_t)) first = 0;
    const std::string lead =
        first + hit.shownFrom == target.address ? "" : "at " + hexText(hit.shownFrom + first) + ": ";
    change.before = lead + bytesText(std::span(hit.before).subspan(first));
    change.after = bytesText(std::span(hit.after).subspan(first));
    return change;
}

}  // namespace debugger
