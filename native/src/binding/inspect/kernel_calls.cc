// How each kernel takes its arguments from a KernelCall.

#include <map>

#include "base/error.h"
#include "binding/inspect/kernel_call.h"

namespace ouroboros::binding {
namespace {

using C = KernelCall;
using Runner = void (*)(C&);

void RunTokenShift(C& c) {
  TokenShiftArguments p{};
  p.count = c.Size(3);
  p.h = c.Pointer(0);
  p.previous = c.Pointer(1);
  for (std::size_t i = 0; i < p.count; ++i) {
    p.mix[i] = c.Pointer(2 + 2 * i);
    p.out[i] = c.Pointer(3 + 2 * i);
  }
  c.kernels.elementwise.token_shift(c.AsRegion(), p);
}

void RunTokenShiftBackward(C& c) {
  TokenShiftBackwardArguments p{};
  p.count = c.Size(3);
  p.dh = c.Pointer(0);
  p.dprevious = c.Pointer(1);
  p.h = c.Pointer(2);
  p.previous = c.Pointer(3);
  for (std::size_t i = 0; i < p.count; ++i) {
    p.dmix[i] = c.Pointer(4 + 3 * i);
    p.dout[i] = c.Pointer(5 + 3 * i);
    p.mix[i] = c.Pointer(6 + 3 * i);
  }
  c.kernels.elementwise.token_shift_backward(c.AsRegion(), p);
}

void RunKey(C& c) {
  c.kernels.elementwise.key(c.AsRegion(), {c.Pointer(0), c.Pointer(1), c.Pointer(2), c.Pointer(3), c.Size(3),
                                           c.Pointer(4), c.Pointer(5), c.Pointer(6), c.Pointer(7)});
}

void RunKeyBackward(C& c) {
  c.kernels.elementwise.key_backward(
      c.AsRegion(),
      {c.Pointer(0), c.Pointer(1), c.Pointer(2), c.Pointer(3), c.Pointer(4), c.Pointer(5), c.Pointer(6),
       c.Pointer(7), c.Pointer(8), c.Pointer(9), c.Pointer(10), c.Pointer(11), c.Pointer(12), c.Size(3)});
}

void RunHeadOutput(C& c) {
  c.kernels.elementwise.head_output(
      c.AsRegion(),
      {c.Pointer(0), c.Pointer(1), c.Pointer(2), c.Pointer(3), c.Pointer(4), c.Size(3), c.Pointer(5),
       c.Pointer(6), c.Pointer(7), c.Pointer(8), c.Pointer(9), c.Pointer(10), c.Pointer(11), c.Pointer(12)});
}

void RunHeadOutputBackward(C& c) {
  c.kernels.elementwise.head_output_backward(
      c.AsRegion(), {c.Pointer(0),  c.Pointer(1),  c.Pointer(2),  c.Pointer(3),  c.Pointer(4),  c.Pointer(5),
                     c.Pointer(6),  c.Pointer(7),  c.Pointer(8),  c.Pointer(9),  c.Pointer(10), c.Pointer(11),
                     c.Pointer(12), c.Pointer(13), c.Pointer(14), c.Pointer(15), c.Pointer(16), c.Pointer(17),
                     c.Pointer(18), c.Pointer(19), c.Size(3)});
}

void RunSoftmaxStatistics(C& c) {
  const SoftmaxRow row = c.kernels.elementwise.softmax_statistics(c.Pointer(0), c.Size(0));
  c.Return(row.maximum);
  c.Return(row.log_sum_exp);
  c.Return(static_cast<double>(row.best));
}

void RunAdamW(C& c) {
  c.kernels.elementwise.adamw({c.Pointer(0), c.Pointer(1), c.Pointer(2), c.Pointer(3), c.Size(0), c.Scalar(0),
                               c.Scalar(1), c.Scalar(2), c.Scalar(3), c.Scalar(4), c.Scalar(5), c.Scalar(6),
                               c.Scalar(7)});
}

void RunWkvForward(C& c) {
  c.kernels.wkv.forward({c.Size(0), c.Size(1), c.Pointer(0), c.Pointer(1), c.Pointer(2), c.Pointer(3),
                         c.Pointer(4), c.Pointer(5), c.Pointer(6), c.Pointer(7), c.Pointer(8), c.Pointer(9)});
}

void RunWkvBackward(C& c) {
  struct alignas(64) Scratch {
    float values[kWkvBackwardScratch];
  };
  std::vector<Scratch> scratch(1);
  c.kernels.wkv.backward({c.Size(0), c.Size(1), c.Pointer(0), c.Pointer(1), c.Pointer(2), c.Pointer(3),
                          c.Pointer(4), c.Pointer(5), c.Pointer(6), c.Pointer(7), c.Pointer(8), c.Pointer(9),
                          c.Pointer(10), c.Pointer(11), c.Pointer(12), c.Pointer(13), c.Pointer(14),
                          c.Pointer(15), scratch.front().values});
}

const std::map<std::string, Runner>& Runners() {
  static const std::map<std::string, Runner> runners = {
      {"dot", [](C& c) { c.Return(c.kernels.elementwise.dot(c.Pointer(0), c.Pointer(1), c.Size(0))); }},
      {"add_scaled",
       [](C& c) { c.kernels.elementwise.add_scaled(c.Pointer(0), c.Pointer(1), c.Scalar(0), c.Size(0)); }},
      {"sum_of_squares",
       [](C& c) { c.Return(c.kernels.elementwise.sum_of_squares(c.Pointer(0), c.Size(0))); }},
      {"layer_norm",
       [](C& c) {
         c.kernels.elementwise.layer_norm(c.AsRegion(), c.Pointer(0), c.Pointer(1), c.Pointer(2),
                                          c.Pointer(3), c.Pointer(4), c.Pointer(5), c.Scalar(0));
       }},
      {"layer_norm_backward",
       [](C& c) {
         c.kernels.elementwise.layer_norm_backward(c.AsRegion(), c.Pointer(0), c.Pointer(1), c.Pointer(2),
                                                   c.Pointer(3), c.Pointer(4), c.Pointer(5));
       }},
      {"layer_norm_backward_parameters",
       [](C& c) {
         c.kernels.elementwise.layer_norm_backward_parameters(c.AsRegion(), c.Pointer(0), c.Pointer(1),
                                                              c.Pointer(2), c.Pointer(3), c.Pointer(4),
                                                              c.Pointer(5));
       }},
      {"token_shift", RunTokenShift},
      {"token_shift_backward", RunTokenShiftBackward},
      {"tanh", [](C& c) { c.kernels.elementwise.tanh(c.Pointer(0), c.Size(0)); }},
      {"tanh_backward",
       [](C& c) { c.kernels.elementwise.tanh_backward(c.Pointer(0), c.Pointer(1), c.Size(0)); }},
      {"sigmoid", [](C& c) { c.kernels.elementwise.sigmoid(c.Pointer(0), c.Size(0)); }},
      {"sigmoid_backward",
       [](C& c) { c.kernels.elementwise.sigmoid_backward(c.Pointer(0), c.Pointer(1), c.Size(0)); }},
      {"sigmoid_bias",
       [](C& c) { c.kernels.elementwise.sigmoid_bias(c.AsRegion(), c.Pointer(0), c.Pointer(1)); }},
      {"sigmoid_bias_backward",
       [](C& c) {
         c.kernels.elementwise.sigmoid_bias_backward(c.AsRegion(), c.Pointer(0), c.Pointer(1), c.Pointer(2));
       }},
      {"decay", [](C& c) { c.kernels.elementwise.decay(c.AsRegion(), c.Pointer(0), c.Pointer(1)); }},
      {"decay_backward",
       [](C& c) {
         c.kernels.elementwise.decay_backward(c.AsRegion(), c.Pointer(0), c.Pointer(1), c.Pointer(2));
       }},
      {"value_residual",
       [](C& c) {
         c.kernels.elementwise.value_residual(c.AsRegion(), c.Pointer(0), c.Pointer(1), c.Pointer(2),
                                              c.Pointer(3));
       }},
      {"value_residual_backward",
       [](C& c) {
         c.kernels.elementwise.value_residual_backward(c.AsRegion(), c.Pointer(0), c.Pointer(1), c.Pointer(2),
                                                       c.Pointer(3), c.Pointer(4), c.Pointer(5),
                                                       c.Pointer(6));
       }},
      {"key", RunKey},
      {"key_backward", RunKeyBackward},
      {"head_output", RunHeadOutput},
      {"head_output_backward", RunHeadOutputBackward},
      {"relu_squared",
       [](C& c) { c.kernels.elementwise.relu_squared(c.Pointer(0), c.Pointer(1), c.Size(0)); }},
      {"relu_squared_backward",
       [](C& c) { c.kernels.elementwise.relu_squared_backward(c.Pointer(0), c.Pointer(1), c.Size(0)); }},
      {"softmax_statistics", RunSoftmaxStatistics},
      {"softmax_scaled",
       [](C& c) {
         c.kernels.elementwise.softmax_scaled(c.Pointer(0), c.Pointer(1), c.Scalar(0), c.Scalar(1),
                                              c.Size(0));
       }},
      {"kl_divergence",
       [](C& c) {
         c.Return(c.kernels.elementwise.kl_divergence(c.Pointer(0), c.Scalar(0), c.Pointer(1), c.Scalar(1),
                                                      c.Size(0)));
       }},
      {"adamw", RunAdamW},
      {"wkv_forward", RunWkvForward},
      {"wkv_backward", RunWkvBackward},
  };
  return runners;
}

}  // namespace

void RunKernel(const std::string& name, KernelCall& call) {
  const auto found = Runners().find(name);
  if (found == Runners().end()) throw EngineError(ErrorCode::kArgument, "there is no kernel `" + name + "`");
  found->second(call);
}

}  // namespace ouroboros::binding
