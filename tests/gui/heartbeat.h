// Heartbeat: how long the window was deaf at most. Time in which a busy machine ran something else does not count.
#pragma once

#include <QElapsedTimer>
#include <QFile>
#include <QTimer>

namespace testing_gui {

/// What this thread, ready to run, has waited for a processor.
inline qint64 waitedNs() {
    QFile file(QStringLiteral("/proc/thread-self/schedstat"));
    if (!file.open(QIODevice::ReadOnly)) return 0;
    const QList<QByteArray> numbers = file.readAll().split(' ');
    return numbers.size() > 1 ? numbers[1].toLongLong() : 0;
}

/// Memory of this process that is in use.
inline double residentMiB() {
    QFile file(QStringLiteral("/proc/self/statm"));
    if (!file.open(QIODevice::ReadOnly)) return 0;
    return file.readAll().split(' ').value(1).toDouble() * 4096 / (1 << 20);
}

class Heartbeat {
public:
    Heartbeat() {
        m_timer.setTimerType(Qt::PreciseTimer);
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { beat(); });
        m_timer.start(2);
        reset();
    }
    void reset() {
        m_longest = m_longestOnTheClock = 0;
        m_sinceBeat.start();
        m_waitedNs = waitedNs();
    }
    qint64 longestMs() const { return m_longest / 1'000'000; }
    qint64 longestOnTheClockMs() const { return m_longestOnTheClock / 1'000'000; }

private:
    void beat() {
        const qint64 gap = m_sinceBeat.nsecsElapsed(), waited = waitedNs();
        m_longestOnTheClock = qMax(m_longestOnTheClock, gap);
        m_longest = qMax(m_longest, gap - (waited - m_waitedNs));
        m_sinceBeat.start();
        m_waitedNs = waited;
    }

    QTimer m_timer;
    QElapsedTimer m_sinceBeat;
    qint64 m_waitedNs = 0, m_longest = 0, m_longestOnTheClock = 0;
};

}  // namespace testing_gui
