// How each kernel takes its arguments from a KernelCall: by the types of its parameters.

#include <map>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "binding/inspect/kernel_call.h"

namespace ouroboros::binding {
namespace {

using C = KernelCall;

// Becomes the call's next pointer, size or scalar, whichever is asked for.
class NextArgument {
 public:
  explicit NextArgument(const C& call) : call_(call) {}

  operator float*() { return call_.Pointer(pointers_++); }
  operator const float*() { return call_.Pointer(pointers_++); }
  operator std::size_t() { return call_.Size(sizes_++); }
  operator float() { return call_.Scalar(scalars_++); }
  operator Region() {
    sizes_ = 3;
    return call_.AsRegion();
  }

 private:
  const C& call_;
  std::size_t pointers_ = 0, sizes_ = 0, scalars_ = 0;
};

// Fields of the structures that are taken one by one; 0: the argument is a plain one.
template <typename Argument>
constexpr std::size_t kFields = 0;
template <>
constexpr std::size_t kFields<KeyArguments> = 9;
template <>
constexpr std::size_t kFields<KeyBackwardArguments> = 14;
template <>
constexpr std::size_t kFields<HeadOutputArguments> = 14;
template <>
constexpr std::size_t kFields<HeadOutputBackwardArguments> = 21;
template <>
constexpr std::size_t kFields<AdamWArguments> = 13;
template <>
constexpr std::size_t kFields<WkvForwardArguments> = 12;
template <>
constexpr std::size_t kFields<WkvBackwardArguments> = 18;  // and its scratch

template <typename Structure, std::size_t... kField, typename... Last>
Structure TakeFields(NextArgument& next, std::index_sequence<kField...>, Last... last) {
  return {(static_cast<void>(kField), next)..., last...};
}

template <typename Argument>
Argument Take(NextArgument& next) {
  if constexpr (kFields<Argument> > 0) {
    return TakeFields<Argument>(next, std::make_index_sequence<kFields<Argument>>());
  } else {
    return next;
  }
}

template <>
TokenShiftArguments Take(NextArgument& next) {
  TokenShiftArguments p{.count = next, .h = next, .previous = next, .mix = {}, .out = {}};
  for (std::size_t i = 0; i < p.count; ++i) {
    p.mix[i] = next;
    p.out[i] = next;
  }
  return p;
}

template <>
TokenShiftBackwardArguments Take(NextArgument& next) {
  TokenShiftBackwardArguments p{.count = next,
                                .dh = next,
                                .dprevious = next,
                                .dmix = {},
                                .dout = {},
                                .h = next,
                                .previous = next,
                                .mix = {}};
  for (std::size_t i = 0; i < p.count; ++i) {
    p.dmix[i] = next;
    p.dout[i] = next;
    p.mix[i] = next;
  }
  return p;
}

void Return(C& c, double value) { c.Return(value); }
void Return(C& c, const SoftmaxRow& row) {
  c.Return(row.maximum);
  c.Return(row.log_sum_exp);
  c.Return(static_cast<double>(row.best));
}

template <typename Result, typename... Parameters>
void Call(C& c, Result (*kernel)(Parameters...)) {
  NextArgument next(c);
  // In braces the first argument is taken first.
  const std::tuple<std::decay_t<Parameters>...> arguments{Take<std::decay_t<Parameters>>(next)...};
  if constexpr (std::is_void_v<Result>) {
    std::apply(kernel, arguments);
  } else {
    Return(c, std::apply(kernel, arguments));
  }
}

template <auto kKernel>
void Run(C& c) {
  Call(c, c.kernels.elementwise.*kKernel);
}

void RunWkvForward(C& c) { Call(c, c.kernels.wkv.forward); }

void RunWkvBackward(C& c) {
  struct alignas(64) Scratch {
    float values[kWkvBackwardScratch];
  };
  std::vector<Scratch> scratch(1);
  NextArgument next(c);
  c.kernels.wkv.backward(TakeFields<WkvBackwardArguments>(
      next, std::make_index_sequence<kFields<WkvBackwardArguments>>(), scratch.front().values));
}

using E = ElementwiseKernels;

const std::map<std::string, void (*)(C&)>& Runners() {
  static const std::map<std::string, void (*)(C&)> runners = {
      {"dot", Run<&E::dot>},
      {"add_scaled", Run<&E::add_scaled>},
      {"sum_of_squares", Run<&E::sum_of_squares>},
      {"layer_norm", Run<&E::layer_norm>},
      {"layer_norm_backward", Run<&E::layer_norm_backward>},
      {"layer_norm_backward_parameters", Run<&E::layer_norm_backward_parameters>},
      {"token_shift", Run<&E::token_shift>},
      {"token_shift_backward", Run<&E::token_shift_backward>},
      {"tanh", Run<&E::tanh>},
      {"tanh_backward", Run<&E::tanh_backward>},
      {"sigmoid", Run<&E::sigmoid>},
      {"sigmoid_backward", Run<&E::sigmoid_backward>},
      {"sigmoid_bias", Run<&E::sigmoid_bias>},
      {"sigmoid_bias_backward", Run<&E::sigmoid_bias_backward>},
      {"decay", Run<&E::decay>},
      {"decay_backward", Run<&E::decay_backward>},
      {"value_residual", Run<&E::value_residual>},
      {"value_residual_backward", Run<&E::value_residual_backward>},
      {"key", Run<&E::key>},
      {"key_backward", Run<&E::key_backward>},
      {"head_output", Run<&E::head_output>},
      {"head_output_backward", Run<&E::head_output_backward>},
      {"relu_squared", Run<&E::relu_squared>},
      {"relu_squared_backward", Run<&E::relu_squared_backward>},
      {"softmax_statistics", Run<&E::softmax_statistics>},
      {"softmax_scaled", Run<&E::softmax_scaled>},
      {"kl_divergence", Run<&E::kl_divergence>},
      {"adamw", Run<&E::adamw>},
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
