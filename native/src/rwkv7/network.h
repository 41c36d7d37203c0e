// A network that can be read with: the forward pass in parts, for who makes way between two layers.
//
// Begin, then all layers in order, then End; nothing else may use the network's buffers in the meantime.
// Logits may be asked for at any other time. The rows of a batch are as in batch.h; a token must lie within
// the vocabulary. Layer throws Stopped when compute asks for it: States and buffers are then of no use.
// Thread safety: one caller.
#pragma once

#include <cstddef>
#include <span>

#include "ops/compute.h"
#include "rwkv7/batch.h"

namespace ouroboros {

class Network {
 public:
  virtual ~Network() = default;
  virtual const Shape& shape() const = 0;
  virtual void Begin(const Compute& compute, const Batch& batch) = 0;
  // states: one per sequence, the State before on entry to layer 0, after on return from the last.
  virtual void Layer(const Compute& compute, const Batch& batch, std::size_t layer,
                     std::span<State> states) = 0;
  // ln_out of the last block's output, [R, D]; valid until the next Begin.
  virtual const float* End(const Compute& compute, const Batch& batch) = 0;
  // logits[rows, V] of rows of End's result.
  virtual void Logits(const Compute& compute, float* logits, const float* h, std::size_t rows) = 0;
};

}  // namespace ouroboros
