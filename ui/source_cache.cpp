#include "ui/source_cache.h"

#include "ui/context.h"
#include "ui/plain_text.h"

namespace ui {

SourceCache::SourceCache(Context& context) : m_context(context) {
    connect(&context, &Context::moduleLoaded, this, &SourceCache::clear);
    connect(&context, &Context::moduleUnloaded, this, &SourceCache::clear);
}

void SourceCache::clear() {
    m_files.clear();
    m_waiting.clear();
    ++m_epoch;
}

void SourceCache::get(const QString& path, QObject* receiver, const Answer& then) {
    if (const auto file = m_files.value(path)) return then(*file);
    std::vector<Waiting>& waiting = m_waiting[path];
    waiting.push_back({receiver, then});
    if (waiting.size() > 1) return;
    const uint64_t epoch = m_epoch;
    m_context.post<debugger::GetSource>(
        this, {toUtf8(path)},
        [=, this](const debugger::SourceText& source) {
            if (epoch != m_epoch) return;
            auto file = std::make_shared<File>(File{source, {}, {}});
            for (const QString& line : fromUtf8(source.text).split(u'\n'))
                file->lines.push_back(line);
            arrived(path, std::move(file));
        },
        [=, this](const engine::Error& error) {
            if (epoch == m_epoch) arrived(path, std::make_shared<File>(File{{}, error, {}}));
        });
}

void SourceCache::arrived(const QString& path, std::shared_ptr<File> file) {
    m_files.insert(path, file);
    for (const Waiting& waiting : m_waiting.take(path)) {
        if (waiting.receiver) waiting.then(*file);
    }
}

const SourceCache::File* SourceCache::held(const QString& path) const { return m_files.value(path).get(); }

bool samePath(const QString& a, const QString& b) {
    if (a == b) return true;
    const QString& longer = a.size() > b.size() ? a : b;
    const QString& shorter = a.size() > b.size() ? b : a;
    return !shorter.isEmpty() && longer.endsWith(shorter) &&
           longer[longer.size() - shorter.size() - 1] == u'/';
}

}  // namespace ui
