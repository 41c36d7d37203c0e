#include "ops/linear.h"

#include "kernels/gemm/gemm.h"

namespace ouroboros {
namespace {

// Lane scratch slots 0 and 1 belong to Gemm; this one holds dh of a LoRA.
constexpr std::size_t kLoraScratchSlot = 2;

StridedMatrix RowMajor(const float* data, std::size_t columns) { return {data, columns, 1}; }
StridedMatrix Transposed(const float* data, std::size_t columns) { return {data, 1, columns}; }

struct Product {
  std::size_t m, n, k;
  StridedMatrix a, b;
};

void Multiply(const Compute& compute, float* c, Write write, float scale, const Product& p) {
  const bool may_be_frozen = compute.frozen != nullptr && compute.products == Precision::kBf16 &&
                             TakesBf16(compute.kernels, p.m, p.n);
  const float* packed =
      may_be_frozen ? compute.frozen->Of(compute.kernels, compute.lane, p.b, p.n, p.k) : nullptr;
  Gemm(compute.kernels, compute.lane,
       {p.m, p.n, p.k, p.a, p.b, c, p.n, scale, write == Write::kAdd, compute.products, packed});
}

}  // namespace

void LinearForward(const Compute& compute, float* y, Write write, float* lora_hidden, const float* x,
                   const LinearView<const float>& weights, const LinearSize& size) {
  const auto [rows, in, out] = size;
  Multiply(compute, y, write, 1, {rows, out, in, RowMajor(x, in), Transposed(weights.weight, in)});
  if (weights.rank == 0) return;
  const std::size_t rank = weights.rank;
  Multiply(compute, lora_hidden, Write::kOverwrite, 1,
           {rows, rank, in, RowMajor(x, in), Transposed(weights.lora_a, in)});
  Multiply(compute, y, Write::kAdd, weights.scale,
           {rows, out, rank, RowMajor(lora_hidden, rank), Transposed(weights.lora_b, rank)});
}

void LinearBackward(const Compute& compute, float* dx, Write write, const LinearView<float>& gradients,
                    const float* dy, const float* x, const float* lora_hidden,
                    const LinearView<const float>& weights, const LinearSize& size) {
  const auto [rows, in, out] = size;
  if (gradients.weight != nullptr) {
    Multiply(compute, gradients.weight, Write::kAdd, 1,
             {out, in, rows, Transposed(dy, out), RowMajor(x, in)});
  }
  if (dx != nullptr) {
    Multiply(compute, dx, write, 1, {rows, in, out, RowMajor(dy, out), RowMajor(weights.weight, in)});
  }
  if (weights.rank == 0) return;
  const std::size_t rank = weights.rank;
  float* dhidden = compute.lane.Scratch(kLoraScratchSlot, rows * rank).data();
  Multiply(compute, dhidden, Write::kOverwrite, weights.scale,
           {rows, rank, out, RowMajor(dy, out), RowMajor(weights.lora_b, rank)});
  if (gradients.lora_b != nullptr) {
    Multiply(compute, gradients.lora_b, Write::kAdd, weights.scale,
             {out, rank, rows, Transposed(dy, out), RowMajor(lora_hidden, rank)});
  }
  if (gradients.lora_a != nullptr) {
    Multiply(compute, gradients.lora_a, Write::kAdd, 1,
             {rank, in, rows, Transposed(dhidden, rank), RowMajor(x, in)});
  }
  if (dx != nullptr) {
    Multiply(compute, dx, Write::kAdd, 1,
             {rows, in, rank, RowMajor(dhidden, rank), RowMajor(weights.lora_a, in)});
  }
}

void FactorForward(const Compute& compute, float* y, const float* x, const float* matrix,
                   const LinearSize& size) {
  const auto [rows, in, out] = size;
  Multiply(compute, y, Write::kOverwrite, 1, {rows, out, in, RowMajor(x, in), RowMajor(matrix, out)});
}

void FactorBackward(const Compute& compute, float* dx, Write write, float* dmatrix, const float* dy,
                    const float* x, const float* matrix, const LinearSize& size) {
  const auto [rows, in, out] = size;
  if (dmatrix != nullptr) {
    Multiply(compute, dmatrix, Write::kAdd, 1, {in, out, rows, Transposed(x, in), RowMajor(dy, out)});
  }
  if (dx != nullptr) {
    Multiply(compute, dx, write, 1, {rows, in, out, RowMajor(dy, out), Transposed(matrix, out)});
  }
}

}  // namespace ouroboros
