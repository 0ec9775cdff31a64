#include "app/wasiscope/scene.h"

#include <QCoreApplication>
#include <QFileInfo>
#include <iostream>

#include "ui/main_window.h"

namespace wasiscope {
namespace {

constexpr int kSteps = 3;  // from the breakpoint to where its file's name has just become the title
constexpr int kStepMs = 250;
constexpr int kSettleMs = 900;  // long enough for every panel to have its answers
constexpr int kLimitMs = 120'000;

}  // namespace

Scene::Scene(ui::Context& context, ui::MainWindow& window, QString file)
    : m_context(context), m_window(window), m_file(std::move(file)) {
    m_settled.setSingleShot(true);
    m_limit.setSingleShot(true);
    connect(&context, &ui::Context::stopped, this, &Scene::onStopped);
    connect(&context, &ui::Context::exited, this, [this] { m_settled.start(kSettleMs); });
    connect(&window.launcher(), &ui::Launcher::failed, this, [this] { m_settled.start(kSettleMs); });
    // What cannot start, and what waits for somebody to type, will not stop.
    connect(&context, &ui::Context::noticed, this, [this](const ui::Notice& notice) {
        if (notice.kind == ui::Notice::Kind::Error) m_settled.start(kSettleMs);
    });
    connect(&context, &ui::Context::stateChanged, this, [this] {
        if (m_context.waitsForInput()) m_settled.start(kSettleMs);
    });
    connect(&m_settled, &QTimer::timeout, this, &Scene::takePicture);
    connect(&m_limit, &QTimer::timeout, this, [this] {
        std::cerr << "wasiscope: no picture: the program did not stop within two minutes\n";
        finish(2);
    });
    m_limit.start(kLimitMs);
}

void Scene::onStopped() {
    if (m_context.stop().reason == debugger::StopReason::Trap || m_steps++ >= kSteps) {
        m_settled.start(kSettleMs);
        return;
    }
    // As a person would: after having seen the values.
    QTimer::singleShot(kStepMs, this, [this] { m_context.perform(QStringLiteral("step-over")); });
}

void Scene::takePicture() {
    const bool saved = m_window.grab().save(m_file);
    if (saved)
        std::cout << QFileInfo(m_file).absoluteFilePath().toStdString() << std::endl;
    else
        std::cerr << "wasiscope: " << m_file.toStdString()
                  << " could not be written; is the folder there, and the ending .png?\n";
    finish(saved ? 0 : 2);
}

void Scene::finish(int status) {
    m_status = status;
    m_limit.stop();
    QCoreApplication::exit(status);
}

}  // namespace wasiscope
