#include "debugger/memory_view.h"

#include <algorithm>
#include <cstring>

#include "debugger/places.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {
constexpr uint64_t kMaxRead = uint64_t{16} << 20;
constexpr uint64_t kMaxWindowBytes = uint64_t{1} << 20;
constexpr size_t kMaxWindows = 32;
}  // namespace

void MemoryView::attach(Debuggee* debuggee) {
    m_debuggee = debuggee;
    m_windows.clear();
}

Result<engine::LinearMemory*> MemoryView::memory(uint32_t index) const {
    if (!m_debuggee || !m_debuggee->started())
        return Error{ErrorCode::State, "the program is not running, so it has no memory yet"};
    engine::LinearMemory* memory = m_debuggee->memory(index);
    if (!memory) return Error{ErrorCode::NotFound, "the program has no memory " + std::to_string(index)};
    return memory;
}

std::vector<MemoryInfo> MemoryView::memories() const {
    std::vector<MemoryInfo> rows;
    if (!m_debuggee) return rows;
    const engine::Module& module = *m_debuggee->module();
    for (uint32_t i = 0; i < module.memories.size(); i++) {
        MemoryInfo info;
        info.index = i;
        const auto name = module.names().memories.find(i);
        if (name != module.names().memories.end()) info.name = printable(name->second);
        for (const engine::Export& e : module.exports) {
            if (info.name.empty() && e.kind == engine::ExternKind::Memory && e.index == i)
                info.name = printable(e.name);
        }
        info.pages = module.memories[i].type.limits.min;
        info.maxPages = module.memories[i].type.limits.max;
        if (const engine::LinearMemory* memory = m_debuggee->memory(i)) info.pages = memory->pages();
        info.bytes = info.pages << module.memories[i].type.pageSizeLog2;
        rows.push_back(std::move(info));
    }
    return rows;
}

Result<MemoryBytes> MemoryView::read(const ReadMemory& request, Generation generation) {
    const engine::LinearMemory* memory = TRY(this->memory(request.memory));
    MemoryBytes answer;
    answer.address = request.address;
    answer.memoryBytes = memory->size();
    if (request.address < memory->size()) {
        const uint64_t length = std::min({request.length, kMaxRead, memory->size() - request.address});
        answer.bytes.assign(reinterpret_cast<const char*>(memory->base()) + request.address, length);
    }
    markChanges(answer, request.memory, generation);
    if (answer.bytes.empty() || answer.bytes.size() > kMaxWindowBytes) return answer;
    std::erase_if(m_windows, [&](const Window& w) {
        return w.generation == generation && w.memory == request.memory && w.address == answer.address &&
               w.bytes.size() == answer.bytes.size();
    });
    m_windows.push_front({generation, request.memory, answer.address, answer.bytes});
    if (m_windows.size() > kMaxWindows) m_windows.pop_back();
    return answer;
}

/// Compares each byte with the newest copy of it that was read at an earlier stop.
void MemoryView::markChanges(MemoryBytes& answer, uint32_t memory, Generation generation) const {
    std::vector<bool> known(answer.bytes.size()), changed(answer.bytes.size());
    for (const Window& window : m_windows) {
        if (window.generation >= generation || window.memory != memory) continue;
        const uint64_t begin = std::max(window.address, answer.address);
        const uint64_t end =
            std::min(window.address + window.bytes.size(), answer.address + answer.bytes.size());
        for (uint64_t at = begin; at < end; at++) {
            const size_t i = at - answer.address;
            if (known[i]) continue;
            known[i] = true;
            changed[i] = window.bytes[at - window.address] != answer.bytes[i];
        }
    }
    for (size_t i = 0; i < changed.size(); i++) {
        if (!changed[i]) continue;
        size_t end = i;
        while (end < changed.size() && changed[end])
            end++;
        answer.changed.emplace_back(answer.address + i, answer.address + end);
        i = end;
    }
}

Result<> MemoryView::write(const WriteMemory& request) {
    engine::LinearMemory* memory = TRY(this->memory(request.memory));
    if (!memory->contains(request.address, request.bytes.size())) {
        return Error{ErrorCode::BadArgument,
                     hexText(request.address) + " (" + std::to_string(request.bytes.size()) +
                         " bytes) is outside memory, which has " + std::to_string(memory->size()) + " bytes"};
    }
    std::memcpy(memory->base() + request.address, request.bytes.data(), request.bytes.size());
    return {};
}

Result<std::optional<uint64_t>> MemoryView::find(const FindInMemory& request) const {
    const engine::LinearMemory* memory = TRY(this->memory(request.memory));
    if (request.bytes.empty()) return Error{ErrorCode::BadArgument, "nothing to search for"};
    if (request.from >= memory->size()) return std::optional<uint64_t>{};
    const uint8_t* begin = memory->base() + request.from;
    const void* found =
        memmem(begin, memory->size() - request.from, request.bytes.data(), request.bytes.size());
    if (!found) return std::optional<uint64_t>{};
    return std::optional<uint64_t>(static_cast<const uint8_t*>(found) - memory->base());
}

}  // namespace debugger
