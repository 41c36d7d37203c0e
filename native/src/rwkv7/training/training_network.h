// The network on float32 weights, as training sees it: for what is measured of parameters that change, and
// for tests. Slower than ServedNetwork; agrees with it within rounding.
//
// Thread safety and lifetime: one caller; views only, so all that it is given must outlive it.
#pragma once

#include "rwkv7/network.h"
#include "rwkv7/training/model.h"

namespace ouroboros {

class MasterNetwork final : public Network {
 public:
  MasterNetwork(const Shape& shape, const Weights& weights, Activations& activations)
      : shape_(shape), weights_(weights), activations_(activations) {}

  const Shape& shape() const override { return shape_; }
  void Begin(const Compute& compute, const Batch& batch) override {
    BeginForward(compute, shape_, weights_, batch, activations_, Mode::kInference);
  }
  void Layer(const Compute& compute, const Batch& batch, std::size_t layer,
             std::span<State> states) override {
    ForwardLayer(compute, shape_, weights_, batch, activations_, layer, states);
  }
  const float* End(const Compute& compute, const Batch& batch) override {
    EndForward(compute, shape_, weights_, batch, activations_);
    return activations_.h;
  }
  void Logits(const Compute& compute, float* logits, const float* h, std::size_t rows) override {
    HeadForward(compute, shape_, weights_, logits, h, rows);
  }

 private:
  const Shape& shape_;
  const Weights& weights_;
  Activations& activations_;
};

}  // namespace ouroboros
