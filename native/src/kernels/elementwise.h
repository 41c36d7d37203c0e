// Element-wise, normalising and reducing kernels; elementwise_impl.h is their one source.
//
// Most work on a region of row-major tensors that share one row stride: `rows` rows of `columns` floats. The
// same kernel so serves a block of rows (forward passes, which are row-local) and a slice of columns
// (backward passes, where each parameter gradient is summed over all rows by one thread, hence in one order).
// "Accumulates" means +=; everything else is overwritten. Equations: native/MODEL.md.
#pragma once

#include <cstddef>

namespace ouroboros {

struct Region {
  std::size_t rows, columns, stride;
};

// Six token-shift mixes of time mixing, in the order r, w, k, v, a, g; channel mixing uses one.
constexpr std::size_t kMixesMax = 6;

struct TokenShiftArguments {
  std::size_t count;            // mixes in use, 1 .. 6
  const float* h;               // [rows, columns] strided
  const float* previous;        // [columns]: the row before h's first
  const float* mix[kMixesMax];  // [columns] each
  float* out[kMixesMax];        // forward: out = h + (h_{t-1} - h) * mix
};

struct TokenShiftBackwardArguments {
  std::size_t count;
  float* dh;                     // [rows, columns] strided; accumulates
  float* dprevious;              // [columns]; accumulates; may be null
  float* dmix[kMixesMax];        // [columns] each; accumulate; null where frozen
  const float* dout[kMixesMax];  // [rows, columns] strided
  const float* h;
  const float* previous;
  const float* mix[kMixesMax];
};

// kk, k, b of time mixing (MODEL.md eq. 5); whole heads only (columns % 64 == 0).
struct KeyArguments {
  float *minus_kk, *b, *k;  // out, strided: -kk, kk * a, k0 * (1 + (a - 1) * k_a)
  float* inverse_norm;      // [rows, heads] with row stride norm_stride
  std::size_t norm_stride;
  const float *k0, *a;     // strided
  const float *k_k, *k_a;  // [columns]
};

struct KeyBackwardArguments {
  float *dk0, *da;     // strided; dk0 is written, da accumulates
  float *dk_k, *dk_a;  // [columns]; accumulate; null where frozen
  const float *dminus_kk, *db, *dk;
  const float *minus_kk, *inverse_norm, *k0, *a, *k_k, *k_a;
  std::size_t norm_stride;
};

// GroupNorm per head, bonus and output gate (MODEL.md eq. 7); whole heads only.
struct HeadOutputArguments {
  float *o, *z;                // strided: before and after the gate
  float *mean, *rstd, *bonus;  // [rows, heads], row stride norm_stride; saved
  std::size_t norm_stride;
  const float *y, *r, *k, *v, *g;    // strided
  const float *weight, *bias, *r_k;  // [columns]
};

struct HeadOutputBackwardArguments {
  float *dy, *dr, *dk, *dv, *dg;  // strided; written
  float *dweight, *dbias, *dr_k;  // [columns]; accumulate; null where frozen
  const float *dz, *o, *y, *r, *k, *v, *g, *weight, *r_k, *mean, *rstd, *bonus;
  std::size_t norm_stride;
};

struct AdamWArguments {
  float *parameter, *m, *v;
  const float* gradient;
  std::size_t n;
  float gradient_scale;  // clipping factor
  float beta1, beta2, epsilon;
  float learning_rate;
  float correction1, correction2;  // 1 / (1 - beta^step)
  float decay;                     // learning_rate * weight_decay
};

struct SoftmaxRow {
  float maximum;
  float log_sum_exp;  // of the whole row
  std::size_t best;   // first arg-max
};

struct ElementwiseKernels {
  float (*dot)(const float* a, const float* b, std::size_t n);
  void (*add_scaled)(float* y, const float* x, float scale, std::size_t n);  // y += scale * x
  double (*sum_of_squares)(const float* x, std::size_t n);

  // y = (x - mean) * rstd * weight + bias, per row; mean, rstd: [rows], saved.
  void (*layer_norm)(const Region&, float* y, float* mean, float* rstd, const float* x, const float* weight,
                     const float* bias, float epsilon);
  // dx accumulates. Row blocks only (columns = the whole width).
  void (*layer_norm_backward)(const Region&, float* dx, const float* dy, const float* x, const float* weight,
                              const float* mean, const float* rstd);
  // dweight, dbias accumulate over all rows. Column slices.
  void (*layer_norm_backward_parameters)(const Region&, float* dweight, float* dbias, const float* dy,
                                         const float* x, const float* mean, const float* rstd);

  void (*token_shift)(const Region&, const TokenShiftArguments&);
  void (*token_shift_backward)(const Region&, const TokenShiftBackwardArguments&);

  void (*tanh)(float* y, std::size_t n);                               // in place
  void (*tanh_backward)(float* dy, const float* y, std::size_t n);     // dy *= 1 - y^2
  void (*sigmoid)(float* y, std::size_t n);                            // in place
  void (*sigmoid_backward)(float* dy, const float* y, std::size_t n);  // dy *= y (1 - y)

  // y = sigmoid(y + bias), in place.
  void (*sigmoid_bias)(const Region&, float* y, const float* bias);
  // dy *= y (1 - y); dbias += column sums (null where frozen).
  void (*sigmoid_bias_backward)(const Region&, float* dy, float* dbias, const float* y);

  // d = exp(-exp(-0.5) * s), s = sigmoid(u).
  void (*decay)(const Region&, float* d, const float* s);
  void (*decay_backward)(const Region&, float* ds, const float* dd, const float* d);

  // v = v0 + (v_first - v0) * s
  void (*value_residual)(const Region&, float* v, const float* v0, const float* v_first, const float* s);
  // dv0 and ds are written, dv_first accumulates.
  void (*value_residual_backward)(const Region&, float* dv0, float* dv_first, float* ds, const float* dv,
                                  const float* v0, const float* v_first, const float* s);

  void (*key)(const Region&, const KeyArguments&);
  void (*key_backward)(const Region&, const KeyBackwardArguments&);
  void (*head_output)(const Region&, const HeadOutputArguments&);
  void (*head_output_backward)(const Region&, const HeadOutputBackwardArguments&);

  // positive = max(x, 0) in place; squared = positive^2
  void (*relu_squared)(float* positive, float* squared, std::size_t n);
  void (*relu_squared_backward)(float* dsquared, const float* positive, std::size_t n);  // *= 2 positive

  SoftmaxRow (*softmax_statistics)(const float* logits, std::size_t n);
  // out = scale * exp(logits - log_sum_exp); out may be logits.
  void (*softmax_scaled)(float* out, const float* logits, float log_sum_exp, float scale, std::size_t n);
  // sum p_i * (log p_i - log q_i) from both rows' logits.
  float (*kl_divergence)(const float* p_logits, float p_log_sum_exp, const float* q_logits,
                         float q_log_sum_exp, std::size_t n);

  void (*adamw)(const AdamWArguments&);
};

}  // namespace ouroboros
