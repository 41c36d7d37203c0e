#if defined(__x86_64__) || defined(_M_X64)

#include "kernels/measure/probe_narrow_avx512.h"

#include "kernels/simd/narrow_avx512.h"

namespace ouroboros::avx512 {
namespace {

// Chains as in ProbeMultiplyAdds (probe_impl.h); these instructions take longer, so there are more of them.
template <typename Dots>
std::size_t ProbeDots(std::size_t iterations, float* keep) {
  Dots c0 = Dots::From(0.0f), c1 = Dots::From(0.1f), c2 = Dots::From(0.2f), c3 = Dots::From(0.3f);
  Dots c4 = Dots::From(0.4f), c5 = Dots::From(0.5f), c6 = Dots::From(0.6f), c7 = Dots::From(0.7f);
  Dots c8 = Dots::From(0.8f), c9 = Dots::From(0.9f), c10 = Dots::From(1.0f), c11 = Dots::From(1.1f);
  for (std::size_t i = 0; i < iterations; ++i) {
    c0.Add(), c1.Add(), c2.Add(), c3.Add(), c4.Add(), c5.Add();
    c6.Add(), c7.Add(), c8.Add(), c9.Add(), c10.Add(), c11.Add();
  }
  *keep = c0.Sum() + c1.Sum() + c2.Sum() + c3.Sum() + c4.Sum() + c5.Sum() + c6.Sum() + c7.Sum() + c8.Sum() +
          c9.Sum() + c10.Sum() + c11.Sum();
  return iterations * 12 * Dots::kOperations;
}

}  // namespace

std::size_t ProbeBf16(std::size_t iterations, float* keep) {
  return ProbeDots<PairsOfBf16>(iterations, keep);
}
std::size_t ProbeInt8(std::size_t iterations, float* keep) {
  return ProbeDots<QuadruplesOfInt8>(iterations, keep);
}

}  // namespace ouroboros::avx512

#endif
