// Inbox: how other threads run functions on the window's thread, in order, without flooding it: however many are posted, the event
// loop is woken once, and after a few milliseconds of work it gets its turn. Owned by Context.
#pragma once

#include <QObject>
#include <deque>
#include <functional>
#include <mutex>

namespace ui {

class Inbox final : public QObject {
public:
    explicit Inbox(QObject* parent = nullptr) : QObject(parent) {}
    /// Any thread.
    void post(std::function<void()> function);

protected:
    void customEvent(QEvent* event) override;

private:
    void drain();

    std::mutex m_mutex;  // guards what follows; never held while a function runs
    std::deque<std::function<void()>> m_functions;
    bool m_woken = false;
};

}  // namespace ui
