#include "kernels/measure/measure.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/threads/thread_pool.h"

namespace ouroboros {
namespace {

constexpr double kSecondsMax = 0.25;
constexpr int kRunsMin = 5;

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds of the best of several runs, after one that warms up.
template <typename Body>
double BestRun(const Body& body) {
  body();
  double best = 1e9;
  const double begin = Now();
  for (int run = 0; run < kRunsMin || Now() - begin < kSecondsMax; ++run) {
    const double start = Now();
    body();
    best = std::min(best, Now() - start);
  }
  return best;
}

// 64-byte aligned floats, all touched; values in (0, 1) so that nothing overflows or denormalises.
class Floats {
 public:
  explicit Floats(std::size_t size) : lines_((size + 15) / 16) {
    for (std::size_t i = 0; i < lines_.size() * 16; ++i)
      data()[i] = 0.25f + 0.5f / static_cast<float>(1 + i % 97);
  }
  float* data() { return lines_.empty() ? nullptr : lines_.data()->values; }

 private:
  struct alignas(64) Line {
    float values[16];
  };
  std::vector<Line> lines_;
};

// Operations per second of a probe of registers on every thread.
double PeakOf(std::size_t threads, std::size_t (*probe)(std::size_t iterations, float* keep)) {
  constexpr std::size_t kIterations = 200'000;
  ThreadPool pool(threads);
  Lane lane(pool, Priority::kGenerate);
  std::vector<float> keep(threads);
  std::vector<std::size_t> operations(threads);
  const double seconds = BestRun([&] {
    lane.ParallelFor(threads, [&](std::size_t task) { operations[task] = probe(kIterations, &keep[task]); });
  });
  return static_cast<double>(operations[0] * threads) / seconds;
}

}  // namespace

double MultiplyAddPeak(const Measurement& measurement) {
  return PeakOf(measurement.threads, measurement.kernels.probe.multiply_adds);
}

double NarrowMultiplyAddPeak(std::size_t threads, NarrowOperands operands) {
  const NarrowProbe probe = NarrowProbeFor(operands);
  return probe == nullptr ? 0.0 : PeakOf(threads, probe);
}

double ReadBandwidth(const Measurement& measurement, std::size_t bytes) {
  ThreadPool pool(measurement.threads);
  Lane lane(pool, Priority::kGenerate);
  const std::size_t part = bytes / sizeof(float) / measurement.threads / 16 * 16;
  Floats floats(part * measurement.threads);
  std::vector<float> keep(measurement.threads);
  // Small memory is read many times per loop: waking a worker takes as long as reading some 10 MB from a
  // cache.
  const std::size_t passes =
      std::max<std::size_t>(1, (std::size_t{512} << 20) / std::max<std::size_t>(bytes, 1));
  const double seconds = BestRun([&] {
    lane.ParallelFor(measurement.threads, [&](std::size_t task) {
      for (std::size_t pass = 0; pass < passes; ++pass) {
        keep[task] = measurement.kernels.probe.read(floats.data() + task * part, part);
      }
    });
  });
  return static_cast<double>(part * measurement.threads * sizeof(float) * passes) / seconds;
}

double GemmSeconds(const Measurement& measurement, const GemmShape& shape) {
  ThreadPool pool(measurement.threads);
  Lane lane(pool, Priority::kGenerate);
  Floats a(shape.m * shape.k), b(shape.k * shape.n), c(shape.m * shape.n);
  const StridedMatrix a_view =
      shape.a_transposed ? StridedMatrix{a.data(), 1, shape.m} : StridedMatrix{a.data(), shape.k, 1};
  const StridedMatrix b_view =
      shape.b_transposed ? StridedMatrix{b.data(), 1, shape.k} : StridedMatrix{b.data(), shape.n, 1};
  return BestRun([&] {
    Gemm(measurement.kernels, lane,
         {shape.m, shape.n, shape.k, a_view, b_view, c.data(), shape.n, 1.0f, false, shape.precision});
  });
}

WkvSeconds WkvSpeed(const Measurement& measurement, std::size_t heads, std::size_t tokens) {
  ThreadPool pool(measurement.threads);
  Lane lane(pool, Priority::kGenerate);
  const std::size_t width = heads * kHeadSize;
  const std::size_t size = tokens * width;
  constexpr std::size_t kTensors = 16;
  constexpr std::size_t kStateSize = kHeadSize * kHeadSize;
  const std::size_t chunks = (tokens + kWkvChunk - 1) / kWkvChunk;
  Floats tensors(kTensors * size), states(heads * kStateSize), chunk_states(heads * chunks * kStateSize);
  Floats scratch(heads * kWkvBackwardScratch);
  const auto tensor = [&](std::size_t index, std::size_t head) {
    return tensors.data() + index * size + head * kHeadSize;
  };
  // Small, so that States and their gradients stay finite run after run: 0 r, 1 d, 2 k, 3 v, 4 a, 5 b.
  for (const std::size_t index : {2, 3, 4, 5}) {
    std::for_each_n(tensor(index, 0), size, [](float& value) { value *= 0.01f; });
  }
  const auto forward = [&](std::size_t head, bool is_saving) {
    const auto t = [&](std::size_t index) { return tensor(index, head); };
    float* const saved = chunk_states.data() + head * chunks * kStateSize;
    measurement.kernels.wkv.forward({tokens, width, t(6), states.data() + head * kStateSize,
                                     is_saving ? saved : nullptr, is_saving ? t(7) : nullptr, t(0), t(1),
                                     t(2), t(3), t(4), t(5)});
  };
  const auto backward = [&](std::size_t head) {
    const auto t = [&](std::size_t index) { return tensor(index, head); };
    measurement.kernels.wkv.backward({tokens, width, t(8), t(9), t(10), t(11), t(12), t(13),
                                      states.data() + head * kStateSize, t(14),
                                      chunk_states.data() + head * chunks * kStateSize, t(7), t(0), t(1),
                                      t(2), t(3), t(4), t(5), scratch.data() + head * kWkvBackwardScratch});
  };
  const double per_head_token =
      static_cast<double>(std::min(measurement.threads, heads)) / static_cast<double>(heads * tokens);
  WkvSeconds seconds;
  seconds.forward = per_head_token * BestRun([&] {
                      lane.ParallelFor(heads, [&](std::size_t head) { forward(head, false); });
                    });
  seconds.forward_saving = per_head_token * BestRun([&] {
                             lane.ParallelFor(heads, [&](std::size_t head) { forward(head, true); });
                           });
  seconds.backward = per_head_token * BestRun([&] { lane.ParallelFor(heads, backward); });
  return seconds;
}

}  // namespace ouroboros
