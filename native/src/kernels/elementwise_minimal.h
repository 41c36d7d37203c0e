// The one source of the element-wise kernels, compiled once per instruction set; see elementwise.h.

namespace ouroboros::OURO_SIMD_NAMESPACE {

inline float Dot(const float* a, const float* b, std::size_t n) {
  F sum = Zero();
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) sum = MulAdd(Load(a + i), Load(b + i), sum);
  if (i < n) sum = MulAdd(LoadPartial(a + i, n - i), LoadPartial(b + i, n - i), sum);
  return ReduceAdd(sum);
}

inline void AddScaled(float* y, const float* x, float scale, std::size_t n) {
  const F factor = Set(scale);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) Store(y + i, MulAdd(factor, Load(x + i), Load(y + i)));
  if (i < n) StorePartial(y + i, MulAdd(factor, LoadPartial(x + i, n - i), LoadPartial(y + i, n - i)), n - i);
}

constexpr ElementwiseKernels kElementwise = {Dot, AddScaled};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
