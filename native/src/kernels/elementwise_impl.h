// The one source of the element-wise kernels, compiled once per instruction set; include after a simd/*.h.
//
// Forward and backward of an op stand together. Equations and names: native/MODEL.md. No std templates in
// here: the linker may keep the copy with the widest instructions.

#include <math.h>  // not <cmath>: its inline overloads could be kept in their widest copy

namespace ouroboros {
namespace OURO_SIMD_NAMESPACE {
namespace elementwise {

constexpr std::size_t kHead = 64;
constexpr float kDecayScale = 0.60653066f;   // exp(-0.5)
constexpr float kGroupNormEpsilon = 64e-5f;  // 1e-5 * 8^2
constexpr float kNormalizeEpsilon = 1e-12f;

struct FullLanes {
  std::size_t i;
  F operator()(const float* p) const { return Load(p + i); }
  void Put(float* p, F v) const { Store(p + i, v); }
};

struct PartialLanes {
  std::size_t i, count;
  F operator()(const float* p) const { return LoadPartial(p + i, count); }
  void Put(float* p, F v) const { StorePartial(p + i, v, count); }
};

// Runs body for all full vectors of n floats, then once for what remains.
template <typename Body>
inline void ForLanes(std::size_t n, const Body& body) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) body(FullLanes{i});
  if (i < n) body(PartialLanes{i, n - i});
}

inline float Dot(const float* a, const float* b, std::size_t n) {
  F sum = Zero();
  ForLanes(n, [&](auto at) { sum = MulAdd(at(a), at(b), sum); });
  return ReduceAdd(sum);
}

inline void AddScaled(float* y, const float* x, float scale, std::size_t n) {
  const F s = Set(scale);
  ForLanes(n, [&](auto at) { at.Put(y, MulAdd(s, at(x), at(y))); });
}

// Float lanes within blocks of 1024, double across them: exact enough for clipping, and one order for all.
inline double SumOfSquares(const float* x, std::size_t n) {
  double total = 0;
  for (std::size_t begin = 0; begin < n; begin += 1024) {
    const std::size_t size = n - begin < 1024 ? n - begin : 1024;
    total += static_cast<double>(Dot(x + begin, x + begin, size));
  }
  return total;
}

inline void LayerNorm(const Region& region, float* y, float* mean, float* rstd, const float* x,
                      const float* weight, const float* bias, float epsilon) {
  const std::size_t n = region.columns;
  for (std::size_t row = 0; row < region.rows; ++row, x += region.stride, y += region.stride) {
    F sum = Zero();
    ForLanes(n, [&](auto at) { sum = sum + at(x); });
    const float mu = ReduceAdd(sum) / static_cast<float>(n);
    float variance = 0;
    {
      F squares = Zero();
      std::size_t i = 0;
      for (; i + kLanes <= n; i += kLanes) {
        const F centred = Load(x + i) - Set(mu);
        squares = MulAdd(centred, centred, squares);
      }
      variance = ReduceAdd(squares);
      for (; i < n; ++i) variance += (x[i] - mu) * (x[i] - mu);
    }
    const float inverse = 1.0f / sqrtf(variance / static_cast<float>(n) + epsilon);
    mean[row] = mu;
    rstd[row] = inverse;
    const F m = Set(mu), s = Set(inverse);
    ForLanes(n, [&](auto at) { at.Put(y, MulAdd((at(x) - m) * s, at(weight), at(bias))); });
  }
}

// dx += rstd * (g - mean(g) - xhat * mean(g * xhat)), g = dy * weight
inline void LayerNormBackward(const Region& region, float* dx, const float* dy, const float* x,
                              const float* weight, const float* mean, const float* rstd) {
  const std::size_t n = region.columns;
  const float inverse_n = 1.0f / static_cast<float>(n);
  for (std::size_t row = 0; row < region.rows; ++row) {
    const F m = Set(mean[row]), s = Set(rstd[row]);
    F sum_g = Zero(), sum_gx = Zero();
    ForLanes(n, [&](auto at) {
      const F g = at(dy) * at(weight);
      sum_g = sum_g + g;
      sum_gx = MulAdd(g, (at(x) - m) * s, sum_gx);
    });
    const F mean_g = Set(ReduceAdd(sum_g) * inverse_n), mean_gx = Set(ReduceAdd(sum_gx) * inverse_n);
    ForLanes(n, [&](auto at) {
      const F g = at(dy) * at(weight);
      const F xhat = (at(x) - m) * s;
      at.Put(dx, MulAdd(s, NegMulAdd(xhat, mean_gx, g - mean_g), at(dx)));
    });
    dx += region.stride;
    dy += region.stride;
    x += region.stride;
  }
}

inline void LayerNormBackwardParameters(const Region& region, float* dweight, float* dbias, const float* dy,
                                        const float* x, const float* mean, const float* rstd) {
  for (std::size_t row = 0; row < region.rows; ++row, dy += region.stride, x += region.stride) {
    const F m = Set(mean[row]), s = Set(rstd[row]);
    ForLanes(region.columns, [&](auto at) {
      const F g = at(dy);
      at.Put(dweight, MulAdd(g, (at(x) - m) * s, at(dweight)));
      at.Put(dbias, at(dbias) + g);
    });
  }
}

inline void TokenShift(const Region& region, const TokenShiftArguments& p) {
  const float* previous = p.previous;
  for (std::size_t row = 0; row < region.rows; ++row) {
    const float* h = p.h + row * region.stride;
    ForLanes(region.columns, [&](auto at) {
      const F now = at(h);
      const F difference = at(previous) - now;
      for (std::size_t c = 0; c < p.count; ++c) {
        at.Put(p.out[c] + row * region.stride, MulAdd(difference, at(p.mix[c]), now));
      }
    });
    previous = h;
  }
}

// dh_t += sum_c dout_{c,t} (1 - mix_c) + dout_{c,t+1} mix_c;  dmix_c += sum_t dout_{c,t} (h_{t-1} - h_t)
inline void TokenShiftBackward(const Region& region, const TokenShiftBackwardArguments& p) {
  const std::size_t stride = region.stride;
  const float* previous = p.previous;
  for (std::size_t row = 0; row < region.rows; ++row) {
    const float* h = p.h + row * stride;
    float* dh = p.dh + row * stride;
    float* dprevious = row == 0 ? p.dprevious : dh - stride;
    ForLanes(region.columns, [&](auto at) {
      const F difference = at(previous) - at(h);
      F to_now = at(dh), to_previous = Zero();
      for (std::size_t c = 0; c < p.count; ++c) {
        const F dout = at(p.dout[c] + row * stride);
        const F shifted = dout * at(p.mix[c]);
        to_now = to_now + (dout - shifted);
        to_previous = to_previous + shifted;
        if (p.dmix[c] != nullptr) at.Put(p.dmix[c], MulAdd(dout, difference, at(p.dmix[c])));
      }
      at.Put(dh, to_now);
      if (dprevious != nullptr) at.Put(dprevious, at(dprevious) + to_previous);
    });
    previous = h;
  }
}

inline void TanhForward(float* y, std::size_t n) {
  ForLanes(n, [&](auto at) { at.Put(y, Tanh(at(y))); });
}

inline void TanhBackward(float* dy, const float* y, std::size_t n) {
  ForLanes(n, [&](auto at) {
    const F value = at(y);
    at.Put(dy, at(dy) * NegMulAdd(value, value, Set(1.0f)));
  });
}

inline void SigmoidForward(float* y, std::size_t n) {
  ForLanes(n, [&](auto at) { at.Put(y, Sigmoid(at(y))); });
}

inline void SigmoidBackward(float* dy, const float* y, std::size_t n) {
  ForLanes(n, [&](auto at) {
    const F value = at(y);
    at.Put(dy, at(dy) * NegMulAdd(value, value, value));
  });
}

inline void SigmoidBias(const Region& region, float* y, const float* bias) {
  for (std::size_t row = 0; row < region.rows; ++row, y += region.stride) {
    ForLanes(region.columns, [&](auto at) { at.Put(y, Sigmoid(at(y) + at(bias))); });
  }
}

inline void SigmoidBiasBackward(const Region& region, float* dy, float* dbias, const float* y) {
  for (std::size_t row = 0; row < region.rows; ++row, dy += region.stride, y += region.stride) {
    ForLanes(region.columns, [&](auto at) {
      const F value = at(y);
      const F d = at(dy) * NegMulAdd(value, value, value);
      at.Put(dy, d);
      if (dbias != nullptr) at.Put(dbias, at(dbias) + d);
    });
  }
}

inline void Decay(const Region& region, float* d, const float* s) {
  const F scale = Set(-kDecayScale);
  for (std::size_t row = 0; row < region.rows; ++row, d += region.stride, s += region.stride) {
    ForLanes(region.columns, [&](auto at) { at.Put(d, Exp(at(s) * scale)); });
  }
}

inline void DecayBackward(const Region& region, float* ds, const float* dd, const float* d) {
  const F scale = Set(-kDecayScale);
  for (std::size_t row = 0; row < region.rows; ++row) {
    ForLanes(region.columns, [&](auto at) { at.Put(ds, at(dd) * at(d) * scale); });
    ds += region.stride;
    dd += region.stride;
    d += region.stride;
  }
}

inline void ValueResidual(const Region& region, float* v, const float* v0, const float* v_first,
                          const float* s) {
  for (std::size_t row = 0; row < region.rows; ++row) {
    ForLanes(region.columns, [&](auto at) {
      const F own = at(v0);
      at.Put(v, MulAdd(at(v_first) - own, at(s), own));
    });
    v += region.stride;
    v0 += region.stride;
    v_first += region.stride;
    s += region.stride;
  }
}

inline void ValueResidualBackward(const Region& region, float* dv0, float* dv_first, float* ds,
                                  const float* dv, const float* v0, const float* v_first, const float* s) {
  for (std::size_t row = 0; row < region.rows; ++row) {
    const std::size_t offset = row * region.stride;
    ForLanes(region.columns, [&](auto at) {
      const F d = at(dv + offset);
      const F shared = d * at(s + offset);
      const F difference = at(v_first + offset) - at(v0 + offset);
      at.Put(dv0 + offset, d - shared);
      at.Put(dv_first + offset, at(dv_first + offset) + shared);
      at.Put(ds + offset, d * difference);
    });
  }
}

inline void Key(const Region& region, const KeyArguments& p) {
  const std::size_t heads = region.columns / kHead;
  for (std::size_t row = 0; row < region.rows; ++row) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t column = head * kHead, offset = row * region.stride + column;
      const float *k0 = p.k0 + offset, *a = p.a + offset, *k_k = p.k_k + column, *k_a = p.k_a + column;
      float *minus_kk = p.minus_kk + offset, *b = p.b + offset, *k = p.k + offset;
      F squares = Zero();
      ForLanes(kHead, [&](auto at) {
        const F raw = at(k0) * at(k_k);
        squares = MulAdd(raw, raw, squares);
      });
      const float norm = sqrtf(ReduceAdd(squares));
      const float inverse = 1.0f / (norm > kNormalizeEpsilon ? norm : kNormalizeEpsilon);
      p.inverse_norm[row * p.norm_stride + head] = inverse;
      const F scale = Set(inverse), one = Set(1.0f);
      ForLanes(kHead, [&](auto at) {
        const F key = at(k0), rate = at(a);
        const F kk = key * at(k_k) * scale;
        at.Put(minus_kk, Zero() - kk);
        at.Put(b, kk * rate);
        at.Put(k, key * MulAdd(rate - one, at(k_a), one));
      });
    }
  }
}

// dkk = -dminus_kk + db a;  draw = (dkk - kk <kk, dkk>) / |raw|;  dk0 = draw k_k + dk (1 + (a - 1) k_a)
inline void KeyBackward(const Region& region, const KeyBackwardArguments& p) {
  const std::size_t heads = region.columns / kHead;
  const F one = Set(1.0f);
  for (std::size_t row = 0; row < region.rows; ++row) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t column = head * kHead, offset = row * region.stride + column;
      const float *minus_kk = p.minus_kk + offset, *a = p.a + offset, *k0 = p.k0 + offset;
      const float *dminus_kk = p.dminus_kk + offset, *db = p.db + offset, *dk = p.dk + offset;
      const float *k_k = p.k_k + column, *k_a = p.k_a + column;
      F projection = Zero();
      ForLanes(kHead, [&](auto at) {
        const F dkk = MulAdd(at(db), at(a), Zero() - at(dminus_kk));
        projection = NegMulAdd(at(minus_kk), dkk, projection);
      });
      const F along = Set(ReduceAdd(projection));
      const F scale = Set(p.inverse_norm[row * p.norm_stride + head]);
      ForLanes(kHead, [&](auto at) {
        const F rate = at(a), key = at(k0), kk = Zero() - at(minus_kk), dkey = at(dk);
        const F dkk = MulAdd(at(db), rate, Zero() - at(dminus_kk));
        const F draw = NegMulAdd(kk, along, dkk) * scale;
        const F key_rate = at(k_a);
        at.Put(p.dk0 + offset, MulAdd(draw, at(k_k), dkey * MulAdd(rate - one, key_rate, one)));
        const F drate = MulAdd(at(db), kk, dkey * key * key_rate);
        at.Put(p.da + offset, at(p.da + offset) + drate);
        if (p.dk_k != nullptr) at.Put(p.dk_k + column, MulAdd(draw, key, at(p.dk_k + column)));
        if (p.dk_a != nullptr) at.Put(p.dk_a + column, MulAdd(dkey * key, rate - one, at(p.dk_a + column)));
      });
    }
  }
}

inline void HeadOutput(const Region& region, const HeadOutputArguments& p) {
  const std::size_t heads = region.columns / kHead;
  const float inverse_n = 1.0f / static_cast<float>(kHead);
  for (std::size_t row = 0; row < region.rows; ++row) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t column = head * kHead, offset = row * region.stride + column;
      const std::size_t scalar = row * p.norm_stride + head;
      const float *y = p.y + offset, *r = p.r + offset, *k = p.k + offset;
      F sum = Zero(), match = Zero();
      ForLanes(kHead, [&](auto at) {
        sum = sum + at(y);
        match = MulAdd(at(r) * at(k), at(p.r_k + column), match);
      });
      const float mu = ReduceAdd(sum) * inverse_n;
      const F m = Set(mu);
      F squares = Zero();
      ForLanes(kHead, [&](auto at) {
        const F centred = at(y) - m;
        squares = MulAdd(centred, centred, squares);
      });
      const float inverse = 1.0f / sqrtf(ReduceAdd(squares) * inverse_n + kGroupNormEpsilon);
      const float bonus = ReduceAdd(match);
      p.mean[scalar] = mu;
      p.rstd[scalar] = inverse;
      p.bonus[scalar] = bonus;
      const F s = Set(inverse), weight_of_v = Set(bonus);
      ForLanes(kHead, [&](auto at) {
        const F normed = MulAdd((at(y) - m) * s, at(p.weight + column), at(p.bias + column));
        const F o = MulAdd(weight_of_v, at(p.v + offset), normed);
        at.Put(p.o + offset, o);
        at.Put(p.z + offset, o * at(p.g + offset));
      });
    }
  }
}

inline void HeadOutputBackward(const Region& region, const HeadOutputBackwardArguments& p) {
  const std::size_t heads = region.columns / kHead;
  const float inverse_n = 1.0f / static_cast<float>(kHead);
  for (std::size_t row = 0; row < region.rows; ++row) {
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t column = head * kHead, offset = row * region.stride + column;
      const std::size_t scalar = row * p.norm_stride + head;
      const F m = Set(p.mean[scalar]), s = Set(p.rstd[scalar]), bonus = Set(p.bonus[scalar]);
      F sum_g = Zero(), sum_gy = Zero(), dbonus_lanes = Zero();
      ForLanes(kHead, [&](auto at) {
        const F dout = at(p.dz + offset) * at(p.g + offset);
        const F normed = (at(p.y + offset) - m) * s;
        const F g = dout * at(p.weight + column);
        sum_g = sum_g + g;
        sum_gy = MulAdd(g, normed, sum_gy);
        dbonus_lanes = MulAdd(dout, at(p.v + offset), dbonus_lanes);
      });
      const F mean_g = Set(ReduceAdd(sum_g) * inverse_n), mean_gy = Set(ReduceAdd(sum_gy) * inverse_n);
      const F dbonus = Set(ReduceAdd(dbonus_lanes));
      ForLanes(kHead, [&](auto at) {
        const F dz = at(p.dz + offset);
        const F dout = dz * at(p.g + offset);
        const F normed = (at(p.y + offset) - m) * s;
        const F g = dout * at(p.weight + column);
        const F r = at(p.r + offset), k = at(p.k + offset), r_k = at(p.r_k + column);
        at.Put(p.dg + offset, dz * at(p.o + offset));
        at.Put(p.dy + offset, s * NegMulAdd(normed, mean_gy, g - mean_g));
        at.Put(p.dv + offset, dout * bonus);
        at.Put(p.dr + offset, dbonus * k * r_k);
        at.Put(p.dk + offset, dbonus * r * r_k);
        if (p.dr_k != nullptr) at.Put(p.dr_k + column, MulAdd(dbonus, r * k, at(p.dr_k + column)));
        if (p.dweight != nullptr) at.Put(p.dweight + column, MulAdd(dout, normed, at(p.dweight + column)));
        if (p.dbias != nullptr) at.Put(p.dbias + column, at(p.dbias + column) + dout);
      });
    }
  }
}

inline void ReluSquared(float* positive, float* squared, std::size_t n) {
  ForLanes(n, [&](auto at) {
    const F value = Max(at(positive), Zero());
    at.Put(positive, value);
    at.Put(squared, value * value);
  });
}

inline void ReluSquaredBackward(float* dsquared, const float* positive, std::size_t n) {
  ForLanes(n, [&](auto at) {
    const F value = at(positive);
    at.Put(dsquared, at(dsquared) * (value + value));
  });
}

inline SoftmaxRow SoftmaxStatistics(const float* logits, std::size_t n) {
  F highest = Set(logits[0]);
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) highest = Max(highest, Load(logits + i));
  float maximum = ReduceMax(highest);
  for (; i < n; ++i) maximum = logits[i] > maximum ? logits[i] : maximum;
  std::size_t best = 0;
  while (best + 1 < n && logits[best] != maximum) ++best;
  const F m = Set(maximum);
  F lanes = Zero();
  float tail = 0;
  for (i = 0; i + kLanes <= n; i += kLanes) lanes = lanes + Exp(Load(logits + i) - m);
  if (i < n) {
    alignas(64) float rest[kLanes];
    Store(rest, Exp(LoadPartial(logits + i, n - i) - m));
    for (std::size_t j = 0; j < n - i; ++j) tail += rest[j];
  }
  return {maximum, maximum + logf(ReduceAdd(lanes) + tail), best};
}

inline void SoftmaxScaled(float* out, const float* logits, float log_sum_exp, float scale, std::size_t n) {
  const F shift = Set(log_sum_exp), factor = Set(scale);
  ForLanes(n, [&](auto at) { at.Put(out, factor * Exp(at(logits) - shift)); });
}

inline float KlDivergence(const float* p_logits, float p_log_sum_exp, const float* q_logits,
                          float q_log_sum_exp, std::size_t n) {
  const F p_shift = Set(p_log_sum_exp), q_shift = Set(q_log_sum_exp);
  F sum = Zero();
  float tail = 0;
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const F log_p = Load(p_logits + i) - p_shift;
    sum = MulAdd(Exp(log_p), log_p - (Load(q_logits + i) - q_shift), sum);
  }
  if (i < n) {
    alignas(64) float rest[kLanes];
    const F log_p = LoadPartial(p_logits + i, n - i) - p_shift;
    Store(rest, Exp(log_p) * (log_p - (LoadPartial(q_logits + i, n - i) - q_shift)));
    for (std::size_t j = 0; j < n - i; ++j) tail += rest[j];
  }
  return ReduceAdd(sum) + tail;
}

// p *= 1 - lr wd; m, v: moving averages; p -= lr m^ / (sqrt(v^) + eps). Entries with a zero gradient history
// stay finite for any epsilon: their m^ is zero, and 0 / (0 + 1e-18) is 0 (a zero epsilon is replaced at the
// door).
inline void AdamW(const AdamWArguments& p) {
  const F scale = Set(p.gradient_scale), b1 = Set(p.beta1), b2 = Set(p.beta2);
  const F c1 = Set(1.0f - p.beta1), c2 = Set(1.0f - p.beta2), keep = Set(1.0f - p.decay);
  const F rate = Set(p.learning_rate * p.correction1), correction2 = Set(p.correction2),
          epsilon = Set(p.epsilon);
  ForLanes(p.n, [&](auto at) {
    const F g = at(p.gradient) * scale;
    const F m = MulAdd(b1, at(p.m), c1 * g);
    const F v = MulAdd(b2, at(p.v), c2 * g * g);
    at.Put(p.m, m);
    at.Put(p.v, v);
    at.Put(p.parameter, at(p.parameter) * keep - rate * m / (Sqrt(v * correction2) + epsilon));
  });
}

}  // namespace elementwise

constexpr ElementwiseKernels kElementwise = {
    .dot = elementwise::Dot,
    .add_scaled = elementwise::AddScaled,
    .sum_of_squares = elementwise::SumOfSquares,
    .layer_norm = elementwise::LayerNorm,
    .layer_norm_backward = elementwise::LayerNormBackward,
    .layer_norm_backward_parameters = elementwise::LayerNormBackwardParameters,
    .token_shift = elementwise::TokenShift,
    .token_shift_backward = elementwise::TokenShiftBackward,
    .tanh = elementwise::TanhForward,
    .tanh_backward = elementwise::TanhBackward,
    .sigmoid = elementwise::SigmoidForward,
    .sigmoid_backward = elementwise::SigmoidBackward,
    .sigmoid_bias = elementwise::SigmoidBias,
    .sigmoid_bias_backward = elementwise::SigmoidBiasBackward,
    .decay = elementwise::Decay,
    .decay_backward = elementwise::DecayBackward,
    .value_residual = elementwise::ValueResidual,
    .value_residual_backward = elementwise::ValueResidualBackward,
    .key = elementwise::Key,
    .key_backward = elementwise::KeyBackward,
    .head_output = elementwise::HeadOutput,
    .head_output_backward = elementwise::HeadOutputBackward,
    .relu_squared = elementwise::ReluSquared,
    .relu_squared_backward = elementwise::ReluSquaredBackward,
    .softmax_statistics = elementwise::SoftmaxStatistics,
    .softmax_scaled = elementwise::SoftmaxScaled,
    .kl_divergence = elementwise::KlDivergence,
    .adamw = elementwise::AdamW,
};

}  // namespace OURO_SIMD_NAMESPACE
}  // namespace ouroboros
