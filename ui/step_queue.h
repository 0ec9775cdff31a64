// StepQueue: steps that are typed faster than the program makes them wait for their turn; none is lost, none is refused. Owned by the
// main window.
#pragma once

#include <QObject>
#include <deque>

#include "ui/context.h"

namespace ui {

class StepQueue final : public QObject {
public:
    explicit StepQueue(Context& context, QObject* parent = nullptr);

    /// Now, or when the step that is being made has ended. A program that runs for another reason takes no steps.
    void step(debugger::StepKind kind);
    /// When the program has stopped next: it is being started.
    void stepLater(debugger::StepKind kind) { m_waiting.push_back({Move::Step, kind}); }
    /// Goes on behind the steps that wait. False if none is being made: then it is for the caller to do.
    bool goOnBehind();
    /// What waits is given up: the user has asked for something else.
    void clear();

private:
    enum class Move : uint8_t { Step, Resume };
    struct Entry {
        Move move;
        debugger::StepKind kind;
    };
    void next();

    Context& m_context;
    std::deque<Entry> m_waiting;
    bool m_isStepping = false;  // asked for, and not yet arrived
};

}  // namespace ui
