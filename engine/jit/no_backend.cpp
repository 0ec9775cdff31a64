// For machines without a back end.
#include "engine/jit/backend.h"

namespace engine::jit {

std::unique_ptr<Backend> createBackend() { return nullptr; }

}  // namespace engine::jit
