#include "kernels/measure/training_precision.h"

#include <algorithm>
#include <chrono>

#include "kernels/measure/probe_narrow.h"

namespace ouroboros {
namespace {

constexpr std::size_t kIterations = 20'000;
constexpr int kRuns = 5;
// Packing bf16 operands costs something too; and a choice should be the same from one day to the next.
constexpr double kRatioMin = 1.2;

// Operations per second of the best of some runs.
double SpeedOf(std::size_t (*probe)(std::size_t iterations, float* keep)) {
  using Clock = std::chrono::steady_clock;
  float keep = 0;
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    const Clock::time_point start = Clock::now();
    const std::size_t operations = probe(kIterations, &keep);
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, static_cast<double>(operations) / std::max(seconds.count(), 1e-9));
  }
  return best;
}

Precision Measure(const Kernels& kernels) {
  const NarrowProbe narrow = NarrowProbeFor(NarrowOperands::kBf16);
  if (kernels.gemm_bf16 == nullptr || narrow == nullptr) return Precision::kF32;
  const bool is_faster = SpeedOf(narrow) > kRatioMin * SpeedOf(kernels.probe.multiply_adds);
  return is_faster ? Precision::kBf16 : Precision::kF32;
}

}  // namespace

Precision FasterPrecision(const Kernels& kernels) {
  if (kernels.gemm_bf16 == nullptr) return Precision::kF32;
  // Only one set of kernels has bf16 products.
  static const Precision measured = Measure(kernels);
  return measured;
}

}  // namespace ouroboros
