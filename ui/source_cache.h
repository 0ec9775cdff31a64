// SourceCache: the source texts of the program, fetched once each and shared by all views. Owned by Context; emptied with the program.
#pragma once

#include <QHash>
#include <QObject>
#include <QPointer>
#include <functional>
#include <memory>
#include <vector>

#include "debugger/protocol.h"

namespace ui {

class Context;

class SourceCache final : public QObject {
    Q_OBJECT

public:
    struct File {
        debugger::SourceText source;
        std::optional<engine::Error> error;  // why there is no text
        std::vector<QString> lines;          // of the text, [0] is line 1
    };
    using Answer = std::function<void(const File&)>;

    explicit SourceCache(Context& context);
    /// Answers at once if the file is there already; not at all if `receiver` is gone by then.
    void get(const QString& path, QObject* receiver, const Answer& then);
    /// What is held of it; nullptr if it was not fetched.
    const File* held(const QString& path) const;
    void clear();

private:
    struct Waiting {
        QPointer<QObject> receiver;
        Answer then;
    };
    void arrived(const QString& path, std::shared_ptr<File> file);

    Context& m_context;
    QHash<QString, std::shared_ptr<File>> m_files;
    QHash<QString, std::vector<Waiting>> m_waiting;
    uint64_t m_epoch = 0;
};

/// Whether two names mean the same file, as far as names can tell: equal, or one is the end of the other.
bool samePath(const QString& a, const QString& b);

}  // namespace ui
