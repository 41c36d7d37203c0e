// Memory that is used again: large blocks of sizes that come and go, States above all. A new block of some
// megabytes costs more in page faults than the copy that it is for.
//
// Keeps up to 64 MB; all else goes back to the system. Thread safe.
#pragma once

#include <cstddef>

namespace ouroboros {

// 64-byte aligned, content unspecified. Throws std::bad_alloc.
void* TakeMemory(std::size_t bytes);
// `bytes` as taken.
void ReturnMemory(void* memory, std::size_t bytes) noexcept;

}  // namespace ouroboros
