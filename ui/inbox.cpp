#include "ui/inbox.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QEvent>
#include <QTimer>

namespace ui {

constexpr int kBudgetMs = 8;  // half a frame

void Inbox::post(std::function<void()> function) {
    bool wake = false;
    {
        const std::lock_guard lock(m_mutex);
        m_functions.push_back(std::move(function));
        wake = !std::exchange(m_woken, true);
    }
    if (wake) QCoreApplication::postEvent(this, new QEvent(QEvent::User));
}

void Inbox::customEvent(QEvent*) { drain(); }

void Inbox::drain() {
    QElapsedTimer timer;
    timer.start();
    while (true) {
        std::function<void()> next;
        {
            const std::lock_guard lock(m_mutex);
            if (m_functions.empty()) {
                m_woken = false;
                return;
            }
            next = std::move(m_functions.front());
            m_functions.pop_front();
        }
        next();
        if (timer.elapsed() >= kBudgetMs) break;
    }
    QTimer::singleShot(1, this, [this] { drain(); });  // input and painting come first
}

}  // namespace ui
