#include "binding/inspect/inspect_served.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace ouroboros::binding {
namespace {

struct Squares {
  double lost = 0, all = 0;
};

Squares SquaresOfPanel(const PackedMatrix& matrix, const PackSource& source, std::size_t panel) {
  Squares squares;
  const std::size_t first = panel * kPanel, last = std::min(first + kPanel, matrix.outputs);
  for (std::size_t output = first; output < last; ++output) {
    const float* const row = source.data + output * source.output_stride;
    for (std::size_t input = 0; input < matrix.inputs; ++input) {
      const double exact = row[input * source.input_stride];
      const double lost = exact - PackedValue(matrix, output, input);
      squares.lost += lost * lost;
      squares.all += exact * exact;
    }
  }
  return squares;
}

// Summed panel by panel, in order: the same for any number of threads.
double RoundingError(const PackedMatrix& matrix, const PackSource& source, Lane& lane) {
  std::vector<Squares> panels(matrix.panels());
  lane.ParallelFor(panels.size(),
                   [&](std::size_t panel) { panels[panel] = SquaresOfPanel(matrix, source, panel); });
  Squares sum;
  for (const Squares& each : panels) {
    sum.lost += each.lost;
    sum.all += each.all;
  }
  return sum.all == 0 ? 0 : std::sqrt(sum.lost / sum.all);
}

}  // namespace

const ServedModel& InspectedServing::In(WeightType type, std::size_t threads) {
  std::shared_ptr<const ServedModel>& model = models_[static_cast<std::size_t>(type)];
  if (model == nullptr) model = ServedModel::Of(checkpoint_, type, threads);
  return *model;
}

ServedReader::ServedReader(const Compute& compute, const ServedModel& model, Adapter adapter)
    : adapter_(std::move(adapter)),
      weights_(OverlayServed(model.weights(), adapter_)),
      network_(compute, model.shape(), weights_, buffers_) {}

Napi::Value RoundingErrorsToJs(Napi::Env env, const Checkpoint& checkpoint, const ServedModel& model,
                               Lane& lane) {
  ServedWeights weights = model.weights();
  Napi::Array errors = Napi::Array::New(env);
  for (const ParameterInfo& parameter : checkpoint.parameters) {
    if (!IsServedPacked(parameter)) continue;
    const PackedMatrix& matrix = PackedSlotOf(weights, parameter.name);
    const MatrixLayout layout = MatrixLayoutOf(parameter);
    const PackedBytes bytes = PackedBytesOf(matrix.type, matrix.outputs, matrix.inputs);
    const PackSource source{checkpoint.values.data() + parameter.offset, layout.output_stride,
                            layout.input_stride};
    Napi::Object error = Napi::Object::New(env);
    error.Set("name", parameter.name);
    error.Set("weights", kWeightTypeNames[static_cast<std::size_t>(matrix.type)]);
    error.Set("bytes", static_cast<double>(bytes.values + bytes.scales));
    error.Set("error", RoundingError(matrix, source, lane));
    errors.Set(errors.Length(), error);
  }
  return errors;
}

}  // namespace ouroboros::binding
