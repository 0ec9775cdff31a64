#pragma once
namespace debugger::dwarf { class Scopes {}; }
