// The machine's limits and the kernels' speed against them, measured in the same run: for the bench and its
// notebook.
//
// Every function runs its work several times on a pool of its own and gives the best run: on a machine that
// others use too, that is the one number which repeats. Blocking; about a quarter of a second each.
#pragma once

#include <cstddef>

#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"
#include "kernels/measure/probe_narrow.h"

namespace ouroboros {

struct Measurement {
  const Kernels& kernels;
  std::size_t threads;
};

// Floating-point operations per second of multiply-adds that stay in registers.
double MultiplyAddPeak(const Measurement& measurement);
// The same of narrow operands; 0 where this machine lacks the instruction.
double NarrowMultiplyAddPeak(std::size_t threads, NarrowOperands operands);
// Bytes per second of reading `bytes` of memory over and over; the threads share them.
double ReadBandwidth(const Measurement& measurement, std::size_t bytes);

struct GemmShape {
  std::size_t m, n, k;
  bool a_transposed;  // stored as [k, m]
  bool b_transposed;  // stored as [n, k], as weights are
  Precision precision;
};
// Seconds of one product, its operands in the caches where they fit.
double GemmSeconds(const Measurement& measurement, const GemmShape& shape);

struct WkvSeconds {
  double forward, forward_saving, backward;  // per head and token of one thread
};
// `heads` heads of `tokens` tokens, side by side as in a [T, D] tensor.
WkvSeconds WkvSpeed(const Measurement& measurement, std::size_t heads, std::size_t tokens);

}  // namespace ouroboros
