// The one source of the wkv kernels, compiled once per instruction set; see wkv.h.

namespace ouroboros::OURO_SIMD_NAMESPACE {

inline void WkvForward(const WkvForwardArguments& arguments) {
  constexpr std::size_t n = kHeadSize;
  float* const state = arguments.state;
  for (std::size_t t = 0; t < arguments.tokens; ++t) {
    if (arguments.chunk_states != nullptr && t % kWkvChunk == 0) {
      float* to = arguments.chunk_states + t / kWkvChunk * n * n;
      for (std::size_t e = 0; e < n * n; e += kLanes) Store(to + e, Load(state + e));
    }
    const std::size_t at = t * arguments.stride;
    for (std::size_t i = 0; i < n; ++i) {
      float* const row = state + i * n;
      F sum = Zero();
      for (std::size_t j = 0; j < n; j += kLanes)
        sum = MulAdd(Load(row + j), Load(arguments.a + at + j), sum);
      const float sa = ReduceAdd(sum);
      if (arguments.sa != nullptr) arguments.sa[at + i] = sa;
      const F sa_i = Set(sa);
      const F v_i = Set(arguments.v[at + i]);
      F y = Zero();
      for (std::size_t j = 0; j < n; j += kLanes) {
        F next = Load(row + j) * Load(arguments.d + at + j);
        next = MulAdd(sa_i, Load(arguments.b + at + j), next);
        next = MulAdd(v_i, Load(arguments.k + at + j), next);
        Store(row + j, next);
        y = MulAdd(next, Load(arguments.r + at + j), y);
      }
      arguments.y[at + i] = ReduceAdd(y);
    }
  }
}

// One token, backward: `before` is its State before, dstate the gradient of its State after (replaced by that
// of before).
inline void WkvBackwardToken(const WkvBackwardArguments& arguments, std::size_t at, const float* before) {
  constexpr std::size_t n = kHeadSize;
  const auto zero = [at](float* gradient) {
    for (std::size_t j = 0; j < n; ++j) gradient[at + j] = 0.0f;
  };
  zero(arguments.dr);
  zero(arguments.dd);
  zero(arguments.dk);
  zero(arguments.da);
  zero(arguments.db);
  for (std::size_t i = 0; i < n; ++i) {
    const F dy_i = Set(arguments.dy[at + i]);
    const F sa_i = Set(arguments.sa[at + i]);
    const F v_i = Set(arguments.v[at + i]);
    F dv = Zero();
    F dsa = Zero();
    for (std::size_t j = 0; j < n; j += kLanes) {
      const std::size_t e = i * n + j;
      const F b = Load(arguments.b + at + j);
      const F k = Load(arguments.k + at + j);
      const F old = Load(before + e);
      const F after = MulAdd(v_i, k, MulAdd(sa_i, b, old * Load(arguments.d + at + j)));
      const F ds = MulAdd(dy_i, Load(arguments.r + at + j), Load(arguments.dstate + e));
      Store(arguments.dstate + e, ds);
      Store(arguments.dr + at + j, MulAdd(after, dy_i, Load(arguments.dr + at + j)));
      Store(arguments.dd + at + j, MulAdd(ds, old, Load(arguments.dd + at + j)));
      Store(arguments.db + at + j, MulAdd(ds, sa_i, Load(arguments.db + at + j)));
      Store(arguments.dk + at + j, MulAdd(ds, v_i, Load(arguments.dk + at + j)));
      dv = MulAdd(ds, k, dv);
      dsa = MulAdd(ds, b, dsa);
    }
    arguments.dv[at + i] = ReduceAdd(dv);
    const F dsa_i = Set(ReduceAdd(dsa));
    for (std::size_t j = 0; j < n; j += kLanes) {
      const std::size_t e = i * n + j;
      Store(arguments.da + at + j, MulAdd(Load(before + e), dsa_i, Load(arguments.da + at + j)));
      const F ds = Load(arguments.dstate + e) * Load(arguments.d + at + j);
      Store(arguments.dstate + e, MulAdd(dsa_i, Load(arguments.a + at + j), ds));
    }
  }
}

inline void WkvBackward(const WkvBackwardArguments& arguments) {
  constexpr std::size_t n = kHeadSize;
  const std::size_t chunks = (arguments.tokens + kWkvChunk - 1) / kWkvChunk;
  for (std::size_t chunk = chunks; chunk-- > 0;) {
    const std::size_t begin = chunk * kWkvChunk;
    const std::size_t count = arguments.tokens - begin < kWkvChunk ? arguments.tokens - begin : kWkvChunk;
    // scratch[s] = State before token begin + s.
    for (std::size_t e = 0; e < n * n; e += kLanes) {
      Store(arguments.scratch + e, Load(arguments.chunk_states + chunk * n * n + e));
    }
    for (std::size_t s = 0; s + 1 < count; ++s) {
      const std::size_t at = (begin + s) * arguments.stride;
      const float* from = arguments.scratch + s * n * n;
      float* to = arguments.scratch + (s + 1) * n * n;
      for (std::size_t i = 0; i < n; ++i) {
        const F sa_i = Set(arguments.sa[at + i]);
        const F v_i = Set(arguments.v[at + i]);
        for (std::size_t j = 0; j < n; j += kLanes) {
          F next = Load(from + i * n + j) * Load(arguments.d + at + j);
          next = MulAdd(sa_i, Load(arguments.b + at + j), next);
          Store(to + i * n + j, MulAdd(v_i, Load(arguments.k + at + j), next));
        }
      }
    }
    for (std::size_t s = count; s-- > 0;) {
      WkvBackwardToken(arguments, (begin + s) * arguments.stride, arguments.scratch + s * n * n);
    }
  }
}

constexpr WkvKernels kWkv = {WkvForward, WkvBackward};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
