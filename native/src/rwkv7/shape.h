// The sizes of one RWKV-7 model. Letters as in MODEL.md: L layers, D width, H heads of N = 64, F ffn width, V
// vocabulary.
#pragma once

#include <cstddef>

namespace ouroboros {

struct LoraRanks {
  std::size_t w, a, v, g;

  bool operator==(const LoraRanks&) const = default;
};

struct Shape {
  std::size_t layers, width, heads, ffn, vocabulary;
  LoraRanks ranks;

  bool operator==(const Shape&) const = default;
};

}  // namespace ouroboros
