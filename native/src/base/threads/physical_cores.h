// How many threads can compute at full speed at once: one per physical core that this process may use.
#pragma once

#include <cstddef>

namespace ouroboros {

// At least 1. What the system does not tell is taken from the number of its logical processors.
std::size_t PhysicalCores();

}  // namespace ouroboros
