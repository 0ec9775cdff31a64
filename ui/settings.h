// Settings: what the window remembers, as JSON files in one folder of the user's configuration. Owned by main, borrowed by all.
// A file that cannot be read is kept as *.bak and replaced by defaults; saving is atomic, so a full disk loses nothing.
#pragma once

#include <QJsonObject>
#include <QObject>
#include <QString>
#include <QTimer>

namespace ui {

class Settings final : public QObject {
    Q_OBJECT

public:
    /// `folder`: empty = the user's own (QStandardPaths::AppConfigLocation).
    explicit Settings(QString folder = {}, QObject* parent = nullptr);
    ~Settings() override;

    QJsonValue value(const QString& key) const { return m_values.value(key); }
    /// Saved shortly after, and on destruction.
    void set(const QString& key, const QJsonValue& value);

    /// What is remembered of one program: breakpoints, watches, open files, launch settings. Empty if nothing is.
    QJsonObject program(const QString& path) const;
    void setProgram(const QString& path, const QJsonObject& memory);

    /// Most recent first, existing files only.
    QStringList recentFiles() const;
    void addRecentFile(const QString& path);
    void clearRecentFiles();

    bool save();
    QString folder() const { return m_folder; }
    /// Why the settings could not be read or saved, for people; empty if all is well.
    QString problem() const { return m_problem; }

signals:
    void recentFilesChanged();
    void problemOccurred(const QString& text);

private:
    QJsonObject load(const QString& file);
    bool store(const QString& file, const QJsonObject& object);
    QString programFile(const QString& path) const;

    QString m_folder, m_problem;
    QJsonObject m_values;
    QTimer m_saveSoon;
    bool m_dirty = false;
};

}  // namespace ui
