// PackedAdapter: the matrices of an adapter as inference reads them. Whole matrices in bf16, as which they
// are stored, so nothing is lost; LoRA factors in float32, the scale in B.
//
// Immutable once made; free to share among threads.
#pragma once

#include <memory>
#include <vector>

#include "rwkv7/served/served_weights.h"
#include "tensor/weight_memory.h"

namespace ouroboros {

class PackedAdapter {
 public:
  explicit PackedAdapter(const ParameterSet& set);

  // Its matrices laid over the weights' own.
  void LayOver(ServedWeights& weights) const;

 private:
  struct Part {
    std::string name;
    PackedMatrix matrix;
  };
  WeightMemory memory_;
  std::vector<Part> parts_;
};

// Makes an Adapter of the set: from then on it is immutable, and can be served.
Adapter PublishAdapter(ParameterSet set);

// The model with the adapter laid over it; it points into both. A null adapter is the model.
ServedWeights OverlayServed(const ServedWeights& base, const Adapter& adapter);

}  // namespace ouroboros
