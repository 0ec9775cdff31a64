// differential [--count N] [--seed S] [--seconds T] [--features LIST] [--keep FOLDER]: generates modules, runs them here and in Node's
// engine, and compares results, the memory's contents, globals and the kind of each trap; then changes bytes of them and compares
// whether they are valid. Every way to drive the machine is compared with the first. LIST: of simd,bulk,references,tail-calls,atomics,
// legacy-exceptions,exceptions; default: all that the peer has. Differences are kept as files, and end it with 1; 77: no Node.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "engine/disassembly.h"
#include "tests/conformance/driving.h"
#include "tests/fuzz/lockstep.h"
#include "tests/fuzz/module_generator.h"

using namespace engine;
using conformance::Drive;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr uint32_t kCalls = 2, kFuel = 300;  // as in peer.mjs

/// The other engine, in a process of its own.
class Peer {
public:
    explicit Peer(const std::string& script) {
        int sockets[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return;
        m_pid = fork();
        if (m_pid == 0) {
            dup2(sockets[1], 0);
            dup2(sockets[1], 1);
            execlp("node", "node", script.c_str(), nullptr);
            _exit(127);
        }
        close(sockets[1]);
        m_socket = sockets[0];
        m_name = answer();
        if (m_name.empty()) return;
    }
    ~Peer() {
        close(m_socket);
        if (m_pid > 0) {
            kill(m_pid, SIGKILL);
            waitpid(m_pid, nullptr, 0);
        }
    }
    /// Empty: there is none.
    const std::string& name() const { return m_name; }
    bool has(const std::string& feature) const {
        return (m_name + " ").find(" " + feature + " ") != std::string::npos;
    }
    std::string ask(const Bytes& module, bool run) {
        uint8_t head[5];
        const auto length = static_cast<uint32_t>(module.size());
        std::memcpy(head, &length, 4);
        head[4] = run;
        if (!send(head, 5) || !send(module.data(), module.size())) return "";
        return answer();
    }

private:
    bool send(const uint8_t* from, size_t length) {
        while (length > 0) {
            const ssize_t sent = ::send(m_socket, from, length, MSG_NOSIGNAL);
            if (sent <= 0) return false;
            from += sent;
            length -= static_cast<size_t>(sent);
        }
        return true;
    }
    bool receive(void* to, size_t length) {
        for (auto* at = static_cast<uint8_t*>(to); length > 0;) {
            const ssize_t got = recv(m_socket, at, length, 0);
            if (got <= 0) return false;
            at += got;
            length -= static_cast<size_t>(got);
        }
        return true;
    }
    std::string answer() {
        uint32_t length = 0;
        if (!receive(&length, 4)) return "";
        std::string text(length, '\0');
        return receive(text.data(), length) ? text : "";
    }

    pid_t m_pid = -1;
    int m_socket = -1;
    std::string m_name;
};

/// Of an atomic access that is unaligned and out of bounds, V8 tells the second, and we, as the reference interpreter, the first.
/// V8's words for what the standard's suite calls otherwise. Where V8 has one message for several kinds, so has the result.
std::string trapWords(std::string text) {
    static const std::pair<const char*, const char*> kWords[] = {
        {"memory access out of bounds", "out of bounds memory access"},
        {"divide by zero", "integer divide by zero"},
        {"remainder by zero", "integer divide by zero"},
        {"divide result unrepresentable", "unrepresentable"},
        {"integer overflow", "unrepresentable"},
        {"float unrepresentable in integer range", "unrepresentable"},
        {"invalid conversion to integer", "unrepresentable"},
        {"table index is out of bounds", "table"},
        {"table access out of bounds", "table"},
        {"table or element segment", "table"},
        {"element segment out of bounds", "table"},
        {"undefined element", "table"},
        {"out of bounds table access", "table"},
        {"null function or function signature mismatch", "signature"},
        {"uninitialized element", "signature"},
        {"indirect call type mismatch", "signature"},
        {"operation does not support unaligned accesses", "out of bounds memory access"},
        {"unaligned atomic", "out of bounds memory access"},
    };
    for (const auto& [from, to] : kWords)
        if (text.find(from) != std::string::npos) return to;
    return text;
}

/// "f0 = i32:1 memory 5" or "f0 trap KIND memory 5", with the peer's KIND in our words.
std::string normal(const std::string& line) {
    const size_t trap = line.find(" trap "), memory = line.rfind(" memory ");
    if (trap == std::string::npos || memory == std::string::npos || memory < trap + 6) return line;
    return line.substr(0, trap + 6) + trapWords(line.substr(trap + 6, memory - trap - 6)) +
           line.substr(memory);
}

template <class Float, class Bits>
std::string floatText(const char* type, Bits bits) {
    const auto value = std::bit_cast<Float>(bits);
    return std::string(type) + (value != value ? "nan" : std::to_string(bits));
}

std::string text(const Value& v) {
    if (v.type == kI32) return "i32:" + std::to_string(static_cast<uint32_t>(v.low));
    if (v.type == kI64) return "i64:" + std::to_string(v.low);
    if (v.type == kF32) return floatText<float>("f32:", static_cast<uint32_t>(v.low));
    return floatText<double>("f64:", v.low);
}

std::string globalText(const GlobalInstance& global) {
    const Value value{global.type.type, global.low, 0};
    if (value.type == kI64) return text(value);
    double number = std::bit_cast<double>(value.low);
    if (value.type == kI32) number = static_cast<int32_t>(value.low);
    if (value.type == kF32) number = std::bit_cast<float>(static_cast<uint32_t>(value.low));
    return text(Value::f64(number));
}

uint32_t hash(const LinearMemory& memory) {
    uint32_t h = 0x811c9dc5;
    for (uint64_t at = 0; at < memory.size(); at += 4) {
        uint32_t word = 0;
        std::memcpy(&word, memory.base() + at, 4);
        h = (h ^ word) * 0x01000193;
    }
    return h;
}

Value argument(ValType type, uint32_t call) {
    switch (type.kind()) {
    case ValKind::I32: return Value::i32(call ? ~0u : 7);
    case ValKind::I64: return Value::i64(call ? uint64_t{1} << 63 : 5);
    case ValKind::F32: return Value::f32(call ? -0.0f : 1.5f);
    default: return Value::f64(call ? 1e300 : -2.25);
    }
}

std::string run(const std::shared_ptr<const Module>& module, Drive drive) {
    Store store;
    conformance::prepare(store, drive);
    auto machine = Machine::create(store);
    if (!machine) return machine.error().text();
    Trap trap;
    const auto id = store.instantiate(
        module,
        [](const Import&, const Module&) -> Result<Extern> {
            return Error{ErrorCode::NotFound, "none", {}};
        },
        &trap);
    if (!id) return id.error().text();
    const Instance& instance = store.instance(*id);
    if (drive == Drive::BreakEverywhere) conformance::breakEverywhere(**machine, *id);
    std::string lines;
    for (const Export& e : module->exports) {
        if (e.kind != ExternKind::Func) continue;
        const FuncAddr address = instance.functions[e.index];
        for (uint32_t call = 0; call < kCalls; ++call) {
            store.global(instance.globals[0]).low = kFuel;
            std::vector<Value> arguments;
            for (ValType type : store.function(address).type->params)
                arguments.push_back(argument(type, call));
            (*machine)->abandon();
            if (const auto started = (*machine)->start(address, arguments); !started)
                return started.error().text();
            std::string line = e.name + " ";
            if (conformance::finish(**machine, drive) == StopKind::Finished) {
                line += "= ";
                for (const Value& value : (*machine)->results())
                    line += (line.ends_with("= ") ? "" : " ") + text(value);
            } else if ((*machine)->trap().kind == TrapKind::UncaughtException) {
                line += "exception";
            } else {
                line += "trap " + std::string(toText((*machine)->trap().kind));
            }
            lines +=
                normal(line + " memory " + std::to_string(hash(store.memory(instance.memories[0])))) + "\n";
        }
    }
    for (const Export& e : module->exports)
        if (e.kind == ExternKind::Global && e.name[0] == 'g')
            lines += e.name + " " + globalText(store.global(instance.globals[e.index])) + "\n";
    if (lines.ends_with("\n")) lines.pop_back();
    return lines;
}

std::string peerRun(Peer& peer, const Bytes& bytes) {
    std::istringstream answer(peer.ask(bytes, true));
    std::string lines;
    for (std::string line; std::getline(answer, line);)
        lines += (lines.empty() ? "" : "\n") + normal(line);
    return lines;
}

/// The first lines that differ, ours before the peer's.
std::string firstDifference(const std::string& ours, const std::string& theirs) {
    std::istringstream a(ours), b(theirs);
    for (std::string x, y;;) {
        const bool moreA = static_cast<bool>(std::getline(a, x)),
                   moreB = static_cast<bool>(std::getline(b, y));
        if (!moreA && !moreB) return "";
        if (!moreA) x = "(nothing)";
        if (!moreB) y = "(nothing)";
        if (x != y) return "ours: " + x + "; theirs: " + y;
    }
}

class Differential {
public:
    Differential(Peer& peer, fuzz::Profile profile, std::string keep)
        : m_peer(peer), m_profile(profile), m_keep(std::move(keep)) {}

    void one(uint64_t seed) {
        const auto bytes = std::make_shared<const Bytes>(fuzz::generateModule(seed, m_profile));
        ++modules;
        auto module = decodeModule(bytes, "generated");
        auto valid = module ? validateModule(**module) : Result<>(module.error());
        if (!valid) return report(*bytes, seed, "generated module refused: " + valid.error().text());
        const std::string ours = run(*module, Drive::Run);
        if (const std::string difference = firstDifference(ours, peerRun(m_peer, *bytes));
            !difference.empty())
            return report(*bytes, seed, difference);
        calls += static_cast<uint64_t>(std::count(ours.begin(), ours.end(), '\n') + 1);
        traps += countOf(ours, " trap ");
        constexpr Drive kOthers[] = {Drive::Step,  Drive::Jit,      Drive::BreakEverywhere,
                                     Drive::Mixed, Drive::JitMixed, Drive::Auto};
        const Drive drive = kOthers[seed % std::size(kOthers)];
        if (const std::string difference = firstDifference(run(*module, drive), ours); !difference.empty())
            return report(*bytes, seed, "stepped or with breakpoints: " + difference);
        const Tier tier = seed % 4 ? Tier::Jit : Tier::Auto;
        if (const std::string difference = fuzz::lockstep(*module, tier, seed, lockstep); !difference.empty())
            return report(*bytes, seed, "interpreted: " + difference);
        for (uint64_t i = 0; i < 4; ++i)
            mutated(*bytes, seed * 4 + i);
    }

    uint64_t modules = 0, calls = 0, traps = 0, mutants = 0, validMutants = 0, differences = 0;
    fuzz::LockstepCounts lockstep;

private:
    static uint64_t countOf(const std::string& text, const std::string& part) {
        uint64_t n = 0;
        for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
            ++n;
        return n;
    }

    void mutated(const Bytes& original, uint64_t seed) {
        const auto bytes = std::make_shared<const Bytes>(fuzz::mutateModule(original, seed));
        ++mutants;
        auto module = decodeModule(bytes, "mutated");
        const auto valid = module ? validateModule(**module) : Result<>(module.error());
        const std::string theirs = m_peer.ask(*bytes, false);
        if (valid) ++validMutants;
        if (valid.ok() == (theirs == "valid")) return;
        // What only one side knows is no difference.
        if (valid && !onlyCommonFeatures(**module)) return;
        // V8 11 does not insist on the natural alignment of atomic accesses; the proposal and its suite do.
        if (!valid && valid.error().message.find("alignment must be equal to natural") != std::string::npos)
            return;
        report(*bytes, seed,
               valid ? "valid here; theirs: " + theirs : "valid there; ours: " + valid.error().text());
    }

    static bool onlyCommonFeatures(const Module& module) {
        for (const Feature feature : featuresOf(module)) {
            switch (feature) {
            case Feature::Gc:
            case Feature::FunctionReferences:
            case Feature::Exceptions:
            case Feature::Memory64:
            case Feature::MultiMemory:
            case Feature::ExtendedConst:
            case Feature::WideArithmetic:
            case Feature::RelaxedSimd:
            case Feature::CustomPageSizes: return false;
            default: break;
            }
        }
        return true;
    }

    void report(const Bytes& bytes, uint64_t seed, const std::string& what) {
        ++differences;
        const std::string file = m_keep + "/difference-" + std::to_string(seed) + ".wasm";
        std::filesystem::create_directories(m_keep);
        std::ofstream(file, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        std::cout << file << ": " << what << std::endl;
    }

    Peer& m_peer;
    fuzz::Profile m_profile;
    std::string m_keep;
};

fuzz::Profile profileOf(const std::string& list, const Peer& peer) {
    const auto has = [&](const std::string& feature, bool byDefault) {
        return list.empty() ? byDefault : ("," + list + ",").find("," + feature + ",") != std::string::npos;
    };
    fuzz::Profile profile;
    profile.simd = has("simd", true);
    profile.bulkMemory = has("bulk", true);
    profile.referenceTypes = has("references", true);
    profile.tailCalls = has("tail-calls", peer.has("tail-calls"));
    profile.atomics = has("atomics", peer.has("atomics"));
    profile.exceptions = has("exceptions", peer.has("exceptions"));
    profile.legacyExceptions = has("legacy-exceptions", peer.has("legacy-exceptions") && !profile.exceptions);
    return profile;
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t count = 1000, seed = 1, seconds = 0;
    std::string keep = "differences", features;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string option = argv[i];
        if (option == "--count") count = std::stoull(argv[i + 1]);
        if (option == "--seed") seed = std::stoull(argv[i + 1]);
        if (option == "--seconds") seconds = std::stoull(argv[i + 1]), count = ~uint64_t{0};
        if (option == "--keep") keep = argv[i + 1];
        if (option == "--features") features = argv[i + 1];
    }
    Peer peer(WASISCOPE_SOURCE_DIR "/tests/fuzz/peer.mjs");
    if (peer.name().empty()) {
        std::cout << "skipped: there is no node to compare with" << std::endl;
        return 77;
    }
    std::cout << "peer: " << peer.name() << std::endl;
    Differential differential(peer, profileOf(features, peer), keep);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    for (uint64_t n = 0; n < count && differential.differences < 20; ++n) {
        if (seconds && std::chrono::steady_clock::now() > end) break;
        differential.one(seed + n);
    }
    std::cout << differential.modules << " modules, " << differential.calls << " results ("
              << differential.traps << " traps), " << differential.mutants << " mutants ("
              << differential.validMutants << " valid), " << differential.lockstep.stops
              << " stops in lockstep (" << differential.lockstep.functions << " functions compiled), "
              << differential.differences << " differences" << std::endl;
    return differential.differences ? 1 : 0;
}
