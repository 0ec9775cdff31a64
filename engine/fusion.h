// Fusion: writes into the first cell of a group of cells an op that does the whole group in one handler. The plain cells stay, so a
// step, a jump or a resume into the middle of a group runs them one by one. Rules: engine/README.md.
#pragma once

#include "engine/code.h"

namespace engine {

/// Chooses groups for the whole function (fewest dispatches), around its breakpoints, whose cells become Break. After lowering, and once
/// before the next run for however many breakpoints came or went.
void fuse(Code& code);

}  // namespace engine
