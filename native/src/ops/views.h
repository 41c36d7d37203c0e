// Views of the tensors that one op reads (T = const float) or whose gradients it writes (T = float).
//
// A view owns nothing and is cheap to copy; a null pointer in a view of gradients means frozen. Thread
// safety: as the memory behind it. Which tensors make up a whole model is said in rwkv7/parameters/weights.h.
#pragma once

#include <cstddef>

namespace ouroboros {

// y = W x + scale * B (A x). rank 0: no LoRA here.
template <typename T>
struct LinearView {
  T* weight = nullptr;  // [out, in]
  T* lora_a = nullptr;  // [rank, in]
  T* lora_b = nullptr;  // [out, rank]
  std::size_t rank = 0;
  float scale = 0;
};

template <typename T>
struct NormView {
  T* weight = nullptr;  // [D]
  T* bias = nullptr;    // [D]
};

}  // namespace ouroboros
