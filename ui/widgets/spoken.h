// Spoken: what a widget that paints itself tells a screen reader: the line under its cursor.
#pragma once

#include <QString>

class QWidget;

namespace ui {

class Spoken {
public:
    virtual ~Spoken() = default;
    /// "0x00010f20: 48, H, changed".
    virtual QString spoken() const = 0;
};

/// Once per program; every widget that is a Spoken is then known to the accessibility bridge.
void installSpoken();
/// The line under the cursor is another one now.
void announceSpoken(QWidget* widget);

}  // namespace ui
