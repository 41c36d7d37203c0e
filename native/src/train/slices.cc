#include "train/slices.h"

#include <algorithm>
#include <vector>

namespace ouroboros {
namespace {

// Elements of one task, and of one parallel loop: 4 MB of parameters, three times as much besides, are read
// and written in some milliseconds.
constexpr std::size_t kSlice = 16384;
constexpr std::size_t kLoop = 64 * kSlice;

}  // namespace

void ForSlices(const Compute& compute, std::size_t floats,
               FunctionRef<void(std::size_t begin, std::size_t count)> body) {
  for (std::size_t first = 0; first < floats; first += kLoop) {
    const std::size_t size = std::min(kLoop, floats - first);
    compute.lane.ParallelFor((size + kSlice - 1) / kSlice, [&](std::size_t slice) {
      body(first + slice * kSlice, std::min(kSlice, size - slice * kSlice));
    });
  }
}

double AddSlices(const Compute& compute, std::size_t floats, double total,
                 FunctionRef<double(std::size_t begin, std::size_t count)> body) {
  std::vector<double> sums((floats + kSlice - 1) / kSlice);
  ForSlices(compute, floats,
            [&](std::size_t begin, std::size_t count) { sums[begin / kSlice] = body(begin, count); });
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace ouroboros
