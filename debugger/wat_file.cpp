#include "debugger/wat_file.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/module.h"
#include "engine/opcode.h"

namespace debugger {

using engine::Error;
using engine::ErrorCode;
using engine::Result;

namespace {

constexpr size_t kMostText = size_t{32} << 20;
constexpr rlim_t kMostOutput = rlim_t{256} << 20, kMostMemory = rlim_t{2} << 30;

bool isText(const std::string& path, std::span<const uint8_t> bytes) {
    if (bytes.size() >= 4 && std::memcmp(bytes.data(), "\0asm", 4) == 0) return false;
    if (path.ends_with(".wat") || path.ends_with(".wast")) return true;
    const auto first = std::find_if(bytes.begin(), bytes.end(), [](uint8_t c) {
        return c != ' ' && c != '\n' && c != '\t' && c != '\r';
    });
    const auto begins = [&](std::string_view what) {
        return static_cast<size_t>(bytes.end() - first) >= what.size() &&
               std::equal(what.begin(), what.end(), first);
    };
    return begins("(module") || begins(";;") || begins("(;");
}

/// A folder that only this user can enter, removed with all in it.
class PrivateFolder {
public:
    static Result<PrivateFolder> create() {
        std::error_code ignored;
        std::string name = (std::filesystem::temp_directory_path(ignored) / "wasiscope-XXXXXX").string();
        if (!mkdtemp(name.data()))
            return Error{ErrorCode::Io,
                         "no temporary folder for the text: " + std::string(std::strerror(errno))};
        return PrivateFolder(std::move(name));
    }
    PrivateFolder(PrivateFolder&& other) noexcept : m_path(std::exchange(other.m_path, {})) {}
    ~PrivateFolder() {
        std::error_code ignored;
        if (!m_path.empty()) std::filesystem::remove_all(m_path, ignored);
    }
    std::string file(const char* name) const { return m_path + "/" + name; }

private:
    explicit PrivateFolder(std::string path) : m_path(std::move(path)) {}
    std::string m_path;
};

/// Waits for a child, at most so long; then kills it. Its status as of waitpid, or nothing if the time was over.
std::optional<int> waitFor(pid_t child, int mostSeconds) {
    const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    pollfd ended{descriptor, POLLIN, 0};
    int ready = 0;
    do {
        ready = poll(&ended, 1, mostSeconds * 1000);
    } while (ready < 0 && errno == EINTR);
    if (descriptor >= 0) close(descriptor);
    const bool isOver = descriptor >= 0 && ready == 0;
    if (isOver) kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return isOver ? std::nullopt : std::optional(status);
}

/// Runs wat2wasm from the user's path, its messages into a file. No shell, no input, nothing open but that file.
Result<int> runAssembler(const PrivateFolder& folder, int mostSeconds) {
    std::string text = folder.file("text.wat"), binary = folder.file("text.wasm");
    std::string words[] = {"wat2wasm", "--enable-all", "--debug-names", text, "-o", binary};
    char* arguments[std::size(words) + 1] = {};
    std::transform(std::begin(words), std::end(words), arguments,
                   [](std::string& word) { return word.data(); });
    char* const environment[] = {nullptr};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, folder.file("messages").c_str(), O_WRONLY | O_CREAT, 0600);
    posix_spawn_file_actions_addclosefrom_np(&actions, 3);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = -1;
    const int error = posix_spawnp(&child, "wat2wasm", &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error == ENOENT)
        return Error{
            ErrorCode::Io,
            "WebAssembly text is assembled by wat2wasm, which is not installed; install the package wabt"};
    if (error != 0)
        return Error{ErrorCode::Io, std::string("wat2wasm cannot be started: ") + std::strerror(error)};
    const rlimit memory{kMostMemory, kMostMemory}, output{kMostOutput, kMostOutput};
    prlimit(child, RLIMIT_AS, &memory, nullptr);
    prlimit(child, RLIMIT_FSIZE, &output, nullptr);
    const auto status = waitFor(child, mostSeconds);
    if (!status)
        return Error{ErrorCode::Limit, "wat2wasm was stopped: it took more than " +
                                           std::to_string(mostSeconds) + " seconds on this text"};
    return *status;
}

std::string contentOf(const std::string& path, size_t most) {
    std::ifstream file(path, std::ios::binary);
    std::string content(most, '\0');
    file.read(content.data(), static_cast<std::streamsize>(most));
    content.resize(static_cast<size_t>(file.gcount()));
    return content;
}

Result<FileBytes> assemble(const std::vector<uint8_t>& text, int mostSeconds) {
    if (text.size() > kMostText)
        return Error{ErrorCode::Limit, "text too large: " + std::to_string(text.size()) + " bytes, limit " +
                                           std::to_string(kMostText) + "; assemble it first"};
    const PrivateFolder folder = TRY(PrivateFolder::create());
    {
        std::ofstream file(folder.file("text.wat"), std::ios::binary);
        file.write(reinterpret_cast<const char*>(text.data()), static_cast<std::streamsize>(text.size()));
        if (!file.flush()) return Error{ErrorCode::Io, "the text cannot be written to a temporary file"};
    }
    const int status = TRY(runAssembler(folder, mostSeconds));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return engine::readFile(folder.file("text.wasm"));
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
        return Error{ErrorCode::State, "interrupted while wat2wasm assembled the text"};
    if (WIFSIGNALED(status))
        return Error{ErrorCode::Limit, "wat2wasm died of signal " + std::to_string(WTERMSIG(status)) +
                                           " on this text; it may be nested too deeply"};
    return assemblyError(contentOf(folder.file("messages"), 65536), std::string(text.begin(), text.end()),
                         folder.file("text.wat"));
}

/// Types and keywords of proposals that wat2wasm 1.0.32 does not read; instructions are looked up.
constexpr std::string_view kBeyondWords[] = {
    "exnref",      "anyref",        "eqref", "i31ref", "structref", "arrayref", "nullref",
    "nullfuncref", "nullexternref", "rec",   "sub",    "final",     "pagesize", "definition"};

/// The first word of the text, outside strings and comments, that is beyond wat2wasm.
std::string wordBeyond(std::string_view text) {
    size_t at = 0;
    while (at < text.size()) {
        if (text[at] == '"') {
            for (at++; at < text.size() && text[at] != '"'; at++)
                at += text[at] == '\\';
            at++;
        } else if (text.substr(at).starts_with(";;")) {
            at = std::min(text.find('\n', at), text.size());
        } else if (text.substr(at).starts_with("(;")) {
            at = std::min(text.find(";)", at), text.size());
        } else {
            const size_t end = std::min(text.find_first_of(" \t\r\n();\"", at), text.size());
            const std::string_view word = text.substr(at, end - at);
            at = std::max(end, at + 1);
            if (word.empty() || word[0] == '$') continue;
            if (std::find(std::begin(kBeyondWords), std::end(kBeyondWords), word) != std::end(kBeyondWords))
                return std::string(word);
            const engine::Op op = engine::findOp(word);
            if (op == engine::Op::Count) continue;
            const engine::Feature feature = engine::row(op).feature;
            const bool isNewException = op == engine::Op::TryTable || op == engine::Op::ThrowRef;
            if (feature == engine::Feature::Gc || feature == engine::Feature::WideArithmetic ||
                isNewException)
                return std::string(word);
        }
    }
    return {};
}

}  // namespace

Error assemblyError(const std::string& messages, const std::string& text, const std::string& file) {
    // FILE:LINE:COLUMN: error: WHAT, then the line, then ^^^ below it; once for each error.
    std::string first = messages.substr(0, messages.find("\n" + file + ":"));
    size_t others = 0;
    for (size_t at = first.size(); (at = messages.find("\n" + file + ":", at)) != std::string::npos; at++)
        others++;
    while (first.ends_with('\n'))
        first.pop_back();
    std::string message = first;
    if (first.starts_with(file + ":")) {
        unsigned line = 0, column = 0;
        int length = 0;
        const std::string rest = first.substr(file.size() + 1);
        if (sscanf(rest.c_str(), "%u:%u: error: %n", &line, &column, &length) == 2 && length > 0)
            message = "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
                      rest.substr(static_cast<size_t>(length));
    }
    if (message.empty()) message = "wat2wasm refused the text without a message";
    if (others > 0)
        message += "\n(and " + std::to_string(others) + (others == 1 ? " more error)" : " more errors)");
    const std::string beyond = wordBeyond(text);
    if (beyond.empty()) return Error{ErrorCode::Malformed, message};
    return Error{
        ErrorCode::Unsupported,
        message + "\nThe text uses \"" + beyond +
            "\", which wat2wasm does not know. Assemble it with `wasm-tools parse TEXT -o PROGRAM.wasm`, or "
            "binaryen's `wasm-as --all-features TEXT -o PROGRAM.wasm`, and open the binary."};
}

Result<FileBytes> readProgram(const std::string& path, int mostSeconds) {
    FileBytes bytes = TRY(engine::readFile(path));
    if (!isText(path, *bytes)) return bytes;
    auto assembled = assemble(*bytes, mostSeconds);
    if (assembled) return assembled;
    Error error = assembled.error();
    error.where.file = path;
    return error;
}

}  // namespace debugger
