// Launcher: opens a program in the session, starts, restarts and ends it, and remembers per program what the user has set. Owned by the
// main window.
#pragma once

#include <QObject>
#include <map>

#include "ui/context.h"

namespace ui {

class Launcher final : public QObject {
    Q_OBJECT

public:
    explicit Launcher(Context& context, QObject* parent = nullptr);
    ~Launcher() override;

    /// Loads a program with what is remembered of it. An error is shown, and the program before is gone. If another program is opened
    /// before this one is loaded, only the other one is.
    void open(const QString& path);
    /// The same with these options instead of the remembered ones. `then` comes after `opened`.
    void open(const debugger::LaunchOptions& options, std::function<void()> then = {});
    const debugger::LaunchOptions& options() const { return m_options; }
    /// Takes effect at the next start; source paths at once (the program is loaded anew if it does not run).
    void setOptions(const debugger::LaunchOptions& options);
    /// A further place to look for sources, and loads the program again.
    void mapSources(const QString& from, const QString& to);

    /// Starts or continues, as the state allows.
    void go();
    /// Starts, and stops before the first line of main: what a step means before the start.
    void goToEntry();
    /// A start was asked for, and the session has not said that it did.
    bool isStarting() const { return m_isStarting; }
    void restart();
    void terminate();

    /// Panels add what they remember here, and get it back through `remembered`.
    void saveMemory();
    const QJsonObject& memory() const { return m_memory; }

signals:
    void opening(const QString& path);
    /// The program is loaded, its breakpoints are set.
    void opened(const QString& path);
    void failed(const QString& path, const QString& why);
    /// Before the memory is written: what else is to be kept goes into `memory`.
    void remembering(QJsonObject& memory);

private:
    void load(std::function<void()> then);
    void start(bool stopAtEntry);
    void begin(bool stopAtEntry);
    void forgetBreakpoints();
    void restoreBreakpoints();
    std::vector<wasi::MockRule> rememberedMocks();
    void switchOffFailing(const std::vector<wasi::MockRule*>& rules);
    void tellSwitchedOff();
    void switchOnAgain();
    QString fingerprint() const;

    Context& m_context;
    debugger::LaunchOptions m_options;
    QJsonObject m_told;  // the options with which the session has loaded the program
    QJsonObject m_memory;
    std::vector<wasi::MockRule> m_off;  // remembered mocks that are off as their scripts cannot be loaded
    std::map<std::string, engine::Error> m_why;  // of each of these scripts
    bool m_isStarting = false;
    uint64_t m_opens = 0;  // what was asked for before the last one is overtaken
};

}  // namespace ui
