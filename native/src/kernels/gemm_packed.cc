// The path for products of many rows: panels are packed into cache-sized blocks. Contract: gemm_paths.h.
#include <algorithm>

#include "kernels/gemm_paths.h"

namespace ouroboros {
namespace {

// K is taken in blocks of this size whatever the other sizes are: the order of every reduction depends on K
// alone. A panel of 12 rows then stays in L1 (12 KB) while panels of B stream from L2.
constexpr std::size_t kBlockK = 256;
// Packed B that is kept at once, in floats (4 MB): shared by all threads, so it should fit their common
// cache.
constexpr std::size_t kPackedFloats = std::size_t{1} << 20;
constexpr std::size_t kPackedKMost = 2048;
static_assert(kPackedKMost % kBlockK == 0);
// Rows and columns of C of one task at most: its packed A and B's block then stay in L2.
constexpr std::size_t kTaskRows = 96;
constexpr std::size_t kTaskColumns = 512;
// Packing tasks: panels whose source lines lie side by side, and steps of k.
constexpr std::size_t kPackPanels = 4;
constexpr std::size_t kPackSteps = 128;
// Tasks wanted per thread, for balance.
constexpr std::size_t kTasksPerThread = 3;
// Below this many multiplications (some 10 us) waking the workers costs more than they do.
constexpr std::size_t kSingleThreadProducts = 500'000;

constexpr std::size_t CeilDivide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
constexpr std::size_t RoundUp(std::size_t a, std::size_t b) { return CeilDivide(a, b) * b; }

struct Range {
  std::size_t begin, size;
};

// The part of [begin, begin + size) that block `index` of `step` covers.
Range BlockOf(const Range& whole, std::size_t index, std::size_t step) {
  return {index * step, std::min(step, whole.size - index * step)};
}

class Packed {
 public:
  Packed(const Kernels& kernels, Lane& lane, const GemmArguments& arguments)
      : micro_(kernels.gemm),
        lane_(lane),
        args_(arguments),
        is_shared_(arguments.m * arguments.n * arguments.k >= kSingleThreadProducts) {}

  void Run() {
    const std::size_t k_most = std::min(args_.k, kPackedKMost);
    const std::size_t columns_most =
        std::max(micro_.columns, kPackedFloats / k_most / micro_.columns * micro_.columns);
    for (std::size_t column = 0; column < args_.n; column += columns_most) {
      for (std::size_t k = 0; k < args_.k; k += kPackedKMost) {
        columns_ = {column, std::min(columns_most, args_.n - column)};
        k_ = {k, std::min(kPackedKMost, args_.k - k)};
        PackB();
        MultiplyAll();
      }
    }
  }

 private:
  void For(std::size_t tasks, FunctionRef<void(std::size_t)> body) {
    if (is_shared_) {
      lane_.ParallelFor(tasks, body);
    } else {
      for (std::size_t task = 0; task < tasks; ++task) body(task);
    }
  }

  // B's columns_ x k_ as panels of [k_.size][nr], one after the other.
  void PackB() {
    const std::size_t width = micro_.columns;
    packed_b_ = lane_.Scratch(0, RoundUp(columns_.size, width) * k_.size).data();
    const std::size_t k_blocks = CeilDivide(k_.size, kPackSteps);
    For(CeilDivide(columns_.size, kPackPanels * width) * k_blocks, [&](std::size_t task) {
      const Range columns = BlockOf(columns_, task / k_blocks, kPackPanels * width);
      const Range steps = BlockOf(k_, task % k_blocks, kPackSteps);
      const float* from = args_.b.data + (k_.begin + steps.begin) * args_.b.row_stride +
                          (columns_.begin + columns.begin) * args_.b.column_stride;
      micro_.pack({packed_b_ + columns.begin * k_.size + steps.begin * width, width, width * k_.size},
                  {from, args_.b.column_stride, args_.b.row_stride}, columns.size, steps.size, 1.0f);
    });
  }

  // Tasks are blocks of C. Their shape depends on the number of threads, the order of sums within does not.
  void MultiplyAll() {
    const std::size_t wanted = is_shared_ && lane_.threads() > 1 ? lane_.threads() * kTasksPerThread : 1;
    const std::size_t task_rows =
        std::min(RoundUp(CeilDivide(args_.m, wanted), micro_.rows), kTaskRows / micro_.rows * micro_.rows);
    const std::size_t row_blocks = CeilDivide(args_.m, task_rows);
    const std::size_t splits = CeilDivide(wanted, row_blocks);
    const std::size_t task_columns =
        std::min(RoundUp(CeilDivide(columns_.size, splits), micro_.columns), kTaskColumns);
    const std::size_t column_blocks = CeilDivide(columns_.size, task_columns);
    For(row_blocks * column_blocks, [&](std::size_t task) {
      Multiply(BlockOf({0, args_.m}, task / column_blocks, task_rows),
               BlockOf(columns_, task % column_blocks, task_columns));
    });
  }

  void Multiply(const Range& rows, const Range& columns) const {
    float* const packed_a = lane_.WorkerScratch(RoundUp(rows.size, micro_.rows) * kBlockK).data();
    for (std::size_t k = 0; k < k_.size; k += kBlockK) {
      const std::size_t steps = std::min(kBlockK, k_.size - k);
      const float* from =
          args_.a.data + rows.begin * args_.a.row_stride + (k_.begin + k) * args_.a.column_stride;
      micro_.pack({packed_a, micro_.rows, micro_.rows * steps},
                  {from, args_.a.row_stride, args_.a.column_stride}, rows.size, steps, args_.scale);
      MultiplyBlock(rows, columns, packed_a, {k, steps});
    }
  }

  void MultiplyBlock(const Range& rows, const Range& columns, const float* packed_a,
                     const Range& steps) const {
    const bool accumulate = args_.accumulate || k_.begin + steps.begin > 0;
    for (std::size_t r = 0; r < rows.size; r += micro_.rows) {
      const float* const a_panel = packed_a + r * steps.size;
      float* const c_row = args_.c + (rows.begin + r) * args_.c_stride + columns_.begin + columns.begin;
      for (std::size_t c = 0; c < columns.size; c += micro_.columns) {
        const float* const b_panel = packed_b_ + (columns.begin + c) * k_.size + steps.begin * micro_.columns;
        const std::size_t tile_rows = std::min(micro_.rows, rows.size - r);
        const std::size_t tile_columns = std::min(micro_.columns, columns.size - c);
        if (tile_rows == micro_.rows && tile_columns == micro_.columns) {
          micro_.multiply(c_row + c, args_.c_stride, a_panel, b_panel, steps.size, accumulate);
        } else {
          alignas(64) float aside[kGemmTileMost];
          micro_.multiply(aside, micro_.columns, a_panel, b_panel, steps.size, false);
          PutPart(c_row + c, aside, tile_rows, tile_columns, accumulate);
        }
      }
    }
  }

  // A tile that reaches over C's edge was computed aside.
  void PutPart(float* c, const float* aside, std::size_t rows, std::size_t columns, bool accumulate) const {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        float& to = c[i * args_.c_stride + j];
        to = (accumulate ? to : 0.0f) + aside[i * micro_.columns + j];
      }
    }
  }

  const GemmMicroKernel& micro_;
  Lane& lane_;
  const GemmArguments& args_;
  const bool is_shared_;
  Range columns_{};  // of B and C, and
  Range k_{};        // steps, that are packed now
  float* packed_b_ = nullptr;
};

}  // namespace

void PackedGemm(const Kernels& kernels, Lane& lane, const GemmArguments& arguments) {
  Packed(kernels, lane, arguments).Run();
}

}  // namespace ouroboros
