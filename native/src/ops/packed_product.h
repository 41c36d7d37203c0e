// Several products with packed weights as the tasks of one parallel phase.
//
// Thread safety: Add from one thread, then Run(task) from any.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/kernels.h"
#include "tensor/arena.h"

namespace ouroboros {

// Rows that products read: [R, inputs] in float32, padded with zeros to whole groups of 32, and the same in
// int8 where quantized weights read them.
struct Operand {
  float* values = nullptr;
  std::size_t inputs = 0, stride = 0;  // of a row, in floats
  QuantizedRows quantized{};

  float* Row(std::size_t row) const { return values + row * stride; }
  QuantizedRows QuantizedFrom(std::size_t row) const {
    QuantizedRows rows = quantized;
    rows.values += row * rows.stride;
    rows.scales += row * rows.groups;
    rows.starts += 2 * row * rows.groups;
    return rows;
  }
};

// Takes room for an operand; float padding must be zeroed once the memory is there (ZeroPadding).
void PlanOperand(Arena& arena, Operand& operand, std::size_t rows, std::size_t inputs, bool quantizes);
void ZeroPadding(const Operand& operand, std::size_t rows);
// Rounds rows [first, first + count) to int8; nothing to do where the operand has no int8 rows.
void Quantize(const PackedKernels& kernels, const Operand& operand, std::size_t first, std::size_t count);

struct PackedProduct {
  const PackedMatrix* matrix;  // an empty one is skipped
  const Operand* x;
  float* y;  // [R] at y_stride
  std::size_t y_stride;
  bool accumulate;
};

// Panels [first_panel, last_panel) of the product for rows [first_row, first_row + rows).
void MultiplyPart(const PackedKernels& kernels, const PackedProduct& product, std::size_t first_row,
                  std::size_t rows, std::size_t first_panel, std::size_t last_panel);

class PackedProducts {
 public:
  // For so many rows, on so many threads.
  PackedProducts(const PackedKernels& kernels, std::size_t rows, std::size_t threads)
      : kernels_(kernels), rows_(rows), threads_(threads) {}

  void Add(const PackedProduct& product);
  bool empty() const { return products_.empty(); }
  std::size_t tasks() const { return tasks_; }
  void Run(std::size_t task) const;

 private:
  struct Entry {
    PackedProduct product;
    std::size_t first_task, task_panels;
  };
  std::size_t RowBlocks() const;

  const PackedKernels& kernels_;
  std::size_t rows_, threads_;
  std::size_t tasks_ = 0;
  std::vector<Entry> products_;
};

}  // namespace ouroboros
