// Wide: a few vectors side by side, treated as one; what a kernel keeps in registers across a loop.
//
// Nested pairs rather than an array of vectors, because compilers keep the members of a struct in registers,
// but an array that a loop indexes often in memory. Included by simd/*.h only.

namespace ouroboros::OURO_SIMD_NAMESPACE {

template <typename Half>
struct Twice {
  Half low, high;
};

template <typename T>
constexpr std::size_t kLanesOf = sizeof(T) / sizeof(float);

// 64 floats with 32 registers, 16 with 16: half a dozen of them fit.
#if defined(OURO_SIMD_32_REGISTERS)
using Wide = Twice<Twice<F>>;
#else
using Wide = Twice<F>;
#endif
constexpr std::size_t kWide = kLanesOf<Wide>;

inline void LoadTo(F& v, const float* p) { v = Load(p); }
template <typename Half>
inline void LoadTo(Twice<Half>& v, const float* p) {
  LoadTo(v.low, p);
  LoadTo(v.high, p + kLanesOf<Half>);
}
inline Wide LoadWide(const float* p) {
  Wide v;
  LoadTo(v, p);
  return v;
}

template <typename Half>
inline void Store(float* p, const Twice<Half>& v) {
  Store(p, v.low);
  Store(p + kLanesOf<Half>, v.high);
}

inline void SetAll(F& v, F x) { v = x; }
template <typename Half>
inline void SetAll(Twice<Half>& v, F x) {
  SetAll(v.low, x);
  SetAll(v.high, x);
}
inline Wide ZeroWide() {
  Wide v;
  SetAll(v, Zero());
  return v;
}

// Lane by lane; a plain F stands for the same vector in every part.
template <typename Half>
inline Twice<Half> operator+(const Twice<Half>& a, const Twice<Half>& b) {
  return {a.low + b.low, a.high + b.high};
}
template <typename Half>
inline Twice<Half> operator*(const Twice<Half>& a, const Twice<Half>& b) {
  return {a.low * b.low, a.high * b.high};
}
template <typename Half>
inline Twice<Half> operator*(const Twice<Half>& a, F b) {
  return {a.low * b, a.high * b};
}
template <typename Half>
inline Twice<Half> MulAdd(const Twice<Half>& a, const Twice<Half>& b, const Twice<Half>& c) {
  return {MulAdd(a.low, b.low, c.low), MulAdd(a.high, b.high, c.high)};
}
template <typename Half>
inline Twice<Half> MulAdd(const Twice<Half>& a, F b, const Twice<Half>& c) {
  return {MulAdd(a.low, b, c.low), MulAdd(a.high, b, c.high)};
}

// sum + a * b over the parts, first to last; lanes stay apart.
inline F AddProducts(F a, F b, F sum) { return MulAdd(a, b, sum); }
template <typename Half>
inline F AddProducts(const Twice<Half>& a, const Twice<Half>& b, F sum) {
  return AddProducts(a.high, b.high, AddProducts(a.low, b.low, sum));
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
