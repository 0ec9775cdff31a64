#include "ui/settings.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QSaveFile>
#include <QStandardPaths>

namespace ui {
namespace {

constexpr int kVersion = 1;
constexpr int kRecentFiles = 12;
constexpr qint64 kMaxBytes = 4 << 20;
constexpr auto kRecent = "recentFiles";
constexpr auto kMain = "settings.json";

}  // namespace

Settings::Settings(QString folder, QObject* parent)
    : QObject(parent),
      m_folder(folder.isEmpty() ? QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation)
                                : std::move(folder)) {
    m_values = load(m_folder + u'/' + kMain);
    m_saveSoon.setSingleShot(true);
    m_saveSoon.setInterval(500);
    connect(&m_saveSoon, &QTimer::timeout, this, &Settings::save);
}

Settings::~Settings() { save(); }

QJsonObject Settings::load(const QString& name) {
    QFile file(name);
    if (!file.exists()) return {};
    QString why;
    if (!file.open(QIODevice::ReadOnly)) {
        m_problem =
            QStringLiteral("%1 cannot be read (%2); the defaults are used.").arg(name, file.errorString());
        return {};
    }
    QJsonParseError error;
    const QJsonObject object = QJsonDocument::fromJson(file.read(kMaxBytes), &error).object();
    if (error.error != QJsonParseError::NoError)
        why = error.errorString();
    else if (object[QLatin1String("version")].toInt() > kVersion)
        why = QStringLiteral("written by a newer version");
    if (why.isEmpty()) return object;
    file.close();
    QFile::remove(name + QStringLiteral(".bak"));
    QFile::rename(name, name + QStringLiteral(".bak"));
    m_problem =
        QStringLiteral("%1 is not readable (%2); the defaults are used, the old file is kept as %1.bak.")
            .arg(name, why);
    return {};
}

bool Settings::store(const QString& name, const QJsonObject& object) {
    QDir().mkpath(QFileInfo(name).path());
    QSaveFile file(name);
    QJsonObject versioned = object;
    versioned[QLatin1String("version")] = kVersion;
    const QByteArray bytes = QJsonDocument(versioned).toJson();
    if (file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit()) return true;
    m_problem = QStringLiteral("%1 could not be saved: %2").arg(name, file.errorString());
    emit problemOccurred(m_problem);
    return false;
}

void Settings::set(const QString& key, const QJsonValue& value) {
    if (m_values.value(key) == value) return;
    m_values[key] = value;
    m_dirty = true;
    m_saveSoon.start();
}

bool Settings::save() {
    if (!m_dirty) return true;
    m_dirty = false;  // not tried again before the next change: the disk may stay full
    return store(m_folder + u'/' + kMain, m_values);
}

QString Settings::programFile(const QString& path) const {
    const QByteArray hash =
        QCryptographicHash::hash(QFileInfo(path).absoluteFilePath().toUtf8(), QCryptographicHash::Sha256);
    return m_folder + QStringLiteral("/programs/") + QString::fromLatin1(hash.toHex().left(24)) +
           QStringLiteral(".json");
}

QJsonObject Settings::program(const QString& path) const {
    return const_cast<Settings*>(this)->load(programFile(path));
}

void Settings::setProgram(const QString& path, const QJsonObject& memory) {
    QJsonObject named = memory;
    named[QLatin1String("path")] = QFileInfo(path).absoluteFilePath();
    store(programFile(path), named);
}

QStringList Settings::recentFiles() const {
    QStringList files;
    for (const QJsonValue file : m_values.value(kRecent).toArray()) {
        if (QFileInfo::exists(file.toString())) files << file.toString();
    }
    return files;
}

void Settings::addRecentFile(const QString& path) {
    QStringList files = recentFiles();
    const QString absolute = QFileInfo(path).absoluteFilePath();
    files.removeAll(absolute);
    files.prepend(absolute);
    set(kRecent, QJsonArray::fromStringList(files.mid(0, kRecentFiles)));
    emit recentFilesChanged();
}

void Settings::clearRecentFiles() {
    set(kRecent, QJsonArray());
    emit recentFilesChanged();
}

}  // namespace ui
