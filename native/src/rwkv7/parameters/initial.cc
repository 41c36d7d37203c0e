// The official initial values of RWKV-7 (rwkv7.md iv; BlinkDL/RWKV-LM RWKV-v7/train_temp/src/model.py).

#include <algorithm>
#include <cmath>
#include <string_view>

#include "base/error.h"
#include "base/random.h"
#include "base/sha256.h"
#include "kernels/wkv.h"
#include "rwkv7/parameters/checkpoint.h"

namespace ouroboros {
namespace {

constexpr std::size_t kVocabularyMax = std::size_t{1} << 20;
constexpr std::size_t kWidthMax = std::size_t{1} << 14;
constexpr std::size_t kLayersMax = 256;
constexpr std::size_t kFfnMax = std::size_t{1} << 18;

std::size_t Rank(double scale, std::size_t width) {
  const double wanted = std::round(scale * std::sqrt(static_cast<double>(width)) / 32.0) * 32.0;
  return static_cast<std::size_t>(std::max(32.0, wanted));
}

// Rows (or columns, whichever are fewer) orthonormal times gain: Gram and Schmidt, twice for accuracy, on
// normal vectors, which gives the same distribution as the QR decomposition that PyTorch uses. Cost: min^2 *
// max.
void Orthogonal(float* out, std::size_t rows, std::size_t columns, double gain, Random& random) {
  const std::size_t count = std::min(rows, columns), length = std::max(rows, columns);
  std::vector<double> vectors(count * length);
  for (double& value : vectors) value = random.Normal();
  for (std::size_t i = 0; i < count; ++i) {
    double* vector = &vectors[i * length];
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t j = 0; j < i; ++j) {
        const double* other = &vectors[j * length];
        double projection = 0;
        for (std::size_t n = 0; n < length; ++n) projection += vector[n] * other[n];
        for (std::size_t n = 0; n < length; ++n) vector[n] -= projection * other[n];
      }
    }
    double squares = 0;
    for (std::size_t n = 0; n < length; ++n) squares += vector[n] * vector[n];
    const double scale = 1.0 / std::sqrt(squares);
    for (std::size_t n = 0; n < length; ++n) vector[n] *= scale;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const double value = rows <= columns ? vectors[row * length + column] : vectors[column * length + row];
      out[row * columns + column] = static_cast<float>(gain * value);
    }
  }
}

// Position-dependent vectors: `linear` runs from -0.5 to 0.5 over the width, `zigzag` is the signed square of
// the place within the head, from -1 to 1.
struct Place {
  double fraction, linear, zigzag;
};

Place PlaceOf(std::size_t channel, std::size_t width) {
  const double fraction = static_cast<double>(channel) / static_cast<double>(width - 1);
  const double in_head = static_cast<double>(channel % kHeadSize);
  const double half = (static_cast<double>(kHeadSize) - 1) / 2;
  const double signed_place = (in_head - half) / half;
  return {fraction, fraction - 0.5, signed_place * std::abs(signed_place)};
}

double MixExponent(std::string_view name) {
  if (name.ends_with("x_r") || name.ends_with("x_g")) return 0.2;
  if (name.ends_with("x_w") || name.ends_with("x_a")) return 0.9;
  return 0.7;
}

// The vector parameters of a block, channel by channel.
double VectorValue(std::string_view name, std::size_t channel, std::size_t layer, const Shape& shape) {
  const Place place = PlaceOf(channel, shape.width);
  const double layers = static_cast<double>(shape.layers);
  const double depth = shape.layers > 1 ? static_cast<double>(layer) / (layers - 1) : 0.0;
  const double remaining = 1.0 - static_cast<double>(layer) / layers;
  const double step = static_cast<double>(channel) / static_cast<double>(shape.width);
  if (name == "ffn.x_k") return 1.0 - std::pow(step, std::pow(remaining, 4.0));
  if (name.starts_with("att.x_")) return 1.0 - std::pow(step, MixExponent(name) * remaining);
  if (name == "att.w0") {
    return -6.0 + 6.0 * std::pow(place.fraction, 1.0 + std::pow(depth, 0.3)) + 0.5 + 2.5 * place.zigzag;
  }
  if (name == "att.a0") return -0.19 + 0.3 * place.zigzag + 0.4 * place.linear;
  if (name == "att.v0") return 0.73 - 0.4 * place.linear;
  if (name == "att.k_k") return 0.71 - 0.1 * place.linear;
  if (name == "att.k_a") return 1.02;
  if (name == "att.r_k") return -0.04;
  if (name == "att.ln_x.weight") return std::pow((static_cast<double>(layer) + 1) / layers, 0.7);
  return name.ends_with(".bias") ? 0.0 : 1.0;  // LayerNorms
}

void FillMatrix(float* out, std::string_view name, const ParameterInfo& parameter, Random& random) {
  const std::size_t rows = parameter.shape[0], columns = parameter.shape[1];
  const bool is_zero = name == "att.w1" || name == "att.a1" || name == "att.v1" || name == "att.g1" ||
                       name == "att.output.weight" || name == "ffn.value.weight";
  if (is_zero) return std::fill_n(out, parameter.count, 0.0f), void();
  double gain = 1;
  if (name.ends_with("2")) {
    gain = 0.1 * (rows > columns ? std::sqrt(static_cast<double>(rows) / static_cast<double>(columns)) : 1.0);
  }
  if (name == "att.key.weight") gain = 0.1;
  Orthogonal(out, rows, columns, gain, random);
}

void Fill(Checkpoint& checkpoint, const ParameterInfo& parameter, Random& random) {
  const Shape& shape = checkpoint.shape;
  float* out = checkpoint.values.data() + parameter.offset;
  if (parameter.name == "emb.weight") {
    for (std::size_t i = 0; i < parameter.count; ++i)
      out[i] = static_cast<float>(1e-4 * (2 * random.Uniform() - 1));
    return;
  }
  if (parameter.name == "head.weight") {
    const double ratio = static_cast<double>(shape.vocabulary) / static_cast<double>(shape.width);
    return Orthogonal(out, shape.vocabulary, shape.width, 0.5 * std::sqrt(std::max(1.0, ratio)), random);
  }
  std::string_view name = parameter.name;
  std::size_t layer = 0;
  if (name.starts_with("blocks.")) {
    layer = static_cast<std::size_t>(std::stoul(parameter.name.substr(7)));
    name.remove_prefix(name.find('.', 7) + 1);
  }
  const bool is_matrix = parameter.shape.size() == 2 && name != "att.r_k";
  if (is_matrix) return FillMatrix(out, name, parameter, random);
  for (std::size_t i = 0; i < parameter.count; ++i) {
    out[i] = static_cast<float>(VectorValue(name, i % shape.width, layer, shape));
  }
}

}  // namespace

Shape CompleteShape(Shape shape) {
  if (shape.layers == 0 || shape.layers > kLayersMax || shape.width == 0 || shape.width % kHeadSize != 0 ||
      shape.width > kWidthMax || shape.vocabulary < 2 || shape.vocabulary > kVocabularyMax) {
    throw EngineError(ErrorCode::kArgument,
                      "a model needs 1 to 256 layers, a width that is a multiple of 64, and a vocabulary");
  }
  shape.heads = shape.width / kHeadSize;
  if (shape.ffn == 0) shape.ffn = 4 * shape.width;
  if (shape.ranks.w == 0) shape.ranks.w = Rank(2.5, shape.width);
  if (shape.ranks.a == 0) shape.ranks.a = Rank(2.5, shape.width);
  if (shape.ranks.v == 0) shape.ranks.v = Rank(1.7, shape.width);
  if (shape.ranks.g == 0) shape.ranks.g = Rank(5, shape.width);
  const LoraRanks& ranks = shape.ranks;
  if (shape.ffn > kFfnMax || std::max({ranks.w, ranks.a, ranks.v, ranks.g}) > kWidthMax) {
    throw EngineError(ErrorCode::kArgument,
                      "a model's ffn width may be 262144 at most, and each of its LoRA ranks 16384");
  }
  return shape;
}

std::shared_ptr<const Checkpoint> InitialCheckpoint(const Shape& wanted, std::uint64_t seed) {
  auto checkpoint = std::make_shared<Checkpoint>();
  checkpoint->shape = CompleteShape(wanted);
  checkpoint->parameters = ParametersOf(checkpoint->shape);
  checkpoint->values.Grow(ArenaSize(checkpoint->parameters));
  checkpoint->values.Zero();
  Random random(seed);
  checkpoint->parameter_count = 0;
  for (const ParameterInfo& parameter : checkpoint->parameters) {
    Fill(*checkpoint, parameter, random);
    checkpoint->parameter_count += parameter.count;
  }
  checkpoint->weights = BindWeights(checkpoint->shape, checkpoint->parameters, checkpoint->values.data());
  checkpoint->hash = Sha256Hex(std::as_bytes(checkpoint->values.span()));
  return checkpoint;
}

}  // namespace ouroboros
