#include "train/muon.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "kernels/gemm/gemm_symmetric.h"
#include "train/slices.h"

namespace ouroboros {
namespace {

constexpr float kA = 3.4445f, kB = -4.7750f, kC = 2.0315f;
constexpr double kNormEpsilon = 1e-7;
// The size of an element of AdamW's updates.
constexpr double kUpdateSize = 0.2;

}  // namespace

bool IsHiddenMatrix(const ParameterInfo& parameter) {
  return std::ranges::any_of(kBigMatrixNames, [&](const std::string& matrix) {
    return parameter.name.starts_with("blocks.") && parameter.name.ends_with(matrix + ".weight");
  });
}

const float* Muon::Factor(const Compute& compute, std::size_t side) {
  const auto multiply = [&](float* c, const float* a, const float* b) {
    SymmetricGemm(compute.kernels, compute.lane, {side, side, {a, side, 1}, {b, side, 1}, c});
  };
  for (std::size_t iteration = 0; iteration < options_.iterations; ++iteration) {
    SymmetricGemm(compute.kernels, compute.lane,
                  {side, side, {gram_, side, 1}, {gram_, side, 1}, polynomial_, kC, gram_, kB, kA});
    if (iteration + 1 < options_.iterations) {
      multiply(spare_, polynomial_, gram_);
      multiply(gram_, polynomial_, spare_);
    }
    if (iteration == 0) {
      std::swap(factor_, polynomial_);
    } else {
      multiply(spare_, polynomial_, factor_);
      std::swap(factor_, spare_);
    }
  }
  return factor_;
}

void Muon::Step(const Compute& compute, const ParameterInfo& matrix, float* value, float* momentum,
                const float* gradient, float learning_rate, float gradient_scale) {
  const std::size_t rows = matrix.shape[0], columns = matrix.shape[1], side = std::min(rows, columns);
  arena_.Run([&](Arena& arena) {
    direction_ = arena.Take(matrix.count);
    for (float** square : {&gram_, &polynomial_, &factor_, &spare_}) *square = arena.Take(side * side);
  });
  const float rate = learning_rate * options_.learning_rate_scale;
  const float keep = 1.0f - rate * options_.weight_decay;
  const float mu = options_.momentum, fresh = (1.0f - mu) * gradient_scale;
  const double squares = AddSlices(compute, matrix.count, 0, [&](std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count; ++i) {
      const float g = fresh * gradient[i];
      momentum[i] = mu * momentum[i] + g;
      direction_[i] = mu * momentum[i] + g;
      value[i] *= keep;
    }
    return compute.elementwise().sum_of_squares(direction_ + begin, count);
  });
  const float inverse = static_cast<float>(1.0 / (std::sqrt(squares) + kNormEpsilon));
  ForSlices(compute, matrix.count, [&](std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count; ++i) direction_[i] *= inverse;
  });

  const bool is_tall = rows > columns;
  const StridedMatrix x = {direction_, columns, 1}, transposed = {direction_, 1, columns};
  SymmetricGemm(compute.kernels, compute.lane,
                {side, is_tall ? rows : columns, is_tall ? transposed : x, is_tall ? x : transposed, gram_});
  const StridedMatrix factor = {Factor(compute, side), side, 1};
  const double size = kUpdateSize * std::sqrt(static_cast<double>(std::max(rows, columns)));
  Gemm(compute.kernels, compute.lane,
       {rows, columns, side, is_tall ? x : factor, is_tall ? factor : x, value, columns,
        -rate * static_cast<float>(size), true});
}

}  // namespace ouroboros
