#include "ops/packed_product.h"

#include <algorithm>

namespace ouroboros {
namespace {

// A task: so many outputs, for so many rows. With many rows, the outputs' weights stay in the caches while
// the rows pass. With few, a task is long, since its first panels come unforeseen; with one thread it is the
// whole matrix.
constexpr std::size_t kTaskPanels = 4;
constexpr std::size_t kTaskRows = 64;
constexpr std::size_t kFewRowsMax = 16;
constexpr std::size_t kFewRowsTaskPanels = 32;
// A matrix is shared out into so many tasks per thread at least, where it has the panels.
constexpr std::size_t kTasksPerThread = 2;
constexpr std::size_t kCacheLine = 64;

std::size_t TaskPanels(const PackedMatrix& matrix, std::size_t rows, std::size_t threads) {
  if (rows > kFewRowsMax) return kTaskPanels;
  if (threads == 1) return matrix.panels();
  const std::size_t share = matrix.panels() / (threads * kTasksPerThread) / kTaskPanels * kTaskPanels;
  return std::clamp(share, kTaskPanels, kFewRowsTaskPanels);
}

std::size_t Padded(std::size_t inputs) { return (inputs + kScaleGroup - 1) / kScaleGroup * kScaleGroup; }

}  // namespace

void PlanOperand(Arena& arena, Operand& operand, std::size_t rows, std::size_t inputs, bool quantizes) {
  operand.inputs = inputs;
  operand.stride = Padded(inputs);
  operand.values = arena.Take(rows * operand.stride);
  operand.quantized = {};
  if (!quantizes) return;
  QuantizedRows& quantized = operand.quantized;
  quantized.groups = operand.stride / kScaleGroup;
  // A cache line more than the numbers need: rows a power of two apart would share the caches' sets.
  quantized.stride = (operand.stride + kCacheLine - 1) / kCacheLine * kCacheLine + kCacheLine;
  quantized.values = reinterpret_cast<std::int8_t*>(arena.Take(rows * quantized.stride / sizeof(float)));
  quantized.scales = arena.Take(rows * quantized.groups);
  quantized.starts = reinterpret_cast<std::int32_t*>(arena.Take(2 * rows * quantized.groups));
}

void ZeroPadding(const Operand& operand, std::size_t rows) {
  if (operand.stride == operand.inputs) return;
  for (std::size_t row = 0; row < rows; ++row) {
    std::fill(operand.Row(row) + operand.inputs, operand.Row(row) + operand.stride, 0.0f);
  }
}

void Quantize(const PackedKernels& kernels, const Operand& operand, std::size_t first, std::size_t count) {
  if (operand.quantized.values == nullptr) return;
  for (std::size_t row = first; row < first + count; ++row) {
    const QuantizedRows to = operand.QuantizedFrom(row);
    kernels.quantize(to.values, to.scales, to.starts, operand.Row(row), operand.inputs);
  }
}

void MultiplyPart(const PackedKernels& kernels, const PackedProduct& product, std::size_t first_row,
                  std::size_t rows, std::size_t first_panel, std::size_t last_panel) {
  const Operand& x = *product.x;
  PackedArguments arguments{
      product.matrix,   first_panel,       last_panel, rows,
      x.Row(first_row), x.stride,          {},         product.y + first_row * product.y_stride,
      product.y_stride, product.accumulate};
  if (IsQuantized(product.matrix->type)) arguments.quantized = x.QuantizedFrom(first_row);
  kernels.multiply(arguments);
}

std::size_t PackedProducts::RowBlocks() const { return (rows_ + kTaskRows - 1) / kTaskRows; }

void PackedProducts::Add(const PackedProduct& product) {
  if (product.matrix->empty()) return;
  const std::size_t panels = TaskPanels(*product.matrix, rows_, threads_);
  products_.push_back({product, tasks_, panels});
  tasks_ += (product.matrix->panels() + panels - 1) / panels * RowBlocks();
}

void PackedProducts::Run(std::size_t task) const {
  const auto after = std::find_if(products_.begin(), products_.end(),
                                  [&](const Entry& entry) { return entry.first_task > task; });
  const Entry& entry = *std::prev(after);
  const std::size_t own = task - entry.first_task;
  // Row blocks first: they share weights.
  const std::size_t row = own % RowBlocks() * kTaskRows, panel = own / RowBlocks() * entry.task_panels;
  MultiplyPart(kernels_, entry.product, row, std::min(kTaskRows, rows_ - row), panel,
               std::min(panel + entry.task_panels, entry.product.matrix->panels()));
}

}  // namespace ouroboros
