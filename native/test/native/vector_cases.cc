// Kernels of n floats.

#include <algorithm>
#include <iterator>
#include <limits>

#include "comparison.h"

namespace ouroboros::check {
namespace {

struct VectorCase {
  const char* name;
  std::size_t shortest;
  void (*run)(Run&, std::size_t n);
};

const VectorCase kCases[] = {
    {"dot", 0,
     [](Run& run, std::size_t n) {
       run.Return(run.kernels.elementwise.dot(run.Floats(n), run.Floats(n), n));
     }},
    {"add_scaled", 0,
     [](Run& run, std::size_t n) {
       float* const y = run.Floats(n);
       run.kernels.elementwise.add_scaled(y, run.Floats(n), -1.5f, n);
     }},
    {"sum_of_squares", 0,
     [](Run& run, std::size_t n) {
       const std::size_t blocks = n < 30 ? n : 100 * n;  // several of its blocks
       run.Return(run.kernels.elementwise.sum_of_squares(run.Floats(blocks), blocks));
     }},
    {"tanh", 0, [](Run& run, std::size_t n) { run.kernels.elementwise.tanh(run.Floats(n, 6.0f), n); }},
    {"tanh_backward", 0,
     [](Run& run, std::size_t n) {
       float* const dy = run.Floats(n);
       run.kernels.elementwise.tanh_backward(dy, run.Floats(n), n);
     }},
    {"sigmoid", 0, [](Run& run, std::size_t n) { run.kernels.elementwise.sigmoid(run.Floats(n, 30.0f), n); }},
    {"sigmoid_backward", 0,
     [](Run& run, std::size_t n) {
       float* const dy = run.Floats(n);
       run.kernels.elementwise.sigmoid_backward(dy, run.Between(0.0f, 1.0f, n), n);
     }},
    {"relu_squared", 0,
     [](Run& run, std::size_t n) {
       float* const positive = run.Floats(n);
       run.kernels.elementwise.relu_squared(positive, run.Floats(n), n);
     }},
    {"relu_squared_backward", 0,
     [](Run& run, std::size_t n) {
       float* const dsquared = run.Floats(n);
       run.kernels.elementwise.relu_squared_backward(dsquared, run.Between(0.0f, 2.0f, n), n);
     }},
    {"softmax_statistics", 1,
     [](Run& run, std::size_t n) {
       float* const logits = run.Floats(n, 20.0f);
       if (n > 8) logits[n - 1] = logits[3] = 30.0f;  // a tie: the first one counts
       const SoftmaxRow row = run.kernels.elementwise.softmax_statistics(logits, n);
       run.Return(row.maximum);
       run.Return(row.log_sum_exp);
       run.Return(static_cast<double>(row.best));
     }},
    {"softmax_scaled", 0,
     [](Run& run, std::size_t n) {
       float* const out = run.Floats(n);
       run.kernels.elementwise.softmax_scaled(out, run.Floats(n, 20.0f), 21.0f, 0.5f, n);
     }},
    {"softmax_scaled in place", 0,
     [](Run& run, std::size_t n) {
       float* const logits = run.Floats(n, 3.0f);
       run.kernels.elementwise.softmax_scaled(logits, logits, 4.0f, 2.0f, n);
     }},
    {"kl_divergence", 1,
     [](Run& run, std::size_t n) {
       const float* const p = run.Floats(n, 5.0f);
       run.Return(run.kernels.elementwise.kl_divergence(p, 6.0f, run.Floats(n, 5.0f), 7.0f, n));
     }},
    {"adamw", 0,
     [](Run& run, std::size_t n) {
       AdamWArguments p = {};
       p.parameter = run.Floats(n);
       p.m = run.Floats(n, 0.1f);
       p.v = run.Between(0.0f, 0.1f, n);
       p.gradient = run.Floats(n);
       p.n = n;
       p.gradient_scale = 0.5f;
       p.beta1 = 0.9f;
       p.beta2 = 0.99f;
       p.epsilon = 1e-8f;
       p.learning_rate = 1e-2f;
       p.correction1 = 1.7f;
       p.correction2 = 2.3f;
       p.decay = 1e-3f;
       run.kernels.elementwise.adamw(p);
     }},
    {"probe.read", 0,
     [](Run& run, std::size_t n) { run.Return(run.kernels.probe.read(run.Floats(9 * n), 9 * n)); }},
};

// What has no sum: a kernel must treat each of these as the portable one does, wherever it stands in a
// vector.
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kSpecial[] = {kNaN,   kInfinity, -kInfinity, 0.0f,     -0.0f,  1e-40f, -1e-40f,   1e30f,
                              -1e30f, -87.5f,    -95.0f,     -103.5f,  -104.5, 88.5f,  89.5f,     1e-30f,
                              0.5f,   -0.5f,     0.3466f,    -0.3466f, 20.0f,  -20.0f, 8388607.0f};
constexpr std::size_t kSpecials = std::size(kSpecial);

const VectorCase kSpecialCases[] = {
    {"tanh", 0,
     [](Run& run, std::size_t n) {
       float* const y = run.Floats(n);
       std::copy_n(kSpecial, n, y);
       run.kernels.elementwise.tanh(y, n);
     }},
    {"sigmoid", 0,
     [](Run& run, std::size_t n) {
       float* const y = run.Floats(n);
       std::copy_n(kSpecial, n, y);
       run.kernels.elementwise.sigmoid(y, n);
     }},
    {"exp", 0,
     [](Run& run, std::size_t n) {
       float* const y = run.Floats(n);
       std::copy_n(kSpecial, n, y);
       run.kernels.elementwise.softmax_scaled(y, y, 0.0f, 1.0f, n);
     }},
    {"relu_squared", 0,
     [](Run& run, std::size_t n) {
       float* const y = run.Floats(n);
       std::copy_n(kSpecial, n, y);
       run.kernels.elementwise.relu_squared(y, run.Floats(n), n);
     }},
};

}  // namespace

void CheckVectors(Comparison& comparison) {
  for (const VectorCase& c : kCases) {
    for (std::size_t n = c.shortest; n <= kLengthMax; ++n) {
      comparison.Check(std::string(c.name) + " of " + std::to_string(n), [&](Run& run) { c.run(run, n); });
    }
  }
  for (const VectorCase& c : kSpecialCases) {
    for (std::size_t n = 1; n <= kSpecials; ++n) {
      comparison.Check(std::string(c.name) + " of special values", [&](Run& run) { c.run(run, n); });
    }
  }
}

}  // namespace ouroboros::check
