#include "train/adamw.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace ouroboros {
namespace {

struct Group {
  float rate_factor;
  bool decays;
};

// Official: `att.w0` at twice the rate without decay; decay on matrices named `.weight`; the rest plain.
Group GroupOf(const ParameterInfo& parameter, Groups groups) {
  if (groups == Groups::kUniform) return {1, true};
  if (parameter.name.find("att.w0") != std::string::npos) return {2, false};
  const auto wide =
      std::count_if(parameter.shape.begin(), parameter.shape.end(), [](std::size_t n) { return n > 1; });
  return {1, wide >= 2 && parameter.name.find(".weight") != std::string::npos};
}

}  // namespace

double SumOfSquares(const Compute& compute, std::span<const ParameterInfo> parameters,
                    const float* gradients) {
  double total = 0;
  for (const ParameterInfo& parameter : parameters) {
    const float* const own = gradients + parameter.offset;
    total = AddSlices(compute, parameter.count, total, [&](std::size_t begin, std::size_t count) {
      return compute.elementwise().sum_of_squares(own + begin, count);
    });
  }
  return total;
}

AdamWArguments SharedArguments(const AdamWOptions& options, std::uint64_t steps, double norm,
                               float learning_rate) {
  const double limit = static_cast<double>(options.clip), count = static_cast<double>(steps);
  AdamWArguments shared{};
  shared.learning_rate = learning_rate;
  shared.gradient_scale = limit > 0 ? static_cast<float>(std::min(1.0, limit / (norm + 1e-6))) : 1.0f;
  shared.beta1 = options.beta1;
  shared.beta2 = options.beta2;
  // Where a gradient has always been zero, an epsilon of zero would make 0 / 0.
  shared.epsilon = std::max(options.epsilon, std::numeric_limits<float>::min());
  shared.correction1 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(options.beta1), count)));
  shared.correction2 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(options.beta2), count)));
  return shared;
}

float DecayOf(const ParameterInfo& parameter, const AdamWOptions& options, float learning_rate) {
  return GroupOf(parameter, options.groups).decays ? learning_rate * options.weight_decay : 0.0f;
}

void AdamWStep(const Compute& compute, std::span<const ParameterInfo> parameters, float* values,
               Moments& moments, const float* gradients, const AdamWArguments& shared,
               const AdamWOptions& options) {
  for (const ParameterInfo& parameter : parameters) {
    const float rate = shared.learning_rate * GroupOf(parameter, options.groups).rate_factor;
    ForSlices(compute, parameter.count, [&](std::size_t begin, std::size_t count) {
      const std::size_t at = parameter.offset + begin;
      AdamWArguments arguments = shared;
      arguments.n = count;
      arguments.parameter = values + at;
      arguments.m = moments.m.data() + at;
      arguments.v = moments.v.data() + at;
      arguments.gradient = gradients + at;
      arguments.learning_rate = rate;
      arguments.decay = DecayOf(parameter, options, rate);
      compute.elementwise().adamw(arguments);
    });
  }
}

}  // namespace ouroboros
