// An exponential moving average of the trained parameters over the applied steps, for checkpoints that vary
// less from step to step than the parameters themselves.
//
//   step t from 1:  average += (1 - decay) / (1 - decay^t) · (parameters - average)
//
// This is the average that starts from zero with the bias corrected as AdamW corrects its moments (Kingma and
// Ba, 2015), kept corrected: step i has a part of decay^(t - i), of all parts' sum, and what was there before
// step 1 has none. Until then it is the values it began from.
//
// Thread safety: one caller. Memory: one copy of the parameters. The same bits for any number of threads.
#pragma once

#include <cstdint>

#include "ops/compute.h"
#include "rwkv7/parameters/parameter_set.h"

namespace ouroboros {

class WeightAverage {
 public:
  // 0 <= decay < 1. Of these parameters, from their values on.
  WeightAverage(const ParameterSet& set, double decay) : decay_(decay), set_(set.Copy()) {}

  // What an applied step has left: the values of the same set.
  void Add(const Compute& compute, const Buffer& values);
  // Goes on from another average of the set; from the values of an untrained one after 0 steps.
  void Restart(Buffer values, std::uint64_t steps);

  const ParameterSet& set() const { return set_; }
  std::uint64_t steps() const { return steps_; }

 private:
  double decay_;
  ParameterSet set_;
  std::uint64_t steps_ = 0;
};

}  // namespace ouroboros
