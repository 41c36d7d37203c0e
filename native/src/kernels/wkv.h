// The wkv recurrence of RWKV-7 for one head (rwkv_v7_numpy.py in BlinkDL/RWKV-LM; MODEL.md, eq. 6), N = 64.
//
//   S_t = S_{t-1} diag(d_t) + sa_t b_t^T + v_t k_t^T     sa_t = S_{t-1} a_t     y_t = S_t r_t
//   with a_t = -kk_t and b_t = kk_t * a(in-context rate).
//
// States are stored here as rows i = value channel, columns j = key channel, [64,64] row-major.
// The backward pass keeps the State at every 16th token and recomputes inside the chunk; it never divides by
// d. Vectors of token t of this head stand at base + t * stride (stride = D when heads share a row-major [T,
// D] tensor).
#pragma once

#include <cstddef>

namespace ouroboros {

constexpr std::size_t kHeadSize = 64;
constexpr std::size_t kWkvChunk = 16;

struct WkvForwardArguments {
  std::size_t tokens, stride;
  float* y;             // [T, 64] strided: output
  float* state;         // [64, 64]: State before the first token on entry, after the last on return
  float* chunk_states;  // [ceil(T / 16), 64, 64]: State before tokens 0, 16, 32 ...; null in inference
  float* sa;            // [T, 64] strided like y: saved for backward; null in inference
  const float *r, *d, *k, *v, *a, *b;  // [T, 64] strided
};

struct WkvBackwardArguments {
  std::size_t tokens, stride;
  float *dr, *dd, *dk, *dv, *da, *db;  // [T, 64] strided: dr, dk, dv accumulate, the others are written
  float* dstate;              // [64, 64]: gradient of the State after the last token on entry (zeros if
                              // nothing follows), of the State before the first token on return
  const float* dy;            // [T, 64] strided
  const float* chunk_states;  // as saved by forward
  const float* sa;
  const float *r, *d, *k, *v, *a, *b;
  float* scratch;  // kWkvBackwardScratch floats, 64-byte aligned, private to the caller
};
// States of 16 rows along a chunk; 14 vectors of each of its tokens.
constexpr std::size_t kWkvBackwardScratch = kWkvChunk * (16 + 14) * kHeadSize;

struct WkvKernels {
  void (*forward)(const WkvForwardArguments& arguments);
  void (*backward)(const WkvBackwardArguments& arguments);
};

}  // namespace ouroboros
