// What the prompt shows of a running program: its output line by line, and the texts of log points where they came between.

#include <algorithm>

#include "debugger/interpreter.h"

namespace debugger {

namespace {

constexpr uint64_t kPieceBytes = uint64_t{64}
                                 << 10;  // fetched at once; of an interrupted flood only so much is shown
constexpr size_t kLongestLine = size_t{64} << 10;  // what is longer is shown in pieces
constexpr size_t kLogsAfterInterrupt = 1000;

}  // namespace

/// Prints what the program wrote since the last time; with `all`, an unfinished line too. After an interrupt the rest waits for
/// `all`, and is only the end of it.
void CommandInterpreter::Impl::showOutput(bool all) {
    while (!finished && (all || !interrupted)) {
        // The texts of log points that came before this answer are noted when it is here.
        const auto slice = client.call(GetOutput{outputAt, kPieceBytes});
        std::vector<LogMessage> logs;
        {
            std::lock_guard lock(mutex);
            logs = noted.logs.take();
        }
        size_t nextLog = 0;
        const bool skipped = slice && skipOutput(*slice, logs);
        for (const OutputPiece& piece : slice && !skipped ? slice->pieces : std::vector<OutputPiece>()) {
            const uint64_t end = piece.position + piece.bytes.size();
            const size_t stream = piece.stream == 2 ? 1 : 0;
            size_t done = 0;
            while (nextLog < logs.size() && logs[nextLog].output < end) {
                const uint64_t cut = std::max(logs[nextLog].output, piece.position + done) - piece.position;
                showPiece(stream, std::string_view(piece.bytes).substr(done, cut - done));
                done = cut;
                showLog(logs[nextLog++]);
            }
            showPiece(stream, std::string_view(piece.bytes).substr(done));
            outputAt = end;
        }
        while (slice && !skipped && nextLog < logs.size() && logs[nextLog].output <= outputAt)
            showLog(logs[nextLog++]);
        const bool more = slice && (skipped || (!slice->pieces.empty() && outputAt < slice->end));
        // A log point may have come after this answer: then there is output before its text that is still to be fetched.
        if (slice && (more || nextLog < logs.size())) {
            printShown();
            std::lock_guard lock(mutex);
            logs.erase(logs.begin(), logs.begin() + static_cast<ptrdiff_t>(nextLog));
            noted.logs.putBack(std::move(logs));
            continue;
        }
        while (nextLog < logs.size())
            showLog(logs[nextLog++]);
        break;
    }
    for (size_t stream = 0; all && stream < 2; stream++) {
        if (!partial[stream].empty()) showOutputLine(stream, std::exchange(partial[stream], {}));
    }
    printShown();
}

/// Leaves out what is not kept any more and, after an interrupt, all but the end. True if `slice` is to be fetched again.
bool CommandInterpreter::Impl::skipOutput(const OutputSlice& slice, std::vector<LogMessage>& logs) {
    const bool isFlood = interrupted && slice.end > outputAt + kPieceBytes;
    const uint64_t from = isFlood ? slice.end - kPieceBytes : std::max(slice.begin, outputAt);
    if (interrupted) {
        const size_t tooMany = logs.size() > kLogsAfterInterrupt ? logs.size() - kLogsAfterInterrupt : 0;
        uint64_t lost = 0;
        size_t dropped = 0;
        while (dropped < logs.size() && (dropped < tooMany || (isFlood && logs[dropped].output < from)))
            lost += logs[dropped++].lost + 1;
        logs.erase(logs.begin(), logs.begin() + static_cast<ptrdiff_t>(dropped));
        if (lost > 0) showLostLogs(lost, "interrupted");
    }
    if (from == outputAt) return false;
    for (size_t stream = 0; stream < 2; stream++) {
        if (!partial[stream].empty()) showOutputLine(stream, std::exchange(partial[stream], {}));
    }
    showOutputLine(0, "[" + std::to_string(from - outputAt) + " bytes of output are not shown: " +
                          (isFlood ? "interrupted]" : "it came too fast]"));
    outputAt = from;
    return true;
}

void CommandInterpreter::Impl::showPiece(size_t stream, std::string_view bytes) {
    std::string& held = partial[stream];
    while (!bytes.empty()) {
        if (held.size() >= kLongestLine && bytes[0] != '\n') showOutputLine(stream, std::exchange(held, {}));
        const size_t taken = std::min({bytes.size(), bytes.find('\n'), kLongestLine - held.size()});
        held += bytes.substr(0, taken);
        bytes.remove_prefix(taken);
        if (!bytes.starts_with('\n')) continue;
        bytes.remove_prefix(1);
        showOutputLine(stream, std::exchange(held, {}));
    }
}

void CommandInterpreter::Impl::showOutputLine(size_t stream, const std::string& text) {
    shown += json ? dumpJson({{"event", "output"}, {"stream", stream + 1}, {"text", text}}) : text;
    shown += '\n';
}

void CommandInterpreter::Impl::showLog(const LogMessage& log) {
    if (log.lost > 0) showLostLogs(log.lost, "they came too fast");
    shown += json ? dumpJson({{"event", "log"}, {"breakpoint", log.breakpoint}, {"text", log.text}})
                  : printable(log.text);
    shown += '\n';
}

void CommandInterpreter::Impl::showLostLogs(uint64_t count, std::string_view why) {
    const std::string text =
        "[" + std::to_string(count) + " texts of log points are not shown: " + std::string(why) + "]";
    shown += json ? dumpJson({{"event", "lost-logs"}, {"count", count}, {"text", text}}) : text;
    shown += '\n';
}

/// In one go: a flush per line would make a flood many times slower.
void CommandInterpreter::Impl::printShown() {
    if (shown.empty()) return;
    shown.pop_back();
    print(shown);
    shown.clear();
}

}  // namespace debugger
