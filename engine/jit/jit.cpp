#include "engine/jit/jit.h"

#include <sys/mman.h>

#include <algorithm>
#include <limits>

#include "engine/fusion.h"
#include "engine/watch.h"

namespace engine::jit {

namespace {

constexpr int32_t kAutoTicks = 100;  // entries and loops before a function is compiled
constexpr uint64_t kNoKey = ~uint64_t{0};

// What the system and signal handlers may need below the deepest return address, and a page that nobody may touch.
constexpr size_t kSignalRoom = 256 << 10, kGuard = 64 << 10;

std::string nameOf(const StoreState& store, const FunctionInstance& function) {
    if (!function.instance) return "a function of the host";
    return store.instances[function.instance->value]->module->functionName(function.index);
}

}  // namespace

const Entry* CompiledFunction::entryAt(uint32_t cell) const {
    const auto at = std::lower_bound(entries.begin(), entries.end(), cell,
                                     [](const Entry& e, uint32_t c) { return e.cell < c; });
    return at != entries.end() && at->cell == cell ? &*at : nullptr;
}

const CallSite& CompiledFunction::callSiteAt(const void* returnAddress) const {
    const auto offset = static_cast<uint32_t>(static_cast<const uint8_t*>(returnAddress) - code.data());
    const auto at = std::lower_bound(callSites.begin(), callSites.end(), offset,
                                     [](const CallSite& s, uint32_t o) { return s.offset < o; });
    CHECK(at != callSites.end() && at->offset == offset);
    return *at;
}

const Exit* CompiledFunction::exitAt(const void* address) const {
    const auto offset = static_cast<uint32_t>(static_cast<const uint8_t*>(address) - code.data());
    for (const Exit& exit : exits)
        if (exit.offset == offset) return &exit;
    return nullptr;
}

std::span<const ValuePlace> CompiledFunction::placesOf(const Exit& exit) const {
    const bool isLast = &exit == &exits.back();
    const size_t end = isLast ? places.size() : (&exit + 1)->firstPlace;
    return std::span(places).subspan(exit.firstPlace, end - exit.firstPlace);
}

std::vector<uint32_t> CompiledFunction::cellsAt() const {
    std::vector<uint32_t> found;
    uint32_t at = 0, shift = 0;
    for (const uint8_t byte : cellSizes) {
        at += static_cast<uint32_t>(byte & 0x7f) << shift;
        shift += 7;
        if (byte & 0x80) continue;
        found.push_back(at);
        shift = 0;
    }
    return found;
}

void CompiledFunction::clear() {
    exits.clear();
    places.clear();
    constants.clear();
    callSites.clear();
    entries.clear();
    cellSizes.clear();
    tables.clear();
}

uint64_t CompiledFunction::tableBytes() const {
    return sizeof(*this) + locals.size() * sizeof(LocalPlace) + exits.size() * sizeof(Exit) +
           places.size() * sizeof(ValuePlace) + constants.size() * sizeof(uint64_t) +
           callSites.size() * sizeof(CallSite) + entries.size() * sizeof(Entry) + cellSizes.size() +
           tables.size() * sizeof(JumpTable);
}

std::unique_ptr<Jit> Jit::create(StoreState& store, Tier tier, size_t codeBytes) {
    std::unique_ptr<Jit> jit(new Jit(store, tier));
    jit->m_backend = createBackend();
    jit->m_arena = CodeArena::create(codeBytes);
    if (!jit->m_backend || !jit->m_arena || !jit->m_backend->makeStubs(*jit->m_arena)) return nullptr;
    jit->m_arena->keep();
    return jit;
}

Jit::~Jit() {
    for (const auto& context : m_contexts)
        munmap(context->region, context->regionSize);
}

void Jit::adopt(Code& code) {
    code.tier.managed = true;
    code.tier.countdown = ticksToCompile();
}

int32_t Jit::ticksToCompile() const { return m_tier == Tier::Jit ? 1 : kAutoTicks; }

void Jit::follow(Code& code) {
    const bool fits = code.tier.compiled && code.tier.compiled->breaks == code.breaks;
    if (!fits) code.tier.countdown = ticksToCompile();
    activate(code, fits);
}

void Jit::activate(Code& code, bool on) {
    if (!code.tier.compiled) return;
    code.tier.active = on;
    FunctionInstance& function = *code.function;
    const CompiledFunction& compiled = *code.tier.compiled;
    const uint8_t* begin = on ? compiled.code.data() : m_backend->interpretedCall();
    function.directKey = on ? uint64_t{code.context->id().value} << 32 | function.canonicalType : kNoKey;
    function.machineCode = begin;
    if (code.address.value < m_words.size() && m_words[code.address.value])
        *m_arena->writable(m_words[code.address.value]) = reinterpret_cast<uint64_t>(begin);
}

const uint64_t* Jit::entryWord(FuncAddr address) {
    if (address.value >= m_words.size())
        m_words.resize(std::max<size_t>(m_store.functions.size(), address.value + 1));
    uint64_t*& word = m_words[address.value];
    if (word) return word;
    word = m_arena->reserveWord();
    if (!word) {
        noRoom();
        return nullptr;
    }
    const FunctionInstance& function = *m_store.functions[address.value];
    const uint8_t* begin = function.machineCode ? function.machineCode : m_backend->interpretedCall();
    *m_arena->writable(word) = reinterpret_cast<uint64_t>(begin);
    return word;
}

const FuncType& Jit::functionType(const InstanceContext& context, uint32_t canonicalType) {
    const uint64_t key = uint64_t{context.id().value} << 32 | canonicalType;
    if (const auto known = m_functionTypes.find(key); known != m_functionTypes.end()) return *known->second;
    const Module& module = *context.instance->module;
    const auto at = std::find(module.canonicalTypes.begin(), module.canonicalTypes.end(), canonicalType);
    CHECK(at != module.canonicalTypes.end());
    return *(m_functionTypes[key] =
                 &module.types[static_cast<size_t>(at - module.canonicalTypes.begin())].func);
}

bool Jit::compile(Code& code) {
    code.tier.countdown = std::numeric_limits<int32_t>::max();  // once, whatever comes of it
    if (code.tier.compiled) {
        // Its earlier code may wait for what it has called.
        if (m_running > 0) return code.tier.countdown = ticksToCompile(), false;
        discard(code);
    }
    m_hasNoRoom = false;
    std::unique_ptr<CompiledFunction> compiled = m_backend->compile(code, *this);
    if (!compiled && m_hasNoRoom && m_running == 0 && !m_functions.empty()) {
        empty(ticksToCompile());
        compiled = m_backend->compile(code, *this);
    }
    if (!compiled) {
        m_full = true;
        return false;
    }
    m_exits += static_cast<uint32_t>(compiled->exits.size());
    m_tableBytes += compiled->tableBytes();
    code.tier.compiled = compiled.get();
    m_functions.push_back(std::move(compiled));
    activate(code, true);
    return true;
}

void Jit::discard(Code& code) {
    activate(code, false);
    m_tableBytes -= code.tier.compiled->tableBytes();
    std::erase_if(m_functions, [&](const auto& function) { return function.get() == code.tier.compiled; });
    code.tier.compiled = nullptr;
    forgetPlaces();
}

void Jit::forgetPlaces() {
    m_located.fill({});
    ++m_codeLifetime;
}

void Jit::empty(int32_t ticks) {
    CHECK(m_running == 0);
    for (const auto& function : m_functions) {
        Code& code = *function->owner;
        activate(code, false);
        code.tier.compiled = nullptr;
        code.tier.countdown = ticks;
    }
    m_functions.clear();
    forgetPlaces();
    m_words.clear();
    m_exits = 0;
    m_tableBytes = 0;
    m_arena->empty();
}

Result<> Jit::prepare(Code& code) {
    if (code.tier.compiled || compile(code)) return {};
    return Error{ErrorCode::State,
                 "function " + std::to_string(code.function->index.value) +
                     " has no machine code and stays interpreted: " +
                     (m_arena->room() < (64u << 10) ? "the room for machine code is used up"
                                                    : "it is too large for the compiler"),
                 {}};
}

Result<MachineCode> Jit::machineCode(Code& code) {
    TRY(prepare(code));
    follow(code);
    MachineCode listed = m_backend->list(*code.tier.compiled, [this](const uint8_t* address) {
        for (size_t i = 0; i < m_words.size(); ++i)
            if (m_words[i] && reinterpret_cast<const uint8_t*>(m_words[i]) == address)
                return nameOf(m_store, *m_store.functions[i]);
        return std::string();
    });
    listed.address = reinterpret_cast<uint64_t>(code.tier.compiled->code.data());
    listed.isActive = code.tier.active;
    return listed;
}

Looks Jit::neededLooks() const { return m_store.watches->reads().any() ? Looks::AtAll : Looks::AtWrites; }

void Jit::setLooks(Looks looks) {
    m_looks = looks;
    empty(1);
}

void Jit::watchesChanged() {
    m_governor.reset();
    const bool keepsLooking = m_store.watches->any() && (m_expectsHotPages || m_looks == neededLooks());
    const Looks wanted = keepsLooking ? neededLooks() : Looks::Never;
    if (m_looks != wanted && m_running == 0) setLooks(wanted);
    for (const auto& context : m_contexts)
        tellWatches(*context);
}

void Jit::tellWatches(NativeContext& context) const {
    const auto tell = [](WatchedBytes& bytes, const WatchFilter& filter) {
        bytes.begin = filter.begin();
        bytes.pages = filter.pages;
        for (uint32_t i = 0; i < WatchedBytes::kWidths; ++i)
            bytes.spans[i] = filter.any() ? filter.length() + (uint64_t{1} << i) - 1 : 0;
    };
    tell(context.watchedReads, m_store.watches->reads());
    tell(context.watchedWrites, m_store.watches->writes());
}

NativeContext& Jit::contextOf(Execution* x) {
    if (x->native) return *x->native;
    auto context = std::make_unique<NativeContext>();
    context->maxFrames = static_cast<size_t>(x->frameLimit - x->frames);
    context->regionSize = kGuard + kSignalRoom + (context->maxFrames + 2) * sizeof(void*);
    context->regionSize = (context->regionSize + 4095) / 4096 * 4096;
    void* region =
        mmap(nullptr, context->regionSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(region != MAP_FAILED);
    context->region = static_cast<uint8_t*>(region);
    CHECK(mprotect(context->region + kGuard, context->regionSize - kGuard, PROT_READ | PROT_WRITE) == 0);
    context->nativeTop = context->region + context->regionSize - 2 * sizeof(void*);
    context->execution = x;
    context->tickEnd = &x->tickEnd;
    tellWatches(*context);
    x->native = context.get();
    m_contexts.push_back(std::move(context));
    return *x->native;
}

void Jit::forget(Execution* x) {
    std::erase_if(m_contexts, [&](const std::unique_ptr<NativeContext>& context) {
        if (context.get() != x->native) return false;
        munmap(context->region, context->regionSize);
        return true;
    });
    x->native = nullptr;
}

const CompiledFunction& Jit::functionAt(const void* address) const {
    const auto after = std::upper_bound(
        m_functions.begin(), m_functions.end(), address,
        [](const void* a, const std::unique_ptr<CompiledFunction>& f) { return a < f->code.data(); });
    CHECK(after != m_functions.begin());
    return **(after - 1);
}

const CompiledFunction& Jit::functionOfExit(uint64_t number) const {
    const auto after = std::upper_bound(
        m_functions.begin(), m_functions.end(), number,
        [](uint64_t n, const std::unique_ptr<CompiledFunction>& f) { return n < f->firstExit; });
    CHECK(after != m_functions.begin());
    return **(after - 1);
}

}  // namespace engine::jit
