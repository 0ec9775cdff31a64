// Scene: plays a fixed little session in the window (to the breakpoint, a few steps), takes a picture of it, and ends the program.
// What `--screenshot` does; the pictures in README are made with it. Owned by main.
#pragma once

#include <QObject>
#include <QTimer>

namespace ui {
class Context;
class MainWindow;
}  // namespace ui

namespace wasiscope {

class Scene final : public QObject {
    Q_OBJECT

public:
    Scene(ui::Context& context, ui::MainWindow& window, QString file);
    /// The program's exit status: 0, or 2 if there was no picture in time.
    int status() const { return m_status; }

private:
    void onStopped();
    void takePicture();
    void finish(int status);

    ui::Context& m_context;
    ui::MainWindow& m_window;
    QString m_file;
    int m_steps = 0, m_status = 2;
    QTimer m_settled, m_limit;
};

}  // namespace wasiscope
