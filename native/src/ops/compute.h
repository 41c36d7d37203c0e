// What every op needs to run: the kernels of one instruction set and a lane into the pool; and the two ways
// to share work among threads so that no result depends on how many there are.
//
// Row blocks: row-local work (forward passes). Column slices: one head's 64 columns over all rows (backward
// passes: a parameter gradient is summed over rows by one thread, in row order).
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/thread_pool.h"
#include "kernels/kernels.h"

namespace ouroboros {

struct Compute {
  const Kernels& kernels;
  Lane& lane;

  const ElementwiseKernels& elementwise() const { return kernels.elementwise; }
};

constexpr std::size_t kRowBlock = 32;

template <typename Body>  // body(first_row, rows)
void ForRowBlocks(const Compute& compute, std::size_t rows, const Body& body) {
  compute.lane.ParallelFor((rows + kRowBlock - 1) / kRowBlock, [&](std::size_t block) {
    const std::size_t begin = block * kRowBlock;
    body(begin, std::min(kRowBlock, rows - begin));
  });
}

template <typename Body>  // body(first_column); 64 columns each
void ForColumnSlices(const Compute& compute, std::size_t width, const Body& body) {
  compute.lane.ParallelFor(width / kHeadSize, [&](std::size_t slice) { body(slice * kHeadSize); });
}

}  // namespace ouroboros
