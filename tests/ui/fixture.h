// What every panel test starts from: a context on a FakeTransport, theme and settings of its own.
#pragma once

#include <gtest/gtest.h>

#include <QApplication>
#include <QTemporaryDir>
#include <QTest>

#include "tests/ui/fake_transport.h"
#include "ui/context.h"

inline void PrintTo(const QString& text, std::ostream* out) { *out << '"' << text.toStdString() << '"'; }

namespace testing_ui {

class PanelTest : public testing::Test {
protected:
    PanelTest()
        : m_settings(m_folder.path()),
          m_fake(new FakeTransport),
          m_context(std::unique_ptr<debugger::Transport>(m_fake), m_theme, m_settings) {}

    /// Lets queued answers and events arrive. Counts turns of the event loop, not only time: on a busy machine few fit into it.
    static void settle() {
        for (int turn = 0; turn < 12; ++turn) {
            QCoreApplication::processEvents();
            QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
            QTest::qSleep(4);
        }
    }

    QTemporaryDir m_folder;
    ui::Theme m_theme;
    ui::Settings m_settings;
    FakeTransport* m_fake;
    ui::Context m_context;
};

}  // namespace testing_ui
