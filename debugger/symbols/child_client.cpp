#include "debugger/symbols/child_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

namespace debugger::dwarf {
namespace {

constexpr int kMaxDeaths = 3, kMaxIdleDeaths = 100;
constexpr uint64_t kAddressSpaceMib = 768;  // beside the sections

int64_t nowMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

engine::Error environment(const std::string& message) { return {engine::ErrorCode::Io, message, {}}; }
engine::Error died(const std::string& message) { return {engine::ErrorCode::State, message, {}}; }

bool writeAll(int fd, Bytes bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return true;
}

/// What libdwarf gets. Its line, range and location lists, and names, stay with us: it crashes on bad ones or misreads good ones.
std::vector<std::pair<const char*, Bytes>> offeredSections(const SectionSet& set) {
    std::vector<std::pair<const char*, Bytes>> offered;
    const auto add = [&](const char* name, Bytes bytes) {
        if (!bytes.empty()) offered.emplace_back(name, bytes);
    };
    add(".debug_info", set.info);
    add(".debug_types", set.types);
    add(".debug_abbrev", set.abbrev);
    add(".debug_str", set.str);
    add(".debug_line_str", set.lineStr);
    add(".debug_str_offsets", set.strOffsets);
    add(".debug_addr", set.addr);
    return offered;
}

std::string besideThisProgram() {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return {};  // never a program of that name in the present folder
    return (self.parent_path() / "wscope-symbols").string();
}

}  // namespace

ChildClient::ChildClient(const DebugSections& sections, std::string program, int64_t timeoutMs)
    : m_sections(sections),
      m_program(program.empty() ? besideThisProgram() : std::move(program)),
      m_timeoutMs(timeoutMs) {}

ChildClient::~ChildClient() { stop(); }

void ChildClient::stop() {
    if (m_socket >= 0) close(m_socket);
    m_socket = -1;
    if (m_pid <= 0) return;
    kill(m_pid, SIGKILL);
    while (waitpid(m_pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    m_pid = -1;
}

/// An idle child may end through no fault of the module (the thread that started it ended).
bool ChildClient::hasExited() {
    if (m_pid <= 0 || waitpid(m_pid, nullptr, WNOHANG) == 0) return false;
    m_pid = -1;
    stop();
    return true;
}

engine::Result<> ChildClient::start() {
    if (!std::filesystem::exists(m_program)) {
        m_unusable = "the program " + m_program + " is missing";
        return environment(m_unusable);
    }
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return environment("no socket for the symbol reader");
    uint64_t bytes = 0;
    for (const auto& [name, section] : offeredSections(m_sections.sets[0]))
        bytes += section.size();
    const std::string limit = std::to_string(kAddressSpaceMib + (bytes >> 20));
    char* const arguments[] = {m_program.data(), const_cast<char*>(limit.c_str()), nullptr};
    char* const noEnvironment[] = {nullptr};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, sockets[1], kChildSocket);
    posix_spawn_file_actions_addclosefrom_np(&actions, kChildSocket + 1);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t blocked;  // Ctrl-C at the terminal is not meant for it
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int error = posix_spawn(&m_pid, m_program.c_str(), &actions, &attributes, arguments, noEnvironment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    close(sockets[1]);
    m_socket = sockets[0];
    if (error != 0) {
        m_pid = -1;
        stop();
        m_unusable = "the program " + m_program + " cannot be started: " + std::strerror(error);
        return environment(m_unusable);
    }
    return sendHello();
}

engine::Result<> ChildClient::sendHello() {
    ChildHello hello;
    const auto offered = offeredSections(m_sections.sets[0]);
    const int file = memfd_create("wasiscope-debug-info", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return environment("no memory file for the symbol reader");
    bool ok = true;
    for (const auto& [name, section] : offered) {
        auto& record = hello.sections[hello.sectionCount++];
        std::strncpy(record.name, name, sizeof record.name - 1);
        record.offset = hello.bytes;
        record.size = section.size();
        hello.bytes += section.size();
        ok = ok && writeAll(file, section);
    }
    ok = ok && fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;

    iovec vector{&hello, sizeof hello};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &file, sizeof file);
    ok = ok && sendmsg(m_socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof hello);
    close(file);
    if (!ok) return died("the symbol reader does not take the debug info");
    return {};
}

bool ChildClient::send(const void* bytes, size_t size) const {
    return ::send(m_socket, bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
}

bool ChildClient::receive(void* into, size_t size, int64_t deadlineMs) const {
    auto* at = static_cast<uint8_t*>(into);
    while (size) {
        pollfd waiting{m_socket, POLLIN, 0};
        const int64_t left = deadlineMs - nowMs();
        if (left <= 0) return false;
        const int ready = poll(&waiting, 1, static_cast<int>(left));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        const ssize_t got = recv(m_socket, at, size, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return false;
        at += got;
        size -= static_cast<size_t>(got);
    }
    return true;
}

engine::Result<std::vector<uint8_t>> ChildClient::exchange(const ChildRequest& request) {
    const int64_t deadline = nowMs() + m_timeoutMs;
    ChildReply reply;
    if (!send(&request, sizeof request) || !receive(&reply, sizeof reply, deadline)) {
        return died(nowMs() >= deadline ? "libdwarf did not answer in time" : "libdwarf crashed");
    }
    if (reply.magic != kChildMagic || reply.id != request.id || reply.size > kMaxReply)
        return died("the symbol reader answered nonsense");
    std::vector<uint8_t> bytes(reply.size);
    if (!receive(bytes.data(), bytes.size(), deadline)) return died("libdwarf crashed");
    if (reply.status != 0) {
        const size_t length = std::min<size_t>(bytes.size(), 300);
        return engine::Error{
            engine::ErrorCode::Malformed,
            "libdwarf: " + std::string(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length)),
            {}};
    }
    return bytes;
}

engine::Result<std::shared_ptr<DieTable>> ChildClient::dieTable(const Unit& unit) {
    if (!m_unusable.empty()) return environment(m_unusable);
    if (m_socket >= 0 && hasExited() && ++m_idleDeaths > kMaxIdleDeaths)
        m_unusable = "the symbol reader keeps ending";
    if (m_socket < 0) {
        if (auto started = start(); !started.ok()) {
            stop();
            if (++m_deaths >= kMaxDeaths && m_unusable.empty()) m_unusable = started.error().message;
            return started.error();
        }
    }
    ChildRequest request;
    request.id = m_nextId++;
    request.firstDie = unit.firstDie - unit.sectionBase;
    request.end = unit.end - unit.sectionBase;
    request.isTypes = unit.isTypes;
    request.infoBase = m_sections.infos.empty() ? 0 : m_sections.infos[0].base;
    request.sectionBase = unit.sectionBase;
    auto bytes = exchange(request);
    auto table = bytes.ok() ? DieTable::decode(*bytes, unit)
                            : engine::Result<std::shared_ptr<DieTable>>(bytes.error());
    const bool isFault =
        (!bytes.ok() && bytes.error().code == engine::ErrorCode::State) || (bytes.ok() && !table.ok());
    if (isFault) {
        stop();
        if (++m_deaths >= kMaxDeaths) m_unusable = bytes.ok() ? table.error().message : bytes.error().message;
    }
    if (table.ok()) repairUnreadable(**table, unit);
    return table;
}

}  // namespace debugger::dwarf
