#include "ops/frozen_operands.h"

#include <functional>
#include <utility>

namespace ouroboros {

const float* FrozenOperands::Of(const Kernels& kernels, Lane& lane, const StridedMatrix& b, std::size_t n,
                                std::size_t k) {
  const std::less<const float*> is_before;
  if (is_before(b.data, frozen_.data()) || !is_before(b.data, frozen_.data() + frozen_.size()))
    return nullptr;
  const Key key = {b.data, b.row_stride};
  if (const auto found = packed_.find(key); found != packed_.end()) return found->second.data();
  const std::size_t floats = PackedBf16Floats(kernels, n, k);
  if (floats > floats_left_) return nullptr;
  Buffer packed(floats);
  PackBf16(kernels, lane, packed.data(), b, n, k);
  floats_left_ -= floats;
  return packed_.emplace(key, std::move(packed)).first->second.data();
}

}  // namespace ouroboros
