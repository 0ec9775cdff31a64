// wasiscope: the window.

#include <CLI/CLI.hpp>
#include <QApplication>
#include <QIcon>
#include <QTemporaryDir>
#include <clocale>
#include <csignal>
#include <iostream>
#include <optional>

#include "app/launch/options.h"
#include "app/launch/standard_streams.h"
#include "app/wasiscope/scene.h"
#include "ui/context.h"
#include "ui/main_window.h"

namespace {

constexpr int kOurError = 2;

struct WindowOptions {
    bool demo = false;
    std::string screenshot, theme, layout, geometry;
};

int fail(const std::string& message) {
    std::cerr << "wasiscope: " << message << "\n";
    return kOurError;
}

void addWindowOptions(CLI::App& app, WindowOptions& options) {
    app.add_flag("--demo", options.demo, "Open the bundled word counter, stopped in its main");
    app.add_option("--screenshot", options.screenshot,
                   "Play the demo (or stop in PROGRAM's main), save a picture of the window, and end")
        ->type_name("FILE");
    app.add_option("--theme", options.theme, "light or dark (default: as the desktop)")
        ->check(CLI::IsMember({"light", "dark"}));
    app.add_option("--layout", options.layout, "Arrangement of the panels")
        ->check(CLI::IsMember({"default", "teaching", "tracing"}));
    app.add_option("--geometry", options.geometry, "Size of the window, e.g. 1280x800")->type_name("WxH");
}

std::optional<QSize> parseGeometry(const std::string& text) {
    const QStringList parts = QString::fromStdString(text).split(u'x');
    if (parts.size() != 2) return std::nullopt;
    const QSize size(parts[0].toInt(), parts[1].toInt());
    const bool sensible =
        size.width() >= 320 && size.height() >= 240 && size.width() <= 16384 && size.height() <= 16384;
    return sensible ? std::optional(size) : std::nullopt;
}

bool hasDisplay() {
    for (const char* variable : {"QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"}) {
        if (!qEnvironmentVariableIsEmpty(variable)) return true;
    }
    return false;
}

int show(const WindowOptions& options, const std::optional<debugger::LaunchOptions>& launch,
         const std::optional<QSize>& size) {
    QApplication::setWindowIcon(QIcon(QStringLiteral(":/icons/wasiscope.svg")));
    // A picture does not depend on what the user did before, and leaves no trace of it.
    std::optional<QTemporaryDir> scratch;
    if (!options.screenshot.empty()) scratch.emplace();
    ui::Settings settings(scratch ? scratch->path() : QString());
    ui::Theme theme;
    ui::Context context(debugger::createSession(), theme, settings);
    ui::MainWindow window(context);
    if (size) window.resize(*size);
    if (!options.theme.empty())
        theme.setMode(options.theme == "dark" ? ui::Theme::Mode::Dark : ui::Theme::Mode::Light);
    window.show();
    for (const ui::LayoutRow& row : ui::layouts()) {
        if (options.layout == row.name) window.docks().apply(row.id);
    }

    std::optional<wasiscope::Scene> scene;
    if (scratch) scene.emplace(context, window, QString::fromStdString(options.screenshot));
    if (launch)
        window.launcher().open(*launch);
    else if (options.demo || scene)
        window.openDemo();
    if (launch && scene)
        QObject::connect(&window.launcher(), &ui::Launcher::opened, &window,
                         [&] { window.launcher().goToEntry(); });
    const int status = QApplication::exec();
    return scene ? scene->status() : status;
}

}  // namespace

int main(int argc, char** argv) {
    launch::takeStandardStreams();
    launch::allowManyFiles();
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Wasiscope: debugs and inspects WASI programs in a window.", "wasiscope");
    app.set_version_flag("--version", "wasiscope " WASISCOPE_VERSION);
    WindowOptions options;
    launch::TypedOptions typed;
    addWindowOptions(app, options);
    launch::addLaunchOptions(app, typed);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
        return fail(std::string(error.what()) + "; wasiscope --help explains");
    }
    std::optional<debugger::LaunchOptions> program;
    if (!app.remaining().empty()) {
        const auto named = launch::programOf(app);
        if (!named) return fail(named.error().message);
        const auto checked = launch::launchOptions(typed, *named, true);
        if (!checked) return fail(checked.error().text());
        program = *checked;
    }
    std::optional<QSize> size;
    if (!options.geometry.empty() && !(size = parseGeometry(options.geometry)))
        return fail("--geometry takes a size such as 1280x800, not \"" + options.geometry + "\"");
    if (!hasDisplay()) {
        if (options.screenshot.empty())
            return fail("there is no display; use wscope debug, or --screenshot FILE for a picture");
        qputenv("QT_QPA_PLATFORM", "offscreen");
    }
    int one = 1;  // the arguments are ours, none is Qt's
    QApplication application(one, argv);
    // Qt has set the user's; numbers of programs are read and shown as they are written.
    std::setlocale(LC_NUMERIC, "C");
    QApplication::setApplicationName(QStringLiteral("wasiscope"));
    QApplication::setApplicationDisplayName(QStringLiteral("Wasiscope"));
    QApplication::setApplicationVersion(QStringLiteral(WASISCOPE_VERSION));
    QGuiApplication::setDesktopFileName(QStringLiteral("io.github.wasiscope.Wasiscope"));
    return show(options, program, size);
}
