// The one source of the probes, compiled once per instruction set; see probe.h. Include after a simd/*.h.

namespace ouroboros::OURO_SIMD_NAMESPACE {

// Ten chains: more than the latency of a multiply-add times the two that begin in each cycle. They begin
// differently, or a compiler would see that they are one.
inline std::size_t ProbeMultiplyAdds(std::size_t iterations, float* keep) {
  const F factor = Set(0.999f), addend = Set(0.001f);
  F c0 = Set(0.0f), c1 = Set(0.1f), c2 = Set(0.2f), c3 = Set(0.3f), c4 = Set(0.4f);
  F c5 = Set(0.5f), c6 = Set(0.6f), c7 = Set(0.7f), c8 = Set(0.8f), c9 = Set(0.9f);
  for (std::size_t i = 0; i < iterations; ++i) {
    c0 = MulAdd(c0, factor, addend);
    c1 = MulAdd(c1, factor, addend);
    c2 = MulAdd(c2, factor, addend);
    c3 = MulAdd(c3, factor, addend);
    c4 = MulAdd(c4, factor, addend);
    c5 = MulAdd(c5, factor, addend);
    c6 = MulAdd(c6, factor, addend);
    c7 = MulAdd(c7, factor, addend);
    c8 = MulAdd(c8, factor, addend);
    c9 = MulAdd(c9, factor, addend);
  }
  *keep = ReduceAdd((((c0 + c1) + (c2 + c3)) + ((c4 + c5) + (c6 + c7))) + (c8 + c9));
  return iterations * 10 * 2 * kLanes;
}

inline float ProbeRead(const float* data, std::size_t n) {
  Wide a = ZeroWide(), b = ZeroWide();
  std::size_t i = 0;
  for (; i + 2 * kWide <= n; i += 2 * kWide) {
    a = a + LoadWide(data + i);
    b = b + LoadWide(data + i + kWide);
  }
  alignas(64) float sums[kWide];
  Store(sums, a + b);
  float sum = 0.0f;
  for (std::size_t j = 0; j < kWide; ++j) sum += sums[j];
  for (; i < n; ++i) sum += data[i];
  return sum;
}

constexpr ProbeKernels kProbe = {.multiply_adds = ProbeMultiplyAdds, .read = ProbeRead};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
