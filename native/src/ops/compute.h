// What every op needs to run: the kernels of one instruction set, a lane into the pool, and the wish to stop;
// and the two ways to share work among threads so that no result depends on how many there are.
//
// Row blocks: row-local work (forward passes). Column slices: one head's 64 columns over all rows (backward
// passes: a parameter gradient is summed over rows by one thread, in row order).
#pragma once

#include <algorithm>
#include <cstddef>
#include <stop_token>

#include "base/threads/thread_pool.h"
#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"
#include "ops/frozen_operands.h"

namespace ouroboros {

// Thrown where a pass ends early because a stop was asked for. The giver of the token catches it.
struct Stopped {};

struct Compute {
  const Kernels& kernels;
  Lane& lane;
  std::stop_token stop{};                // looked at once per layer and per chunk of logits
  Precision products = Precision::kF32;  // of the matrix products of linear maps
  FrozenOperands* frozen = nullptr;      // what those need not pack; may be null

  const ElementwiseKernels& elementwise() const { return kernels.elementwise; }
  Compute WithStop(const std::stop_token& wish) const { return {kernels, lane, wish, products, frozen}; }
  Compute WithPrecision(Precision precision) const { return {kernels, lane, stop, precision, frozen}; }
  Compute WithFrozen(FrozenOperands* operands) const { return {kernels, lane, stop, products, operands}; }
  void ThrowIfStopped() const {
    if (stop.stop_requested()) throw Stopped();
  }
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
