// frames CALLS SECONDS: how fluent the window stays with that many recorded calls, and while a program floods its console for that long. The
// real window on a real session; a frame is one turn of the event loop in which something was painted, less the time in which this
// thread, ready to run, waited for a processor.
#include <QApplication>
#include <QElapsedTimer>
#include <QLabel>
#include <QScrollBar>
#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <cstdio>
#include <thread>

#include "tests/gui/heartbeat.h"
#include "ui/main_window.h"
#include "ui/panel.h"
#include "ui/plain_text.h"
#include "ui/theme.h"
#include "ui/widgets/console_view.h"
#include "ui/widgets/filter_box.h"
#include "ui/widgets/views.h"

using namespace ui;
using debugger::SessionState;
using testing_gui::residentMiB;
using testing_gui::waitedNs;

namespace {

constexpr int kLimitMs = 120'000, kScrolls = 400, kQuietMs = 500;

class Frames final : public QObject {
public:
    explicit Frames(QWidget& painted) { painted.installEventFilter(this); }
    bool eventFilter(QObject*, QEvent* event) override {
        m_painted |= event->type() == QEvent::Paint;
        return false;
    }
    /// One turn of the event loop.
    void turn() {
        const qint64 waited = waitedNs();
        QElapsedTimer timer;
        timer.start();
        m_painted = false;
        QCoreApplication::processEvents(QEventLoop::AllEvents, 1);
        const qint64 took = timer.nsecsElapsed() - (waitedNs() - waited);
        if (m_painted) m_ms.push_back(static_cast<double>(took) / 1e6);
        if (!m_painted) std::this_thread::sleep_for(std::chrono::microseconds(500));
    }
    /// Turns until that holds. Milliseconds on the clock.
    template <class Condition>
    double until(Condition condition) {
        QElapsedTimer timer;
        for (timer.start(); !condition() && timer.elapsed() < kLimitMs;)
            turn();
        return static_cast<double>(timer.nsecsElapsed()) / 1e6;
    }
    void clear() { m_ms.clear(); }
    size_t painted() const { return m_ms.size(); }
    void print(const char* what, double totalMs) {
        std::sort(m_ms.begin(), m_ms.end());
        const auto at = [&](double share) {
            return m_ms.empty() ? 0 : m_ms[static_cast<size_t>(share * static_cast<double>(m_ms.size() - 1))];
        };
        std::printf("%-44s %9.1f ms, %5zu frames: p50 %6.2f, p99 %6.2f, max %6.2f ms\n", what, totalMs,
                    m_ms.size(), at(0.5), at(0.99), at(1));
        std::fflush(stdout);
        m_ms.clear();
    }

private:
    std::vector<double> m_ms;
    bool m_painted = false;
};

bool isLoaded(const TableView& view) {
    for (int y = 2; y < view.viewport()->height(); y += 16) {
        const int row = view.rowAt(y);
        if (row >= 0 && view.model()->index(row, 0).data().toString() == QStringLiteral("…")) return false;
    }
    return true;
}

void start(MainWindow& window, Context& context, const char* program, uint64_t maxLogBytes = 0) {
    debugger::LaunchOptions options;
    options.program = std::string(WASISCOPE_SOURCE_DIR "/tests/programs/") + program;
    options.capabilities.arguments = {program};
    options.capabilities.budgets.maxLogBytes = maxLogBytes;
    bool isOpen = false;
    window.launcher().open(options, [&] { isOpen = true; });
    if (!QTest::qWaitFor([&] { return isOpen; }, kLimitMs)) qFatal("the program was not loaded");
    context.perform(QStringLiteral("run"));
}

void end(MainWindow& window, Context& context, Frames& frames) {
    window.launcher().terminate();
    frames.until([&] { return context.state() == SessionState::Ready; });
}

void calls(MainWindow& window, Context& context, uint64_t wanted) {
    Panel& panel = *window.docks().panel(QStringLiteral("system-calls"));
    auto& view = *panel.findChild<TableView*>();
    auto& box = *panel.findChild<FilterBox*>();
    const auto& count = *panel.findChild<QLabel*>(QStringLiteral("call-count"));
    Frames frames(*view.viewport());
    window.docks().raise(QStringLiteral("console"));
    const double before = residentMiB();
    start(window, context, "calls.wasm", uint64_t{16} << 30);
    const double recording = frames.until([&] { return context.callCount() >= wanted; });
    context.perform(QStringLiteral("pause"));
    frames.until([&] { return context.isStopped(); });
    const auto made = static_cast<double>(context.callCount());
    std::printf("%.0f calls recorded in %.1f s; %.0f bytes of memory a call\n", made, recording / 1e3,
                (residentMiB() - before) * (1 << 20) / made);
    frames.clear();
    window.docks().raise(QStringLiteral("system-calls"));
    frames.print("open: the panel shows its newest rows", frames.until([&] {
        return frames.painted() > 0 && view.model()->rowCount() > 0 && isLoaded(view);
    }));

    QScrollBar& bar = *view.verticalScrollBar();
    const auto scroll = [&](const char* what, auto value) {
        double total = 0;
        for (int i = 0; i < kScrolls; ++i) {
            bar.setValue(value(i));
            QElapsedTimer timer;
            timer.start();
            frames.turn();
            total += static_cast<double>(timer.nsecsElapsed()) / 1e6;
        }
        total += frames.until([&] { return isLoaded(view); });
        frames.print(what, total);
    };
    scroll("scroll by the wheel, three rows a step", [&](int i) { return bar.maximum() / 2 + i * 60; });
    scroll("scroll by pages", [&](int i) { return bar.maximum() / 3 + i * bar.pageStep(); });
    scroll("drag the scroll bar through all", [&](int i) { return bar.maximum() / kScrolls * i; });

    for (const char* filter : {"fd_close", "errno = badf", "duration > 1s", "clock and not id = 0",
                               "fd_close and fd = 99 or nothing", ""}) {
        box.setFilter(QString::fromLatin1(filter));
        // The search is through when its count stays.
        QString shown = count.text();
        QElapsedTimer since, quiet;
        double all = 0;
        since.start();
        quiet.start();
        frames.until([&] {
            if (count.text() != shown || !isLoaded(view)) {
                shown = count.text();
                quiet.start();
                all = static_cast<double>(since.nsecsElapsed()) / 1e6;
            }
            return quiet.elapsed() > kQuietMs;
        });
        const std::string what = filter[0] ? "filter " + std::string(filter) : "no filter again";
        frames.print(what.c_str(), all);
        std::printf("%-44s %s\n", "", toUtf8(shown).c_str());
    }
    end(window, context, frames);
}

void flood(MainWindow& window, Context& context, double seconds) {
    Panel& panel = *window.docks().panel(QStringLiteral("console"));
    auto& view = *panel.findChild<ConsoleView*>();
    window.docks().raise(QStringLiteral("console"));
    Frames frames(*view.viewport());
    const double before = residentMiB();
    const uint64_t written = context.outputEnd();
    start(window, context, "torrent.wasm");
    QElapsedTimer timer;
    timer.start();
    const double all = frames.until([&] { return timer.elapsed() > seconds * 1e3; });
    frames.print("console: a line of 10^6 characters and a flood", all);
    const double total = static_cast<double>(context.outputEnd() - std::min(written, context.outputEnd()));
    std::printf("%.0f MB written, %.0f MB/s; %.0f MiB of memory more\n", total / 1e6, total / 1e3 / all,
                residentMiB() - before);
    const double stop = frames.until([&, asked = false]() mutable {
        if (!std::exchange(asked, true)) context.perform(QStringLiteral("pause"));
        return context.isStopped();
    });
    frames.print("pause in the flood", stop);
    end(window, context, frames);
}

}  // namespace

int main(int argc, char** argv) {
    QApplication app(argc, argv);
    QTemporaryDir folder;
    Theme theme;
    Settings settings(folder.path());
    Context context(debugger::createSession(), theme, settings);
    MainWindow window(context);
    window.resize(1400, 900);
    window.show();
    if (!QTest::qWaitForWindowExposed(&window)) qFatal("the window did not come");
    calls(window, context, argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000);
    flood(window, context, argc > 2 ? std::atof(argv[2]) : 5);
}
