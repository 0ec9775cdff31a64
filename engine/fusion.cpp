#include "engine/fusion.h"

namespace engine {

void fuse(Code& code) {
    for (Insn& cell : code.cells) cell.op = cell.plain;
    for (uint32_t cell : code.breaks) code.cells[cell].op = number(InternalOp::Break);
}

void insertBreak(Code& code, uint32_t cell) {
    code.breaks.insert(cell);
    code.cells[cell].op = number(InternalOp::Break);
}

void removeBreak(Code& code, uint32_t cell) {
    if (code.breaks.erase(cell)) fuse(code);
}

void removeBreaks(Code& code) {
    if (code.breaks.empty()) return;
    code.breaks.clear();
    fuse(code);
}

}  // namespace engine
