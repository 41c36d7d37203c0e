// The wkv recurrence, forward and backward, with heads next to each other and apart.

#include "comparison.h"

namespace ouroboros::check {
namespace {

struct Sequence {
  std::size_t tokens, stride;
};

// r, d, k, v, a, b of one head of a tensor, with values that keep the State bounded.
struct Vectors {
  const float *r, *d, *k, *v, *a, *b;
};

std::size_t FloatsOf(const Sequence& s) { return s.tokens == 0 ? 0 : (s.tokens - 1) * s.stride + kHeadSize; }

Vectors TakeVectors(Run& run, const Sequence& s) {
  const std::size_t n = FloatsOf(s);
  Vectors x = {};
  x.r = run.Floats(n);
  x.d = run.Between(0.55f, 1.0f, n);
  x.k = run.Floats(n, 0.5f);
  x.v = run.Floats(n);
  x.a = run.Floats(n, 0.2f);
  x.b = run.Floats(n, 0.2f);
  return x;
}

std::size_t ChunkFloats(const Sequence& s) {
  return (s.tokens + kWkvChunk - 1) / kWkvChunk * kHeadSize * kHeadSize;
}

void Forward(Run& run, const Sequence& s, bool is_saving) {
  float *const y = run.Floats(FloatsOf(s)), *const state = run.Floats(kHeadSize * kHeadSize);
  float* const chunk_states = is_saving ? run.Floats(ChunkFloats(s)) : nullptr;
  float* const sa = is_saving ? run.Floats(FloatsOf(s)) : nullptr;
  const Vectors x = TakeVectors(run, s);
  run.kernels.wkv.forward({s.tokens, s.stride, y, state, chunk_states, sa, x.r, x.d, x.k, x.v, x.a, x.b});
}

void Backward(Run& run, const Sequence& s) {
  const std::size_t n = FloatsOf(s);
  const Vectors x = TakeVectors(run, s);
  WkvBackwardArguments p = {};
  p.tokens = s.tokens;
  p.stride = s.stride;
  p.dr = run.Floats(n);
  p.dd = run.Floats(n);
  p.dk = run.Floats(n);
  p.dv = run.Floats(n);
  p.da = run.Floats(n);
  p.db = run.Floats(n);
  p.dstate = run.Floats(kHeadSize * kHeadSize);
  p.dy = run.Floats(n);
  // Any States and sa do: what backward makes of them is a function like any other.
  p.chunk_states = run.Floats(ChunkFloats(s));
  p.sa = run.Floats(n);
  p.r = x.r;
  p.d = x.d;
  p.k = x.k;
  p.v = x.v;
  p.a = x.a;
  p.b = x.b;
  p.scratch = run.Scratch(kWkvBackwardScratch);
  run.kernels.wkv.backward(p);
}

}  // namespace

void CheckWkv(Comparison& comparison) {
  for (const std::size_t tokens : {0, 1, 2, 15, 16, 17, 32, 33}) {
    for (const std::size_t stride : {kHeadSize, 2 * kHeadSize + 3}) {
      const Sequence s = {tokens, stride};
      const std::string of = " of " + std::to_string(tokens) + " tokens";
      comparison.Check("wkv forward" + of, [&](Run& run) { Forward(run, s, false); });
      comparison.Check("wkv forward, saving," + of, [&](Run& run) { Forward(run, s, true); });
      comparison.Check("wkv backward" + of, [&](Run& run) { Backward(run, s); });
    }
  }
}

}  // namespace ouroboros::check
