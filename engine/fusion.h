// Fusion: writes into the first cell of a group of cells an op that does the whole group in one handler. The plain cells stay, so a
// step, a jump or a resume into the middle of a group runs them one by one. Rules: engine/README.md.
#pragma once

#include "engine/code.h"

namespace engine {

/// After this many entries and loops a function gets its groups: most functions run rarely, and start-up waits for none of them.
inline constexpr uint8_t kArrivalsBeforeGroups = 16;

/// What is dispatched of a function just lowered, whose loops are TierLoop already: plain cells, looks, and an entry that counts.
void prepareCells(Code& code);
/// Chooses groups for the whole function (fewest dispatches), around its breakpoints, whose cells become Break. When it has run often
/// enough, and once before the next run for however many breakpoints came or went.
void fuse(Code& code);

}  // namespace engine
