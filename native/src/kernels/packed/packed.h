// Products with packed weights (packed_matrix.h): what an instruction set contributes to serving.
//
//   y[rows, outputs] (+)= x[rows, inputs] W^T
// f32 and bf16 weights meet float32 activations; q8 and q4 meet activations rounded to int8 in the same
// groups of 32, with exact integer sums within a group. A number of y is summed over the inputs in order, in
// float32, whatever else is computed with it: the same bits for any number of rows at once, so that reading a
// text in pieces or one token at a time gives the same State.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/packed/packed_matrix.h"

namespace ouroboros {

// Rows of activations in int8, [rows][stride], groups of 32: value = scale * int8. `starts` are what
// the integer sums of a group begin with for q8 and for q4, so that the offset of the stored weights falls
// out.
struct QuantizedRows {
  std::int8_t* values;
  float* scales;         // [rows][groups]
  std::int32_t* starts;  // [rows][groups][2]
  std::size_t stride;    // bytes from row to row; a multiple of 64
  std::size_t groups;
};

// What q4 stores for a weight of 0; q8 is stored with 128, and an instruction set may take that out first.
constexpr std::int32_t kQ4Zero = 8;

struct PackedArguments {
  const PackedMatrix* matrix;
  std::size_t first_panel, last_panel;  // of the matrix
  std::size_t rows;
  const float* x;  // f32 and bf16: [rows] at x_stride, padded with zeros to a multiple of 32 inputs
  std::size_t x_stride;
  QuantizedRows quantized;  // q8 and q4; its pointers at the first row
  float* y;                 // [rows] at y_stride; column o is output o of the matrix
  std::size_t y_stride;
  bool accumulate;
};

struct PackedKernels {
  void (*multiply)(const PackedArguments& arguments);
  // One row: scale = max|x| / 127 per group, values rounded to nearest; inputs beyond the last are zero.
  // Not finite numbers give unspecified values.
  void (*quantize)(std::int8_t* values, float* scales, std::int32_t* starts, const float* x,
                   std::size_t inputs);
};

}  // namespace ouroboros
