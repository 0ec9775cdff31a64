// Handlers of fused groups (fusion.h).
#include "engine/handlers.h"

namespace engine {

void addFusedHandlers(HandlerTable&) {}

uint16_t fusedEnd() { return kFusedFirst; }

}  // namespace engine
