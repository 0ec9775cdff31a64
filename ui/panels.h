// The table of panels and of layouts: a panel is one row, and so is a layout a column of it.
#pragma once

#include <QString>
#include <functional>
#include <span>

namespace ui {

class Context;
class Panel;

/// Places of a layout. Panels of the same place are tabs, in the order of the rows.
enum class Place : uint8_t { Hidden, LeftTop, LeftBottom, RightTop, RightBottom, Bottom, BottomRight };

enum class LayoutId : uint8_t { Default, Teaching, Tracing, Count };
struct LayoutRow {
    LayoutId id;
    const char* name;  // for --layout and settings
    const char* title;
    const char* help;
    int left, right, bottom;  // share of the window's width and height, in percent
};
std::span<const LayoutRow> layouts();

struct PanelRow {
    const char* id;  // objectName of the dock, stable
    const char* title;
    const char* icon;
    const char* help;  // what it shows, one sentence
    Place places[static_cast<int>(LayoutId::Count)];
    bool raised[static_cast<int>(LayoutId::Count)];  // the tab in front
    std::function<Panel*(Context&)> create;
};
std::span<const PanelRow> panels();

}  // namespace ui
