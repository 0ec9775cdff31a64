// Fusion: writes into the first cell of a group of cells an op that does the whole group in one handler. The plain cells stay, so a
// step, a jump or a resume into the middle of a group runs them one by one. Rules: engine/README.md.
#pragma once

#include "engine/code.h"

namespace engine {

/// Chooses groups for the whole function (fewest dispatches), around its breakpoints. After lowering, and when breakpoints went away.
void fuse(Code& code);

/// Patches a breakpoint in: its cell becomes Break, and no group reaches over it any more.
void insertBreak(Code& code, uint32_t cell);
/// Takes all or one out again.
void removeBreak(Code& code, uint32_t cell);
void removeBreaks(Code& code);

}  // namespace engine
