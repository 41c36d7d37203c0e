#include "train/weight_average.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "train/slices.h"

namespace ouroboros {

void WeightAverage::Add(const Compute& compute, const Buffer& values) {
  steps_ += 1;
  const double share = (1 - decay_) / (1 - std::pow(decay_, static_cast<double>(steps_)));
  const float part = static_cast<float>(share);
  float* const average = set_.values.data();
  const float* const current = values.data();
  ForSlices(compute, values.size(), [&](std::size_t begin, std::size_t count) {
    if (part == 1) {  // to the last bit
      std::copy_n(current + begin, count, average + begin);
      return;
    }
    for (std::size_t i = begin; i < begin + count; ++i) average[i] += part * (current[i] - average[i]);
  });
}

void WeightAverage::Restart(Buffer values, std::uint64_t steps) {
  set_.values = std::move(values);
  steps_ = steps;
}

}  // namespace ouroboros
