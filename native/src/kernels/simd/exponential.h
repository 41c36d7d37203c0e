// Exp, Sigmoid and Tanh over the vector type that a simd/*.h has just defined; included by those only.
//
// Errors against double, over the whole range: Exp and Sigmoid 2e-7 relative, Tanh 4e-7 relative (also near
// 0). NaN gives NaN; infinities give the limits; Exp reaches 0 and infinity exactly where float does.

namespace ouroboros::OURO_SIMD_NAMESPACE {

// x = n ln 2 + r with |r| <= ln(2) / 2; fraction = e^r - 1 by its Taylor series, whose first dropped term is
// 5e-9.
struct ExpParts {
  F n;
  F fraction;
};

inline ExpParts SplitExp(F x) {
  const F n = Round(x * Set(1.44269504089f));
  // ln 2 in two parts, the first short enough that n times it is exact.
  const F r = NegMulAdd(n, Set(-2.12194440e-4f), NegMulAdd(n, Set(0.693359375f), x));
  F series = Set(1.0f / 5040.0f);
  series = MulAdd(series, r, Set(1.0f / 720.0f));
  series = MulAdd(series, r, Set(1.0f / 120.0f));
  series = MulAdd(series, r, Set(1.0f / 24.0f));
  series = MulAdd(series, r, Set(1.0f / 6.0f));
  series = MulAdd(series, r, Set(0.5f));
  return {n, MulAdd(series, r * r, r)};
}

inline F Exp(F x) {
  // Beyond these bounds the result is 0 or infinity anyway. The order of operands keeps a NaN.
  const F clamped = Min(Set(89.0f), Max(Set(-104.0f), x));
  const ExpParts parts = SplitExp(clamped);
  return ScaleByPowerOfTwo(Set(1.0f) + parts.fraction, parts.n);
}

inline F Sigmoid(F x) { return Set(1.0f) / (Set(1.0f) + Exp(-x)); }

// tanh|x| = -m / (2 + m) with m = e^(-2|x|) - 1, which keeps its relative precision near 0.
inline F Tanh(F x) {
  const F negative = Max(Set(-40.0f), Set(-2.0f) * Abs(x));
  const ExpParts parts = SplitExp(negative);
  const F power = ScaleByPowerOfTwo(Set(1.0f), parts.n);
  const F m = MulAdd(power, parts.fraction, power - Set(1.0f));
  return CopySign(Zero() - m / (Set(2.0f) + m), x);
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
