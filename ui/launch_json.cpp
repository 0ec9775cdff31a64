#include "ui/launch_json.h"

#include <QJsonDocument>

#include "ui/plain_text.h"
#include "wasi/capabilities_json.h"

namespace ui {
namespace {

constexpr const char* kBreakpointKinds[] = {"line",      "function", "offset", "call",
                                            "exception", "watch",    "denied"};
constexpr const char* kWatchAccess[] = {"change", "write", "read", "access"};

using Pairs = std::vector<std::pair<std::string, std::string>>;

template <size_t N>
size_t indexOf(const char* const (&names)[N], const QString& name) {
    for (size_t i = 0; i < N; ++i) {
        if (name == QLatin1String(names[i])) return i;
    }
    return 0;
}

QJsonArray toArray(const std::vector<std::string>& texts) {
    QJsonArray array;
    for (const std::string& text : texts)
        array.append(fromUtf8(text));
    return array;
}

QJsonArray toArray(const Pairs& pairs) {
    QJsonArray array;
    for (const auto& [first, second] : pairs)
        array.append(QJsonArray{fromUtf8(first), fromUtf8(second)});
    return array;
}

void readTexts(const QJsonValue& value, std::vector<std::string>& texts) {
    if (!value.isArray()) return;
    texts.clear();
    for (const QJsonValue text : value.toArray())
        texts.push_back(toUtf8(text.toString()));
}

void readPairs(const QJsonValue& value, Pairs& pairs) {
    if (!value.isArray()) return;
    pairs.clear();
    for (const QJsonValue pair : value.toArray())
        pairs.emplace_back(toUtf8(pair[0].toString()), toUtf8(pair[1].toString()));
}

/// What was granted, as the window wrote it until it knew all capabilities. A kind of folder that is not known is read-only.
void readOlderGrants(const QJsonObject& json, wasi::Capabilities& granted) {
    constexpr std::pair<const char*, wasi::MountKind> kKinds[] = {{"read-write", wasi::MountKind::Real},
                                                                  {"overlay", wasi::MountKind::Overlay},
                                                                  {"in-memory", wasi::MountKind::InMemory}};
    readTexts(json["arguments"], granted.arguments);
    readPairs(json["environment"], granted.environment);
    if (!json["directories"].isArray()) return;
    granted.preopens.clear();
    for (const QJsonValue folder : json["directories"].toArray()) {
        wasi::Preopen& preopen = granted.preopens.emplace_back();
        preopen.hostPath = toUtf8(folder["host"].toString());
        preopen.guestPath = toUtf8(folder["guest"].toString());
        preopen.kind = wasi::MountKind::ReadOnly;
        for (const auto& [name, kind] : kKinds)
            if (folder["kind"].toString() == QLatin1String(name)) preopen.kind = kind;
    }
}

}  // namespace

QJsonObject toJson(const debugger::LaunchOptions& options) {
    const auto granted = QByteArray::fromStdString(wasi::toJson(options.capabilities));
    return {{"capabilities", QJsonDocument::fromJson(granted).object()},
            {"stopAtEntry", options.stopAtEntry},
            {"pathMap", toArray(options.pathMap)},
            {"sourceRoots", toArray(options.sourceRoots)}};
}

void fromJson(const QJsonObject& json, debugger::LaunchOptions& options) {
    const QByteArray granted = QJsonDocument(json["capabilities"].toObject()).toJson();
    if (!json.contains("capabilities"))
        readOlderGrants(json, options.capabilities);
    else if (auto read = wasi::capabilitiesFromJson(granted.toStdString(), options.capabilities))
        options.capabilities = std::move(*read);
    options.stopAtEntry = json["stopAtEntry"].toBool(options.stopAtEntry);
    readPairs(json["pathMap"], options.pathMap);
    readTexts(json["sourceRoots"], options.sourceRoots);
}

QJsonObject toJson(const debugger::BreakpointSpec& spec) {
    return {{"kind", kBreakpointKinds[static_cast<size_t>(spec.kind)]},
            {"file", fromUtf8(spec.file)},
            {"line", static_cast<qint64>(spec.line)},
            {"function", fromUtf8(spec.function)},
            {"offset", static_cast<qint64>(spec.offset)},
            {"uncaught", spec.uncaughtOnly},
            {"expression", fromUtf8(spec.expression)},
            {"memory", static_cast<qint64>(spec.memory)},
            {"address", QString::number(spec.address)},
            {"length", QString::number(spec.length)},
            {"access", kWatchAccess[static_cast<size_t>(spec.access)]},
            {"condition", fromUtf8(spec.condition)},
            {"ignore", static_cast<qint64>(spec.ignoreCount)},
            {"log", fromUtf8(spec.logText)},
            {"enabled", spec.enabled}};
}

debugger::BreakpointSpec breakpointFromJson(const QJsonObject& json) {
    debugger::BreakpointSpec spec;
    spec.kind =
        static_cast<debugger::BreakpointSpec::Kind>(indexOf(kBreakpointKinds, json["kind"].toString()));
    spec.file = toUtf8(json["file"].toString());
    spec.line = static_cast<uint32_t>(json["line"].toInteger());
    spec.function = toUtf8(json["function"].toString());
    spec.offset = static_cast<uint32_t>(json["offset"].toInteger());
    spec.uncaughtOnly = json["uncaught"].toBool(false);
    spec.expression = toUtf8(json["expression"].toString());
    spec.memory = static_cast<uint32_t>(json["memory"].toInteger());
    spec.address = json["address"].toString().toULongLong();
    spec.length = json["length"].toString().toULongLong();
    spec.access = static_cast<debugger::WatchAccess>(indexOf(kWatchAccess, json["access"].toString()));
    spec.condition = toUtf8(json["condition"].toString());
    spec.ignoreCount = static_cast<uint64_t>(qMax<qint64>(0, json["ignore"].toInteger()));
    spec.logText = toUtf8(json["log"].toString());
    spec.enabled = json["enabled"].toBool(true);
    return spec;
}

}  // namespace ui
