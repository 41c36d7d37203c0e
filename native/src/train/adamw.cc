#include "train/adamw.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ouroboros {
namespace {

// Elements that one task updates.
constexpr std::size_t kSlice = 16384;

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

double GradientNorm(const Compute& compute, const ParameterSet& set, const float* gradients) {
  std::vector<double> squares(set.parameters.size());
  compute.lane.ParallelFor(set.parameters.size(), [&](std::size_t i) {
    squares[i] =
        compute.elementwise().sum_of_squares(gradients + set.parameters[i].offset, set.parameters[i].count);
  });
  double total = 0;
  for (const double square : squares) total += square;
  return std::sqrt(total);
}

void AdamWStep(const Compute& compute, ParameterSet& set, Moments& moments, const float* gradients,
               double norm, float learning_rate, const AdamWOptions& options) {
  moments.steps += 1;
  const double steps = static_cast<double>(moments.steps);
  const double limit = static_cast<double>(options.clip);
  AdamWArguments shared{};
  shared.gradient_scale = limit > 0 ? static_cast<float>(std::min(1.0, limit / (norm + 1e-6))) : 1.0f;
  shared.beta1 = options.beta1;
  shared.beta2 = options.beta2;
  // Where a gradient has always been zero, an epsilon of zero would make 0 / 0.
  shared.epsilon = std::max(options.epsilon, std::numeric_limits<float>::min());
  shared.correction1 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(options.beta1), steps)));
  shared.correction2 = static_cast<float>(1 / (1 - std::pow(static_cast<double>(options.beta2), steps)));
  for (const ParameterInfo& parameter : set.parameters) {
    const Group group = GroupOf(parameter, options.groups);
    compute.lane.ParallelFor((parameter.count + kSlice - 1) / kSlice, [&](std::size_t slice) {
      const std::size_t at = parameter.offset + slice * kSlice;
      AdamWArguments arguments = shared;
      arguments.n = std::min(kSlice, parameter.count - slice * kSlice);
      arguments.parameter = set.values.data() + at;
      arguments.m = moments.m.data() + at;
      arguments.v = moments.v.data() + at;
      arguments.gradient = gradients + at;
      arguments.learning_rate = learning_rate * group.rate_factor;
      arguments.decay = group.decays ? arguments.learning_rate * options.weight_decay : 0.0f;
      compute.elementwise().adamw(arguments);
    });
  }
}

}  // namespace ouroboros
