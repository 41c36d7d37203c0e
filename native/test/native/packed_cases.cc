// Products with packed weights of every type, around the edges of panels, groups and tiles.

#include <algorithm>

#include "comparison.h"
#include "kernels/packed/packed_matrix.h"

namespace ouroboros::check {
namespace {

struct PackedCase {
  const char* name;
  WeightType type;
};
constexpr PackedCase kTypes[] = {
    {"f32", WeightType::kF32}, {"bf16", WeightType::kBf16}, {"q8", WeightType::kQ8}, {"q4", WeightType::kQ4}};

struct PackedSize {
  std::size_t rows, outputs, inputs;
};

PackedMatrix TakePacked(Run& run, WeightType type, const PackedSize& size) {
  const float* const weights = run.Floats(size.outputs * size.inputs);
  const PackedBytes bytes = PackedBytesOf(type, size.outputs, size.inputs);
  std::byte* const values = run.Bytes(bytes.values);
  auto* const scales = reinterpret_cast<std::uint16_t*>(run.Bytes(bytes.scales));
  const PackedMatrix matrix = {type, size.outputs, size.inputs, values, scales};
  PackPanels(matrix, values, scales, {weights, size.inputs, 1}, 0, matrix.panels());
  return matrix;
}

// Rows of x in int8; the portable ones give the same bits, which is checked too.
QuantizedRows TakeQuantized(Run& run, const PackedSize& size, const float* x, std::size_t x_stride) {
  const std::size_t groups = x_stride / kScaleGroup;
  QuantizedRows q = {};
  q.stride = (x_stride + 63) / 64 * 64;
  q.groups = groups;
  q.values = reinterpret_cast<std::int8_t*>(run.Bytes(size.rows * q.stride));
  q.scales = run.Floats(size.rows * groups);
  q.starts = reinterpret_cast<std::int32_t*>(run.Scratch((2 * size.rows * groups + 15) / 16 * 16));
  for (std::size_t row = 0; row < size.rows; ++row) {
    std::int8_t* const values = q.values + row * q.stride;
    std::int32_t* const starts = q.starts + 2 * row * groups;
    run.kernels.packed.quantize(values, q.scales + row * groups, starts, x + row * x_stride, size.inputs);
    for (std::size_t i = 0; i < x_stride; ++i) run.Return(values[i]);
    // Those of q4; those of q8 depend on how a set takes q8's bytes.
    for (std::size_t i = 0; i < groups; ++i) run.Return(starts[2 * i + 1]);
  }
  return q;
}

void Product(Run& run, WeightType type, const PackedSize& size, bool is_accumulating) {
  const PackedMatrix matrix = TakePacked(run, type, size);
  const std::size_t x_stride = matrix.groups() * kScaleGroup;
  float* const x = run.Floats(size.rows * x_stride);
  for (std::size_t row = 0; row < size.rows; ++row) {
    std::fill(x + row * x_stride + size.inputs, x + (row + 1) * x_stride, 0.0f);
  }
  PackedArguments args = {};
  args.matrix = &matrix;
  args.last_panel = matrix.panels();
  args.rows = size.rows;
  if (IsQuantized(type)) {
    args.quantized = TakeQuantized(run, size, x, x_stride);
  } else {
    args.x = x;
    args.x_stride = x_stride;
  }
  args.y_stride = size.outputs + 3;
  args.y = run.Floats((size.rows - 1) * args.y_stride + size.outputs);
  args.accumulate = is_accumulating;
  run.kernels.packed.multiply(args);
}

}  // namespace

void CheckPacked(Comparison& comparison) {
  for (const PackedCase& c : kTypes) {
    for (const std::size_t rows : {1, 2, 3, 5, 8, 9}) {
      for (const std::size_t outputs : {1, 16, 17, 33, 85}) {
        for (const std::size_t inputs : {1, 32, 33, 100}) {
          const PackedSize size = {rows, outputs, inputs};
          const std::string what = std::string("packed ") + c.name + " of " + std::to_string(rows) + " x " +
                                   std::to_string(outputs) + " x " + std::to_string(inputs);
          comparison.Check(what, [&](Run& run) { Product(run, c.type, size, false); });
          comparison.Check(what + ", accumulating", [&](Run& run) { Product(run, c.type, size, true); });
        }
      }
    }
  }
}

}  // namespace ouroboros::check
