// Client: a front end's end of a Transport: typed requests, replies by callback, events. Front ends talk to a Session only through it.
#pragma once

#include <any>
#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "debugger/protocol.h"

namespace debugger {

/// A reply that holds any Reply type, or an error. (A socket transport will encode it by the request's index.)
using ReplyBox = std::function<void(engine::Result<std::any>)>;

/// Carries requests to a session and events back. In process today (Session::create); over a socket to a confined child later.
class Transport {
public:
    virtual ~Transport() = default;
    /// Any thread. `reply` is called once, on the session's side of the transport; never with a lock held.
    virtual void send(Request request, ReplyBox reply) = 0;
    /// Events, on the session's side; set once before the first request.
    virtual void onEvent(std::function<void(const Event&)> listener) = 0;
    /// Breaks off long work and running guests so that the session answers soon; any thread. (Pause does it too.)
    virtual void interrupt() = 0;
};

/// Runs a function on the front end's thread: Qt posts it to the main loop, the command line runs it at once.
using Executor = std::function<void(std::function<void()>)>;

class Client {
public:
    Client(std::unique_ptr<Transport> transport, Executor executor)
        : m_transport(std::move(transport)),
          m_executor(std::move(executor)),
          m_alive(std::make_shared<std::atomic<bool>>(true)) {}
    ~Client() { *m_alive = false; }

    /// Asks; `then` gets Result<R::Reply> on the front end's thread (not at all if the Client is gone by then).
    template <class R>
    void ask(R request, std::function<void(engine::Result<typename R::Reply>)> then = {}) {
        m_transport->send(Request(std::move(request)),
                          [=, executor = m_executor, alive = m_alive](engine::Result<std::any> answer) {
                              if (!then) return;
                              executor([=] {
                                  if (!*alive) return;
                                  if (!answer.ok()) return then(answer.error());
                                  then(std::any_cast<typename R::Reply>(answer.value()));
                              });
                          });
    }

    /// Asks and waits. For the command line and tests; never from a thread that the executor needs.
    template <class R>
    engine::Result<typename R::Reply> call(R request) {
        std::promise<engine::Result<typename R::Reply>> promise;
        auto future = promise.get_future();
        m_transport->send(Request(std::move(request)), [&promise](engine::Result<std::any> answer) {
            if (!answer.ok())
                promise.set_value(answer.error());
            else
                promise.set_value(std::any_cast<typename R::Reply>(answer.value()));
        });
        return future.get();
    }

    /// Events on the front end's thread.
    void onEvent(std::function<void(const Event&)> listener) {
        m_transport->onEvent([listener, executor = m_executor, alive = m_alive](const Event& event) {
            executor([=] {
                if (*alive) listener(event);
            });
        });
    }
    void interrupt() { m_transport->interrupt(); }

private:
    std::unique_ptr<Transport> m_transport;
    Executor m_executor;
    std::shared_ptr<std::atomic<bool>> m_alive;  // read where the executor runs things
};

/// A session in this process, with its own thread; destroying the transport ends it (a running guest too).
std::unique_ptr<Transport> createSession();

}  // namespace debugger
