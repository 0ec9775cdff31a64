#include "wasi/host.h"

#include <sys/resource.h>

#include <algorithm>
#include <csignal>

#include "engine/base/printable.h"
#include "wasi/abi.h"
#include "wasi/host_impl.h"
#include "wasi/preview1/rights.h"
#include "wasi/world/host_files.h"
#include "wasi/world/virtual_changes.h"
#include "wasi/world/virtual_files.h"

namespace wasi {

using engine::Error, engine::ErrorCode;

WasiHost::WasiHost() : m(std::make_unique<Impl>()) {}
WasiHost::~WasiHost() = default;

Fd WasiHost::Impl::add(std::unique_ptr<File> file, Descriptor&& descriptor) {
    descriptor.subject = state.log.intern(descriptor.guestPath);
    descriptor.file = std::move(file);
    return state.files.insert(std::move(descriptor));
}

engine::Result<> WasiHost::Impl::openStandardStreams() {
    const auto& c = state.capabilities;
    const auto sink = [this](OutputStream stream) {
        return [this, stream](std::span<const uint8_t> bytes) {
            state.output.append(stream, bytes, state.gate.context().sequence);
        };
    };
    struct Wanted {
        const StdioGrant& grant;
        StdioStream stream;
        OutputSink sink;
        Rights rights;
    };
    constexpr Rights kReading = Rights::FdRead | Rights::FdSeek | Rights::FdTell | Rights::FdFdstatSetFlags |
                                Rights::FdAdvise | Rights::FdFilestatGet | Rights::PollFdReadwrite |
                                Rights::SockShutdown;
    constexpr Rights kWriting =
        (kReading & ~Rights::FdRead) | Rights::FdWrite | Rights::FdDatasync | Rights::FdSync;
    for (auto& wanted : {Wanted{c.standardInput, StdioStream::Input, {}, kReading},
                         Wanted{c.standardOutput, StdioStream::Output, sink(OutputStream::Stdout), kWriting},
                         Wanted{c.standardError, StdioStream::Error, sink(OutputStream::Stderr), kWriting}}) {
        auto file = TRY(openStdio(wanted.grant, wanted.stream, state.input, wanted.sink));
        Descriptor d;
        d.base = wanted.rights & rightsThatApply(*file);
        d.guestPath = wanted.stream == StdioStream::Input    ? "stdin"
                      : wanted.stream == StdioStream::Output ? "stdout"
                                                             : "stderr";
        d.isOutput = wanted.stream != StdioStream::Input;
        d.grant = kStdin + static_cast<GrantIndex>(wanted.stream);
        add(std::move(file), std::move(d));
    }
    return {};
}

engine::Result<std::unique_ptr<Directory>> WasiHost::Impl::openFolder(const Preopen& preopen) {
    const bool isVirtual = preopen.kind == MountKind::Overlay || preopen.kind == MountKind::InMemory;
    return isVirtual ? openVirtual(preopen) : openPreopen(preopen);
}

engine::Result<Fd> WasiHost::Impl::addFolder(const Preopen& preopen) {
    auto directory = TRY(openFolder(preopen));
    Descriptor d;
    d.base = kDirectoryRights;
    d.inheriting = kDirectoryRights | kFileRights;
    d.guestPath = preopen.guestPath;
    d.isPreopen = true;
    d.grant = state.ledger->addFolder(preopen);
    return add(std::move(directory), std::move(d));
}

engine::Result<std::unique_ptr<Directory>> WasiHost::Impl::openVirtual(const Preopen& preopen) {
    constexpr uint64_t kFirstDevice = 0x7761'0000;  // no device of the host
    if (!state.storage) {
        const uint64_t most = state.capabilities.budgets.maxVirtualBytes;
        state.storage = std::make_shared<VirtualStorage>(
            most ? most : kDefaultVirtualBytes,
            [this] {
                const auto now = state.clock->now(Clockid::Realtime);
                return now ? *now : 0;
            },
            [this](const std::string& reached) {
                if (state.limitReached.empty()) state.limitReached = reached;
                state.gate.context().detail = reached;
            });
    }
    std::unique_ptr<Directory> lower;
    if (!preopen.hostPath.empty())
        lower = TRY(openPreopen({preopen.hostPath, preopen.guestPath, MountKind::ReadOnly}));
    auto tree =
        std::make_shared<VirtualTree>(state.storage, std::move(lower), kFirstDevice + virtuals.size());
    if (preopen.kind == MountKind::InMemory && tree->lower())
        if (const Errno e = tree->detachFromLower(); e != Errno::Success)
            return Error{ErrorCode::Io,
                         "preopen " + preopen.guestPath + ": cannot copy " + preopen.hostPath +
                             " into memory: " + std::string(errnoText(static_cast<uint16_t>(e)))};
    virtuals.push_back({preopen, tree});
    return std::unique_ptr<Directory>(std::make_unique<VirtualDirectory>(tree, tree->root()));
}

engine::Result<std::vector<FolderChanges>> WasiHost::folderChanges() const {
    std::vector<FolderChanges> all;
    for (const auto& [preopen, tree] : m->virtuals) {
        auto changes = TRY(changesOf(*tree));
        all.push_back({preopen.guestPath, preopen.hostPath, preopen.kind == MountKind::Overlay,
                       std::move(changes.first), changes.total});
    }
    return all;
}

namespace {

Error noFolder(const std::string& guestPath, const std::string& kind) {
    return Error{ErrorCode::NotFound, "there is no " + kind + " at " + engine::printable(guestPath) +
                                          "; changes lists what there is"};
}

/// Calls `settle` for the overlays of that guest path, or all.
template <class Virtuals, class Settle>
engine::Result<uint64_t> settleEach(const Virtuals& virtuals, const std::string& guestPath,
                                    const Settle& settle) {
    uint64_t count = 0;
    bool isFound = guestPath.empty();
    for (const auto& mount : virtuals) {
        if (mount.preopen.kind != MountKind::Overlay) continue;
        if (!guestPath.empty() && mount.preopen.guestPath != guestPath) continue;
        isFound = true;
        count += TRY(settle(mount));
    }
    if (isFound) return count;
    return noFolder(guestPath, "overlay");
}

}  // namespace

engine::Result<std::string> WasiHost::folderDiff(const std::string& guestPath,
                                                 const std::string& path) const {
    std::string text;
    bool isFound = guestPath.empty();
    for (const auto& [preopen, tree] : m->virtuals) {
        if (!guestPath.empty() && preopen.guestPath != guestPath) continue;
        isFound = true;
        const std::string diff = TRY(diffOf(tree, path));
        if (!diff.empty()) text += "Changes of " + engine::printable(preopen.guestPath) + ":\n" + diff;
    }
    if (isFound) return text;
    return noFolder(guestPath, "overlay or folder in memory");
}

engine::Result<uint64_t> WasiHost::applyChanges(const std::string& guestPath) {
    return settleEach(m->virtuals, guestPath, [](const Impl::Virtual& mount) -> engine::Result<uint64_t> {
        // Not by its path again: somebody else may have put another folder there.
        const auto* const lower = dynamic_cast<const HostDirectory*>(mount.tree->lower());
        CHECK(lower);
        const auto to = lower->writable();
        if (!to)
            return Error{ErrorCode::Io, "cannot write in " + engine::printable(mount.preopen.hostPath) +
                                            ": " + std::string(errnoText(static_cast<uint16_t>(to.error())))};
        return wasi::applyChanges(mount.tree, **to);
    });
}

engine::Result<uint64_t> WasiHost::discardChanges(const std::string& guestPath) {
    return settleEach(m->virtuals, guestPath, [](const Impl::Virtual& mount) -> engine::Result<uint64_t> {
        const uint64_t count = TRY(changesOf(*mount.tree))
        .total;
        mount.tree->discard();
        return count;
    });
}

engine::Result<Fd> WasiHost::Impl::addListener(const Listener& listener) {
    auto socket = TRY(openListener(listener));
    Descriptor d;
    d.base = kListenerRights;
    d.inheriting = kConnectionRights;
    d.guestPath = socket->address();
    d.grant = state.ledger->addListener(d.guestPath, listener);
    return add(std::move(socket), std::move(d));
}

namespace {

/// Of the files that this process may open, without those that it needs itself: without them it could not even say what is wrong.
uint64_t mostFilesOfGuests() {
    constexpr rlim_t kOurs = 256;
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return kOurs;
    return files.rlim_cur - std::min(files.rlim_cur / 2, kOurs);
}

}  // namespace

engine::Result<std::unique_ptr<WasiHost>> WasiHost::create(Capabilities capabilities) {
    // A guest that writes to a closed pipe gets EPIPE, and one that writes beyond `ulimit -f` EFBIG; the signals would end us instead.
    for (const int number : {SIGPIPE, SIGXFSZ}) {
        struct sigaction action {};
        if (sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_DFL)
            (void)signal(number, SIG_IGN);
    }

    std::unique_ptr<WasiHost> host(new WasiHost);
    HostState& state = host->m->state;
    state.capabilities = std::move(capabilities);
    state.ledger = std::make_unique<Ledger>(state.capabilities);
    state.gate.setLedger(state.ledger.get());
    state.mocks.setServices(
        {[&state](uint32_t fd) { return state.files.find(fd); },
         [&state](uint64_t ns, const std::string& text) { return state.wait({}, ns, text); },
         [&state](const std::string& why) {
             if (state.stopRequest) state.stopRequest(why);
             return state.stopRequest != nullptr;
         },
         [&state](uint32_t id, const std::string& problem) {
             if (state.mockProblem) state.mockProblem(id, problem);
         }});
    state.clock = makeClock(state.capabilities.clock);
    state.random = makeRandom(state.capabilities.random);
    if (const uint64_t bytes = state.capabilities.budgets.maxLogBytes) state.log.setBudget(bytes);
    TRY(host->m->openStandardStreams());
    for (const auto& preopen : state.capabilities.preopens)
        TRY(host->m->addFolder(preopen));
    for (const auto& listener : state.capabilities.listeners)
        TRY(host->m->addListener(listener));
    // What the user granted is open; the limit is for what the guest opens itself.
    const uint64_t most = state.capabilities.budgets.maxOpenFiles, mostHere = mostFilesOfGuests();
    state.files.setLimit(state.files.entries().size() + (most ? std::min(most, mostHere) : mostHere));
    return host;
}

engine::ImportResolver WasiHost::resolver(engine::Store& store) {
    if (m->registeredIn != &store) m->registered.clear();
    m->registeredIn = &store;
    return [this, &store](const engine::Import& import,
                          const engine::Module&) -> engine::Result<engine::Extern> {
        const auto refuse = [&](const std::string& why) {
            return Error{ErrorCode::Unlinkable,
                         engine::printable(import.module + "." + import.name) + ": " + why};
        };
        const bool isOurs = import.module == "wasi_snapshot_preview1" || import.module == "wasi_unstable";
        if (import.module == "wasi" && import.name == "thread-spawn")
            return refuse("threads (wasi-threads) are not supported yet");
        if (!isOurs)
            return refuse(
                "no module of that name is provided; only WASI 0.1 (wasi_snapshot_preview1, wasi_unstable) "
                "is");
        const int row = findHostFunction(import.module + "." + import.name);
        if (row < 0) return refuse("WASI 0.1 has no such function");
        if (import.kind != engine::ExternKind::Func)
            return refuse("is imported as a " + std::string(engine::toText(import.kind)) +
                          ", and it is a function");
        const auto index = static_cast<uint16_t>(row);
        const auto known = m->registered.find(index);
        if (known != m->registered.end())
            return engine::Extern{engine::ExternKind::Func, known->second.value};
        auto& function = m->functions.emplace_back(m->state.gate, m->front, hostRow(index), index);
        const auto address = store.addHostFunction(
            allHostFunctions()[index].type, import.module + "." + import.name,
            [&function](engine::HostCall& call) {
                return function.gate.invoke(function.index, function.front, call.slots, &call);
            },
            function.row.direct ? engine::DirectHostFunction{Impl::callDirectly, &function}
                                : engine::DirectHostFunction{});
        m->registered.emplace(index, address);
        return engine::Extern{engine::ExternKind::Func, address.value};
    };
}

void WasiHost::attach(engine::Store& store, engine::InstanceId instance) {
    const auto memory = store.instance(instance).exported("memory");
    const bool isMemory = memory && memory->kind == engine::ExternKind::Memory;
    m->state.gate.context().memory.attach(isMemory ? &store.memory(engine::MemAddr(memory->address))
                                                   : nullptr);
}

const Capabilities& WasiHost::capabilities() const { return m->state.capabilities; }
SyscallLog& WasiHost::log() { return m->state.log; }
OutputLog& WasiHost::output() { return m->state.output; }

std::vector<OpenFile> WasiHost::openFiles() const {
    std::vector<OpenFile> files;
    const auto& entries = m->state.files.entries();
    for (uint32_t fd = 0; fd < entries.size(); fd++) {
        if (!entries[fd]) continue;
        const Descriptor& d = *entries[fd];
        OpenFile shown;
        shown.fd = fd;
        shown.kind = d.file->kind();
        shown.guestPath = d.guestPath;
        shown.hostPath = d.file->hostPath();
        shown.rights = abi::flagText(Abi<Rights>::kNames, static_cast<uint64_t>(d.base));
        if (const auto position = d.file->seek(0, Whence::Cur)) shown.position = *position;
        shown.bytesRead = d.bytesRead;
        shown.bytesWritten = d.bytesWritten;
        shown.isPreopen = d.isPreopen;
        shown.openedBySequence = d.openedBySequence;
        files.push_back(std::move(shown));
    }
    return files;
}

const std::string& WasiHost::limitReached() const { return m->state.limitReached; }

void WasiHost::setLogging(bool on) { m->state.gate.setLogging(on); }
void WasiHost::setGate(std::function<GateDecision(uint16_t, engine::HostCall&)> gate) {
    m->state.gate.setQuestion(std::move(gate));
}
void WasiHost::setStopRequest(std::function<void(const std::string&)> request) {
    m->state.stopRequest = std::move(request);
}
void WasiHost::setMockProblem(std::function<void(uint32_t, const std::string&)> tell) {
    m->state.mockProblem = std::move(tell);
}
engine::Result<> WasiHost::setMocks(const std::vector<MockEntry>& entries, const TrustedFolders& trust) {
    return m->state.mocks.set(entries, trust);
}
std::vector<MockInfo> WasiHost::mocks() const { return m->state.mocks.table().list(); }
uint64_t WasiHost::mockActivity() const { return m->state.mocks.table().activity(); }
void WasiHost::setNames(NamesAt names) { m->state.mocks.setNames(std::move(names)); }
void WasiHost::pushInput(std::span<const uint8_t> bytes) { m->state.input->push(bytes); }
void WasiHost::closeInput() { m->state.input->close(); }
std::string WasiHost::waitingFor() const { return m->state.waiter.waitingFor(); }
bool WasiHost::wait(std::optional<uint64_t> timeoutNs, const std::string& what) {
    return m->state.waiter.wait({}, timeoutNs, what) != Waiter::Woken::Interrupted;
}
void WasiHost::wake() { m->state.waiter.wake(); }

}  // namespace wasi
