// SessionTest: a session driven through Client, as a front end would, with its events noted in order.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "debugger/client.h"

namespace debugger_test {

using namespace debugger;
using std::chrono::milliseconds;

inline std::string example(const std::string& name) {
    return std::string(WASISCOPE_SOURCE_DIR) + "/resources/examples/" + name + "/" + name + ".wasm";
}
inline std::string program(const std::string& name) {
    return std::string(WASISCOPE_SOURCE_DIR) + "/tests/programs/" + name + ".wasm";
}
/// A file of the conformance suites, or "" where they are absent.
inline std::string suiteFile(const std::string& name) {
    const char* given = std::getenv("WASISCOPE_SUITES");
    const std::string folder = given ? given : std::string(WASISCOPE_SOURCE_DIR) + "/../shared/suites";
    const std::string path = folder + "/" + name;
    return std::filesystem::exists(path) ? path : "";
}

/// How a run ended for now.
struct Outcome {
    std::optional<StopInfo> stop;
    std::optional<Exited> exit;
    StopReason reason() const { return stop ? stop->reason : exit ? StopReason::Exited : StopReason::None; }
    uint32_t line() const { return stop ? stop->location.line : 0; }
    std::string function() const { return stop ? stop->location.functionName : ""; }
};

class SessionTest : public testing::Test {
protected:
    SessionTest()
        : m_client(
              std::make_unique<Client>(createSession(), [](const std::function<void()>& work) { work(); })) {
        m_client->onEvent([this](const Event& event) {
            std::lock_guard lock(m_mutex);
            m_events.push_back(event);
            if (const auto* changed = std::get_if<StateChanged>(&event)) m_state = *changed;
            if (m_listener) m_listener(event);
            m_changed.notify_all();
        });
    }

    Client& client() { return *m_client; }
    /// Another listener, on the session's thread.
    void onEachEvent(std::function<void(const Event&)> listener) {
        std::lock_guard lock(m_mutex);
        m_listener = std::move(listener);
    }
    /// Destroys the session, and tells how long that took.
    milliseconds destroy() {
        const auto begin = std::chrono::steady_clock::now();
        m_client.reset();
        return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    }

    LaunchOptions options(const std::string& path, std::vector<std::string> arguments = {}) {
        LaunchOptions options;
        options.program = path;
        options.capabilities.arguments = {std::filesystem::path(path).filename().string()};
        for (std::string& argument : arguments)
            options.capabilities.arguments.push_back(std::move(argument));
        options.capabilities.standardInput.kind = options.capabilities.standardOutput.kind =
            options.capabilities.standardError.kind = wasi::StdioKind::Session;
        return options;
    }
    void load(LaunchOptions launch) {
        const auto loaded = client().call(Load{std::move(launch)});
        ASSERT_TRUE(loaded.ok()) << loaded.error().text();
    }
    void load(const std::string& path, std::vector<std::string> arguments = {}) {
        load(options(path, std::move(arguments)));
    }

    /// Asks for something that runs the program, and waits for the stop or the end.
    template <class R>
    Outcome run(R request, milliseconds limit = milliseconds(20'000)) {
        forgetEvents();
        const auto reply = client().call(std::move(request));
        EXPECT_TRUE(reply.ok()) << reply.error().text();
        if (!reply.ok()) return {};
        return waitForStop(limit);
    }
    Outcome startInMain() {
        Start request;
        request.stopAtEntry = true;
        return run(request);
    }
    Outcome waitForStop(milliseconds limit = milliseconds(20'000)) {
        std::unique_lock lock(m_mutex);
        Outcome outcome;
        m_changed.wait_for(lock, limit, [&] {
            for (const Event& event : m_events) {
                if (const auto* stopped = std::get_if<Stopped>(&event)) outcome.stop = stopped->stop;
                if (const auto* exited = std::get_if<Exited>(&event)) outcome.exit = *exited;
            }
            return outcome.stop || outcome.exit;
        });
        return outcome;
    }
    /// True if the state was reached in time.
    bool waitForState(SessionState state, milliseconds limit = milliseconds(5'000)) {
        std::unique_lock lock(m_mutex);
        return m_changed.wait_for(lock, limit, [&] { return m_state.state == state; });
    }
    std::string stateDetail() {
        std::lock_guard lock(m_mutex);
        return m_state.detail;
    }
    void forgetEvents() {
        std::lock_guard lock(m_mutex);
        m_events.clear();
    }
    template <class E>
    std::vector<E> eventsOf() {
        std::lock_guard lock(m_mutex);
        std::vector<E> found;
        for (const Event& event : m_events) {
            if (const auto* e = std::get_if<E>(&event)) found.push_back(*e);
        }
        return found;
    }

    BreakpointInfo breakAt(const std::string& file, uint32_t line, const std::string& condition = {}) {
        BreakpointSpec spec;
        spec.file = file;
        spec.line = line;
        spec.condition = condition;
        return add(spec);
    }
    BreakpointInfo breakIn(const std::string& function) {
        BreakpointSpec spec;
        spec.kind = BreakpointSpec::Kind::Function;
        spec.function = function;
        return add(spec);
    }
    BreakpointInfo add(const BreakpointSpec& spec) {
        const auto info = client().call(AddBreakpoint{spec});
        EXPECT_TRUE(info.ok()) << info.error().text();
        return info.ok() ? *info : BreakpointInfo{};
    }
    /// Value of an expression in a frame, or the error in brackets.
    std::string value(const std::string& expression, uint32_t frame = 0) {
        const auto node = client().call(Evaluate{frame, expression});
        return node.ok() ? node->value : "<" + node.error().message + ">";
    }
    std::vector<std::string> stack() {
        std::vector<std::string> names;
        const auto frames = client().call(GetFrames{});
        if (frames.ok()) {
            for (const StackFrame& frame : *frames)
                names.push_back(frame.location.functionName);
        }
        return names;
    }
    std::string output(uint64_t maxBytes = 1 << 20) {
        std::string text;
        const auto slice = client().call(GetOutput{0, maxBytes});
        if (slice.ok()) {
            for (const OutputPiece& piece : slice->pieces)
                text += piece.bytes;
        }
        return text;
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::vector<Event> m_events;
    StateChanged m_state;
    std::function<void(const Event&)> m_listener;
    std::unique_ptr<Client> m_client;  // last: its thread writes into the others
};

}  // namespace debugger_test
