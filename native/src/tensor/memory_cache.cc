#include "tensor/memory_cache.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <array>
#include <mutex>
#include <new>
#include <span>

#include "tensor/free_memory.h"

namespace ouroboros {
namespace {

constexpr std::align_val_t kAlignment{64};
// Smaller blocks the allocator itself keeps at hand.
constexpr std::size_t kBlockBytesMin = std::size_t{64} << 10;
constexpr std::size_t kKeptBytesMax = std::size_t{64} << 20;
constexpr std::size_t kBlocksMax = 64;

class Cache {
 public:
  void* Take(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    // The last returned is the likeliest to be in the processor's caches.
    for (std::size_t i = count_; i-- > 0;) {
      if (blocks_[i].bytes != bytes) continue;
      void* const memory = blocks_[i].memory;
      blocks_[i] = blocks_[--count_];
      kept_ -= bytes;
      return memory;
    }
    return nullptr;
  }

  bool Keep(void* memory, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (count_ == kBlocksMax || kept_ + bytes > kKeptBytesMax) return false;
    blocks_[count_++] = {memory, bytes};
    kept_ += bytes;
    return true;
  }

  void Clear() {
    const std::lock_guard lock(mutex_);
    for (const Block& block : std::span(blocks_).first(count_)) ::operator delete(block.memory, kAlignment);
    count_ = 0;
    kept_ = 0;
  }

 private:
  struct Block {
    void* memory;
    std::size_t bytes;
  };
  std::mutex mutex_;
  std::array<Block, kBlocksMax> blocks_{};
  std::size_t count_ = 0;
  std::size_t kept_ = 0;
};

Cache& TheCache() {
  static Cache* const cache = new Cache();  // NOLINT: outlives every static that may still hold memory
  return *cache;
}

}  // namespace

void* TakeMemory(std::size_t bytes) {
  if (bytes >= kBlockBytesMin) {
    if (void* const memory = TheCache().Take(bytes)) return memory;
  }
  return ::operator new(bytes, kAlignment);
}

void ReturnMemory(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return;
  if (bytes >= kBlockBytesMin && TheCache().Keep(memory, bytes)) return;
  ::operator delete(memory, kAlignment);
}

void ReleaseFreeMemory() {
  TheCache().Clear();
#if defined(__GLIBC__)
  // What lies between blocks in use it gives back at no other time.
  malloc_trim(0);
#endif
}

}  // namespace ouroboros
