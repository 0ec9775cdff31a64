// Elements of GC arrays: between slots, as they stand on the value stack, and their natural sizes of 1, 2, 4, 8 or 16 bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "engine/store.h"

namespace engine {

struct WideElement {
    Slot low, high;
};

/// Calls `use` with a value of the type that elements of so many bytes have.
template <class Use>
void withElementType(uint32_t bytes, const Use& use) {
    switch (bytes) {
    case 1: return use(uint8_t{});
    case 2: return use(uint16_t{});
    case 4: return use(uint32_t{});
    case 8: return use(uint64_t{});
    default: return use(WideElement{});
    }
}

template <class Element>
Element elementOf(const Slot* slots) {
    if constexpr (sizeof(Element) == 16)
        return {slots[0], slots[1]};
    else
        return static_cast<Element>(slots[0]);
}

/// Writes `count` elements that stand side by side in slots.
inline void storeElements(uint8_t* to, const Slot* slots, uint64_t count, uint32_t bytes) {
    withElementType(bytes, [&]<class Element>(Element) {
        for (uint64_t i = 0; i < count; ++i, slots += sizeof(Element) == 16 ? 2 : 1) {
            const auto element = elementOf<Element>(slots);
            std::memcpy(to + i * sizeof(Element), &element, sizeof(Element));
        }
    });
}

/// Writes the same element `count` times.
inline void fillElements(uint8_t* to, const Slot* value, uint64_t count, uint32_t bytes) {
    withElementType(bytes, [&]<class Element>(Element) {
        std::fill_n(reinterpret_cast<Element*>(to), count, elementOf<Element>(value));
    });
}

/// Reads one element into its slots, zero-extended.
inline void loadElement(Slot* slots, const uint8_t* from, uint32_t bytes) {
    withElementType(bytes, [&]<class Element>(Element element) {
        std::memcpy(&element, from, sizeof(Element));
        if constexpr (sizeof(Element) == 16) {
            slots[0] = element.low;
            slots[1] = element.high;
        } else {
            slots[0] = element;
        }
    });
}

}  // namespace engine
