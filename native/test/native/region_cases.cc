// Kernels of regions: rows of a tensor with gaps between them.

#include "comparison.h"

namespace ouroboros::check {
namespace {

constexpr std::size_t kRows = 3;

// The tensors of one call: all have the region's rows, its stride and no more floats than they must.
class Tensors {
 public:
  Tensors(Run& run, std::size_t columns, std::size_t gap)
      : region{kRows, columns, columns + gap}, run_(run), floats_((kRows - 1) * (columns + gap) + columns) {}

  const Region region;

  float* Rows(float size = 1.0f) { return run_.Floats(floats_, size); }
  float* RowsBetween(float low, float high) { return run_.Between(low, high, floats_); }
  float* Row(float size = 1.0f) { return run_.Floats(region.columns, size); }
  // One float per head of each row, with a gap.
  float* Heads() { return run_.Floats((kRows - 1) * norm_stride() + region.columns / kHeadSize); }
  float* HeadsBetween(float low, float high) {
    return run_.Between(low, high, (kRows - 1) * norm_stride() + region.columns / kHeadSize);
  }
  std::size_t norm_stride() const { return region.columns / kHeadSize + 1; }
  // One float per row.
  float* Column(float low, float high) { return run_.Between(low, high, kRows); }

 private:
  Run& run_;
  std::size_t floats_;
};

struct RegionCase {
  const char* name;
  std::size_t narrowest;
  void (*run)(const ElementwiseKernels&, Tensors&);
};

void TokenShift(const ElementwiseKernels& kernels, Tensors& t, std::size_t count) {
  TokenShiftArguments p = {};
  p.count = count;
  p.h = t.Rows();
  p.previous = t.Row();
  for (std::size_t c = 0; c < count; ++c) {
    p.mix[c] = t.Row();
    p.out[c] = t.Rows();
  }
  kernels.token_shift(t.region, p);
}

void TokenShiftBackward(const ElementwiseKernels& kernels, Tensors& t, std::size_t count, bool is_frozen) {
  TokenShiftBackwardArguments p = {};
  p.count = count;
  p.dh = t.Rows();
  p.dprevious = is_frozen ? nullptr : t.Row();
  p.h = t.Rows();
  p.previous = t.Row();
  for (std::size_t c = 0; c < count; ++c) {
    p.dmix[c] = is_frozen && c % 2 == 0 ? nullptr : t.Row();
    p.dout[c] = t.Rows();
    p.mix[c] = t.Row();
  }
  kernels.token_shift_backward(t.region, p);
}

const RegionCase kCases[] = {
    {"layer_norm", 1,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float *const y = t.Rows(), *const mean = t.Column(0.0f, 1.0f), *const rstd = t.Column(0.0f, 1.0f);
       const float *const x = t.Rows(), *const weight = t.Row();
       kernels.layer_norm(t.region, y, mean, rstd, x, weight, t.Row(), 1e-2f);
     }},
    {"layer_norm_backward", 1,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float* const dx = t.Rows();
       const float *const dy = t.Rows(), *const x = t.Rows(), *const weight = t.Row();
       const float* const mean = t.Column(-0.1f, 0.1f);
       kernels.layer_norm_backward(t.region, dx, dy, x, weight, mean, t.Column(0.5f, 2.0f));
     }},
    {"layer_norm_backward_parameters", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float *const dweight = t.Row(), *const dbias = t.Row();
       const float *const dy = t.Rows(), *const x = t.Rows(), *const mean = t.Column(-0.1f, 0.1f);
       kernels.layer_norm_backward_parameters(t.region, dweight, dbias, dy, x, mean, t.Column(0.5f, 2.0f));
     }},
    {"token_shift of 1", 0, [](const ElementwiseKernels& kernels, Tensors& t) { TokenShift(kernels, t, 1); }},
    {"token_shift of 6", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { TokenShift(kernels, t, kMixesMax); }},
    {"token_shift_backward of 1", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { TokenShiftBackward(kernels, t, 1, false); }},
    {"token_shift_backward of 6", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { TokenShiftBackward(kernels, t, kMixesMax, false); }},
    {"token_shift_backward, some frozen", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { TokenShiftBackward(kernels, t, kMixesMax, true); }},
    {"sigmoid_bias", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float* const y = t.Rows(5.0f);
       kernels.sigmoid_bias(t.region, y, t.Row());
     }},
    {"sigmoid_bias_backward", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float *const dy = t.Rows(), *const dbias = t.Row();
       kernels.sigmoid_bias_backward(t.region, dy, dbias, t.RowsBetween(0.0f, 1.0f));
     }},
    {"sigmoid_bias_backward, frozen", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float* const dy = t.Rows();
       kernels.sigmoid_bias_backward(t.region, dy, nullptr, t.RowsBetween(0.0f, 1.0f));
     }},
    {"decay", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float* const d = t.Rows();
       kernels.decay(t.region, d, t.RowsBetween(0.0f, 1.0f));
     }},
    {"decay_backward", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float *const ds = t.Rows(), *const dd = t.Rows();
       kernels.decay_backward(t.region, ds, dd, t.RowsBetween(0.5f, 1.0f));
     }},
    {"value_residual", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float *const v = t.Rows(), *const v0 = t.Rows(), *const v_first = t.Rows();
       kernels.value_residual(t.region, v, v0, v_first, t.RowsBetween(0.0f, 1.0f));
     }},
    {"value_residual_backward", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) {
       float *const dv0 = t.Rows(), *const dv_first = t.Rows(), *const ds = t.Rows();
       const float *const dv = t.Rows(), *const v0 = t.Rows(), *const v_first = t.Rows();
       kernels.value_residual_backward(t.region, dv0, dv_first, ds, dv, v0, v_first,
                                       t.RowsBetween(0.0f, 1.0f));
     }},
};

void Key(const ElementwiseKernels& kernels, Tensors& t) {
  KeyArguments p = {};
  p.minus_kk = t.Rows();
  p.b = t.Rows();
  p.k = t.Rows();
  p.inverse_norm = t.Heads();
  p.norm_stride = t.norm_stride();
  p.k0 = t.Rows();
  p.a = t.RowsBetween(0.0f, 1.0f);
  p.k_k = t.Row();
  p.k_a = t.Row();
  kernels.key(t.region, p);
}

void KeyBackward(const ElementwiseKernels& kernels, Tensors& t, bool is_frozen) {
  KeyBackwardArguments p = {};
  p.dk0 = t.Rows();
  p.da = t.Rows();
  p.dk_k = is_frozen ? nullptr : t.Row();
  p.dk_a = is_frozen ? nullptr : t.Row();
  p.dminus_kk = t.Rows();
  p.db = t.Rows();
  p.dk = t.Rows();
  p.minus_kk = t.Rows(0.2f);
  p.inverse_norm = t.HeadsBetween(0.1f, 0.5f);
  p.k0 = t.Rows();
  p.a = t.RowsBetween(0.0f, 1.0f);
  p.k_k = t.Row();
  p.k_a = t.Row();
  p.norm_stride = t.norm_stride();
  kernels.key_backward(t.region, p);
}

void HeadOutput(const ElementwiseKernels& kernels, Tensors& t) {
  HeadOutputArguments p = {};
  p.o = t.Rows();
  p.z = t.Rows();
  p.mean = t.Heads();
  p.rstd = t.Heads();
  p.bonus = t.Heads();
  p.norm_stride = t.norm_stride();
  p.y = t.Rows();
  p.r = t.Rows();
  p.k = t.Rows();
  p.v = t.Rows();
  p.g = t.Rows();
  p.weight = t.Row();
  p.bias = t.Row();
  p.r_k = t.Row();
  kernels.head_output(t.region, p);
}

void HeadOutputBackward(const ElementwiseKernels& kernels, Tensors& t, bool is_frozen) {
  HeadOutputBackwardArguments p = {};
  p.dy = t.Rows();
  p.dr = t.Rows();
  p.dk = t.Rows();
  p.dv = t.Rows();
  p.dg = t.Rows();
  p.dweight = is_frozen ? nullptr : t.Row();
  p.dbias = is_frozen ? nullptr : t.Row();
  p.dr_k = is_frozen ? nullptr : t.Row();
  p.dz = t.Rows();
  p.o = t.Rows();
  p.y = t.Rows();
  p.r = t.Rows();
  p.k = t.Rows();
  p.v = t.Rows();
  p.g = t.Rows();
  p.weight = t.Row();
  p.r_k = t.Row();
  p.mean = t.HeadsBetween(-0.1f, 0.1f);
  p.rstd = t.HeadsBetween(0.5f, 2.0f);
  p.bonus = t.Heads();
  p.norm_stride = t.norm_stride();
  kernels.head_output_backward(t.region, p);
}

const RegionCase kHeadCases[] = {
    {"key", 0, Key},
    {"key_backward", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { KeyBackward(kernels, t, false); }},
    {"key_backward, frozen", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { KeyBackward(kernels, t, true); }},
    {"head_output", 0, HeadOutput},
    {"head_output_backward", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { HeadOutputBackward(kernels, t, false); }},
    {"head_output_backward, frozen", 0,
     [](const ElementwiseKernels& kernels, Tensors& t) { HeadOutputBackward(kernels, t, true); }},
};

void CheckRegion(Comparison& comparison, const RegionCase& c, std::size_t columns) {
  for (const std::size_t gap : {0, 5}) {
    comparison.Check(std::string(c.name) + " of " + std::to_string(columns) + " columns", [&](Run& run) {
      Tensors tensors(run, columns, gap);
      c.run(run.kernels.elementwise, tensors);
    });
  }
}

}  // namespace

void CheckRegions(Comparison& comparison) {
  for (const RegionCase& c : kCases) {
    for (std::size_t n = c.narrowest; n <= kLengthMax; ++n) CheckRegion(comparison, c, n);
  }
  for (const RegionCase& c : kHeadCases) {
    for (const std::size_t heads : {1, 2, 3}) CheckRegion(comparison, c, heads * kHeadSize);
  }
}

}  // namespace ouroboros::check
