// Matrices that never change, packed for products in bf16 when one first needs them, for as long as this
// lives.
//
// A frozen matrix is known by where it stands: anywhere in one run of floats. Takes 2 bytes per number and
// orientation, up to a bound; what comes later is left to the products to pack. Thread safety: one caller.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include "base/threads/thread_pool.h"
#include "kernels/gemm/gemm.h"
#include "tensor/buffer.h"

namespace ouroboros {

class FrozenOperands {
 public:
  // `frozen` must outlive this.
  FrozenOperands(std::span<const float> frozen, std::size_t bytes_max)
      : frozen_(frozen), floats_left_(bytes_max / sizeof(float)) {}

  // For GemmArguments::packed_b of a product that is TakesBf16. Null where b is not frozen or no room is
  // left.
  const float* Of(const Kernels& kernels, Lane& lane, const StridedMatrix& b, std::size_t n, std::size_t k);

 private:
  using Key = std::pair<const float*, std::size_t>;  // where it stands, and its row stride
  std::span<const float> frozen_;
  std::size_t floats_left_;
  std::map<Key, Buffer> packed_;
};

}  // namespace ouroboros
