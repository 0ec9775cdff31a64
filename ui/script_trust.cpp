#include "ui/script_trust.h"

#include <QObject>
#include <filesystem>

#include "engine/base/printable.h"
#include "ui/context.h"
#include "ui/plain_text.h"
#include "wasi/script/trust.h"

namespace ui {

namespace {

void trust(Context& context, const std::string& folder, const std::function<void()>& retry) {
    auto list = wasi::TrustedFolders::ofUser();
    if (!list.ok()) return context.reportError(list.error());
    // What was shown is what is trusted: a link that has taken its place since leads elsewhere.
    std::error_code error;
    if (std::filesystem::canonical(folder, error) != folder || error)
        return context.reportError(engine::Error{
            engine::ErrorCode::Denied,
            engine::printable(folder) + ": the folder is another one by now; look at it again"});
    auto done = list.value().add(folder);
    if (done.ok()) done = list.value().save();
    if (!done.ok()) return context.reportError(done.error());
    retry();
}

}  // namespace

bool offerTrust(Context& context, const std::vector<std::string>& scripts,
                const std::vector<std::string>& trusted, std::function<void()> retry) {
    auto list = wasi::TrustedFolders::ofUser();
    if (!list.ok()) return false;
    for (const std::string& folder : trusted)
        (void)list.value().add(folder);
    for (const std::string& script : scripts) {
        const auto folder = list.value().untrustedFolderOf(script);
        if (!folder) continue;
        Notice notice{
            Notice::Kind::Warning,
            QObject::tr("This mock is a script"),
            QObject::tr("%1 wants to answer calls of the program. Scripts run only in folders that you "
                        "trust: look at it first.")
                .arg(oneLine(script)),
            {}};
        notice.choices.push_back(
            {QObject::tr("Trust This Folder"),
             [&context, folder = *folder, retry = std::move(retry)] { trust(context, folder, retry); }});
        notice.detail = QObject::tr("Scripts in and below %1 may then run").arg(oneLine(*folder));
        if (const auto others = wasi::whoElseWrites(*folder))
            notice.text +=
                QObject::tr(" Beware: %1; who does, decides what its scripts do.").arg(oneLine(*others));
        context.notify(notice);
        return true;
    }
    return false;
}

}  // namespace ui
