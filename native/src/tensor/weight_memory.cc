#include "tensor/weight_memory.h"

#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace ouroboros {
namespace {

constexpr std::align_val_t kAlignment{std::size_t{2} << 20};

}  // namespace

WeightMemory::WeightMemory(std::size_t bytes)
    : data_(static_cast<std::byte*>(::operator new(bytes, kAlignment))), size_(bytes) {
#if defined(__linux__)
  // Advice: a system that does not follow it is slower, nothing else.
  static_cast<void>(madvise(data_.get(), bytes, MADV_HUGEPAGE));
#endif
}

void WeightMemory::Free::operator()(std::byte* data) const { ::operator delete(data, kAlignment); }

}  // namespace ouroboros
