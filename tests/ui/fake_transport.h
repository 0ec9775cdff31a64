// FakeTransport: a session that answers with canned data, for tests of panels: a small C program stopped in main. Requests can be looked
// at, single answers replaced, and events sent. All on the window's thread; answers come through the event loop, as real ones do.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <typeindex>
#include <vector>

#include "debugger/client.h"

namespace testing_ui {

class FakeTransport final : public debugger::Transport {
public:
    void send(debugger::Request request, debugger::ReplyBox reply) override;
    void onEvent(std::function<void(const debugger::Event&)> listener) override {
        m_listener = std::move(listener);
    }
    void interrupt() override { ++interrupts; }

    /// Replaces the answer to requests of one type.
    template <class R>
    void answer(std::function<engine::Result<typename R::Reply>(const R&)> function) {
        m_answers[typeid(R)] = [function](const debugger::Request& request) -> engine::Result<std::any> {
            auto result = function(std::get<R>(request));
            if (!result.ok()) return result.error();
            return std::any(result.value());
        };
    }
    void emitEvent(const debugger::Event& event) { m_listener(event); }

    // The usual course of a session.
    bool hasCompiler = true;
    void load();
    void stopAt(uint32_t line, debugger::StopReason reason = debugger::StopReason::Breakpoint);
    void run();
    void exit(int64_t code);

    /// Requests of one type so far.
    template <class R>
    std::vector<R> asked() const {
        std::vector<R> found;
        for (const debugger::Request& request : requests) {
            if (const R* r = std::get_if<R>(&request)) found.push_back(*r);
        }
        return found;
    }

    std::vector<debugger::Request> requests;
    int interrupts = 0;
    debugger::Generation generation = 0;
    uint32_t line = 0;
    bool holdReplies = false;  // keep answers back until release(): to test late ones
    void release();

private:
    engine::Result<std::any> answerTo(const debugger::Request& request);

    std::function<void(const debugger::Event&)> m_listener;
    std::map<std::type_index, std::function<engine::Result<std::any>(const debugger::Request&)>> m_answers;
    std::map<debugger::BreakpointId, debugger::BreakpointInfo> m_breakpoints;
    std::vector<std::function<void()>> m_held;
};

/// The canned source, as GetSource returns it.
extern const char* const kFakeSource;

}  // namespace testing_ui
