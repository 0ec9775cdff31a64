#include <time.h>

#include "wasi/abi.h"
#include "wasi/preview1/preview1.h"

namespace wasi {

namespace {

Errno sizes(const std::vector<std::string>& strings, Size& count, Size& bytes) {
    uint64_t total = 0;
    for (const auto& s : strings)
        total += s.size() + 1;
    if (total > UINT32_MAX) return Errno::TooBig;
    count = static_cast<uint32_t>(strings.size());
    bytes = static_cast<uint32_t>(total);
    return Errno::Success;
}

std::string nameOf(Signal signal) { return std::string(Abi<Signal>::kNames[static_cast<size_t>(signal)]); }

}  // namespace

Errno Preview1::putStrings(const std::vector<std::string>& strings, uint32_t table, uint32_t buffer) {
    uint64_t bytes = 0;
    for (const auto& s : strings)
        bytes += s.size() + 1;
    if (!m_call.memory.contains(buffer, bytes) ||
        !m_call.memory.contains(table, strings.size() * sizeof(uint32_t)))
        return Errno::Fault;
    uint32_t at = buffer;
    std::vector<uint32_t> addresses;
    for (const auto& s : strings) {
        if (!m_call.memory.write(at, s.c_str(), s.size() + 1)) return Errno::Fault;
        addresses.push_back(at);
        at += static_cast<uint32_t>(s.size()) + 1;
    }
    return m_call.memory.write(table, addresses.data(), addresses.size() * sizeof(uint32_t)) ? Errno::Success
                                                                                             : Errno::Fault;
}

std::vector<std::string> Preview1::environment() const {
    std::vector<std::string> lines;
    for (const auto& [name, value] : m_state.capabilities.environment)
        lines.push_back(name + "=" + value);
    return lines;
}

Errno Preview1::args_get(Pointer<Pointer<uint8_t>> argv, Pointer<uint8_t> argv_buf) {
    m_call.use.add(kArguments);
    return putStrings(m_state.capabilities.arguments, argv.address, argv_buf.address);
}

Errno Preview1::args_sizes_get(Size& argc, Size& argv_buf_size) {
    return sizes(m_state.capabilities.arguments, argc, argv_buf_size);
}

Errno Preview1::environ_get(Pointer<Pointer<uint8_t>> environ, Pointer<uint8_t> environ_buf) {
    m_call.use.add(kEnvironment);
    return putStrings(environment(), environ.address, environ_buf.address);
}

Errno Preview1::environ_sizes_get(Size& environc, Size& environ_buf_size) {
    return sizes(environment(), environc, environ_buf_size);
}

Errno Preview1::clock_res_get(Clockid id, Timestamp& resolution) {
    m_call.use.add(kClock);
    const auto answer = m_state.clock->resolution(id);
    if (answer) resolution = *answer;
    return answer.error();
}

Errno Preview1::clock_time_get(Clockid id, Timestamp, Timestamp& time) {
    if (m_call.logging()) m_call.use.add(kClock);
    const auto answer = m_state.clock->now(id);
    if (answer) time = *answer;
    return answer.error();
}

NoReturn Preview1::proc_exit(Exitcode rval) { return {engine::HostOutcome::exit(rval)}; }

Answer Preview1::stopSelf(Signal signal) {
    if (m_call.wait.progress) return Errno::Success;  // it was continued
    if (!m_state.stopRequest) {
        m_call.detail = "ignored: there is nobody to continue the program";
        return Errno::Success;
    }
    m_call.wait.progress = 1;
    m_state.stopRequest("the program raised signal " + nameOf(signal));
    return Answer::interrupted();
}

Answer Preview1::proc_raise(Signal sig) {
    switch (sig) {
    case Signal::None:
    case Signal::Chld:
    case Signal::Cont:
    case Signal::Pipe:
    case Signal::Urg:
    case Signal::Winch: return Errno::Success;  // ignored, as the standard lists them
    case Signal::Stop:
    case Signal::Tstp:
    case Signal::Ttin:
    case Signal::Ttou: return stopSelf(sig);
    default: break;
    }
    // Terminates the process; as a trap, so that the place and its frames can be seen.
    engine::Trap trap;
    trap.kind = engine::TrapKind::Host;
    trap.message = "the program raised signal " + nameOf(sig);
    return engine::HostOutcome::trapped(std::move(trap));
}

Errno Preview1::sched_yield() { return Errno::Success; }

Answer Preview1::random_get(Pointer<uint8_t> buf, Size buf_len) {
    constexpr uint32_t kAtOnce = 64 << 10;
    uint8_t* room = m_call.memory.writable(buf.address, buf_len);
    if (!room) return Errno::Fault;
    auto& done = m_call.wait.progress;
    while (done < buf_len) {
        const auto part = std::min<uint64_t>(kAtOnce, buf_len - done);
        if (const Errno e = m_state.random->fill({room + done, part}); e != Errno::Success) return e;
        done += part;
        if (done < buf_len && m_call.yieldRequested()) return Answer::interrupted();
    }
    m_call.memory.wrote(buf.address, buf_len);
    m_call.use.add(kRandom);
    m_call.use.bytesRead += buf_len;
    return Errno::Success;
}

}  // namespace wasi
