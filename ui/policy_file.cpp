#include "ui/policy_file.h"

#include <QSaveFile>

#include "ui/plain_text.h"
#include "ui/widgets/ask_for.h"
#include "wasi/capabilities_json.h"

namespace ui {
namespace {

QString filter() { return QObject::tr("Policies (*.json);;All files (*)"); }

engine::Result<> write(const QString& path, const wasi::Capabilities& policy) {
    const auto text = QByteArray::fromStdString(wasi::toJson(policy));
    QSaveFile file(path);
    if (file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit()) return {};
    return engine::Error{engine::ErrorCode::Io,
                         toUtf8(path + QObject::tr(": cannot be written: ") + file.errorString())};
}

}  // namespace

void savePolicy(QWidget* asker, wasi::Capabilities policy, PolicyDone done) {
    pickNewFile(asker, QObject::tr("Save Policy"), filter(), QStringLiteral("json"),
                [policy = std::move(policy), done = std::move(done)](const QString& path) {
                    done(write(path, policy));
                });
}

void loadPolicy(QWidget* asker, std::function<void(const engine::Result<wasi::Capabilities>&)> loaded) {
    pickFile(asker, QObject::tr("Load Policy"), filter(), [loaded = std::move(loaded)](const QString& path) {
        loaded(wasi::loadCapabilities(toUtf8(path)));
    });
}

}  // namespace ui
