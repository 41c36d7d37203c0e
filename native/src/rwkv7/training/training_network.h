// The network on float32 weights, as training sees it: for what is measured of parameters that change, and
// for tests. Slower than ServedNetwork; agrees with it within rounding.
//
// Thread safety and lifetime: one caller; views only, so all that it is given must outlive it.
#pragma once

#include "rwkv7/cpu_network.h"
#include "rwkv7/training/model.h"

namespace ouroboros {

class TrainingNetwork final : public CpuNetwork {
 public:
  TrainingNetwork(const Compute& compute, const Shape& shape, const Weights& weights,
                  Activations& activations)
      : CpuNetwork(compute), shape_(shape), weights_(weights), activations_(activations) {}

  const Shape& shape() const override { return shape_; }
  void Begin(std::span<const PassSequence> sequences) override {
    TakeSequences(sequences);
    BeginForward(compute(), shape_, weights_, batch(), activations_, Mode::kInference);
  }
  void Layer(std::size_t layer) override {
    ForwardLayer(compute(), shape_, weights_, batch(), activations_, layer, states());
  }
  void End() override {
    EndForward(compute(), shape_, weights_, batch(), activations_);
    ReturnStates();
  }
  void Logits(float* logits, std::size_t first, std::size_t rows) override {
    HeadForward(compute(), shape_, weights_, logits, activations_.h + first * shape_.width, rows);
  }

 private:
  const Shape& shape_;
  const Weights& weights_;
  Activations& activations_;
};

}  // namespace ouroboros
