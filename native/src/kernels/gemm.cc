#include "kernels/gemm.h"

#include <algorithm>

#include "kernels/kernels.h"

namespace ouroboros {
namespace {

// K is taken in blocks of this size whatever the other sizes are: the order of every reduction depends on K
// alone. 256 rows of a panel of 32 columns are 32 KB; a panel of 12 rows stays in L1 while those stream from
// L2.
constexpr std::size_t kBlockK = 256;
// Packed B that is kept at once, in floats (4 MB): shared by all threads, so it should fit their common
// cache.
constexpr std::size_t kPackedFloats = std::size_t{1} << 20;
constexpr std::size_t kPackedKMost = 2048;
// Rows and columns of C of one task at most: B's block then stays in L2.
constexpr std::size_t kTaskRows = 96;
constexpr std::size_t kTaskColumns = 512;
// Tasks wanted per thread, for balance.
constexpr std::size_t kTasksPerThread = 3;
// Below this many multiplications waking the workers costs more than they do.
constexpr std::size_t kSingleThreadProducts = 100'000;

constexpr std::size_t CeilDivide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
constexpr std::size_t RoundUp(std::size_t a, std::size_t b) { return CeilDivide(a, b) * b; }

// A block of columns and of k that is packed at once.
struct Block {
  std::size_t column, columns;
  std::size_t k_begin, k_size;
};

class PackedGemm {
 public:
  PackedGemm(const Kernels& kernels, Lane& lane, const GemmArguments& arguments)
      : micro_(kernels.gemm), lane_(lane), args_(arguments) {
    shared_ = args_.m * args_.n * args_.k >= kSingleThreadProducts;
  }

  void Run() {
    const std::size_t k_most = std::min(args_.k, kPackedKMost);
    const std::size_t columns_most =
        std::max(micro_.columns, kPackedFloats / RoundUp(k_most, kBlockK) / micro_.columns * micro_.columns);
    for (std::size_t column = 0; column < args_.n; column += columns_most) {
      for (std::size_t k = 0; k < args_.k; k += kPackedKMost) {
        RunBlock({column, std::min(columns_most, args_.n - column), k, std::min(kPackedKMost, args_.k - k)});
      }
    }
  }

 private:
  void For(std::size_t tasks, FunctionRef<void(std::size_t)> body) {
    if (shared_) {
      lane_.ParallelFor(tasks, body);
    } else {
      for (std::size_t task = 0; task < tasks; ++task) body(task);
    }
  }

  void RunBlock(const Block& block) {
    const std::size_t panels = CeilDivide(block.columns, micro_.columns);
    packed_b_ = lane_.Scratch(0, panels * micro_.columns * block.k_size).data();
    For(panels, [&](std::size_t panel) { PackB(block, panel); });

    const std::size_t column_blocks = CeilDivide(block.columns, kTaskColumns);
    const std::size_t wanted = CeilDivide(lane_.threads() * kTasksPerThread, column_blocks);
    const std::size_t rows = std::min(kTaskRows / micro_.rows * micro_.rows,
                                      RoundUp(CeilDivide(args_.m, shared_ ? wanted : 1), micro_.rows));
    const std::size_t row_blocks = CeilDivide(args_.m, rows);
    For(row_blocks * column_blocks, [&](std::size_t task) {
      const std::size_t row = task / column_blocks * rows;
      const std::size_t column = task % column_blocks * kTaskColumns;
      Multiply(block, row, std::min(rows, args_.m - row), column,
               std::min(kTaskColumns, block.columns - column));
    });
  }

  // Panel p holds columns [p * nr, (p + 1) * nr) of the block as [k][nr].
  void PackB(const Block& block, std::size_t panel) const {
    const std::size_t column = panel * micro_.columns;
    const float* from =
        args_.b.data + block.k_begin * args_.b.row_stride + (block.column + column) * args_.b.column_stride;
    micro_.pack(packed_b_ + column * block.k_size, micro_.columns,
                {from, args_.b.column_stride, args_.b.row_stride},
                std::min(micro_.columns, block.columns - column), block.k_size, 1.0f);
  }

  void Multiply(const Block& block, std::size_t row, std::size_t rows, std::size_t column,
                std::size_t columns) const {
    float* const packed_a = lane_.WorkerScratch(RoundUp(rows, micro_.rows) * kBlockK).data();
    for (std::size_t k = 0; k < block.k_size; k += kBlockK) {
      const std::size_t k_size = std::min(kBlockK, block.k_size - k);
      for (std::size_t r = 0; r < rows; r += micro_.rows) {
        const float* from =
            args_.a.data + (row + r) * args_.a.row_stride + (block.k_begin + k) * args_.a.column_stride;
        micro_.pack(packed_a + r * k_size, micro_.rows, {from, args_.a.row_stride, args_.a.column_stride},
                    std::min(micro_.rows, rows - r), k_size, args_.scale);
      }
      const bool accumulate = args_.accumulate || block.k_begin + k > 0;
      for (std::size_t r = 0; r < rows; r += micro_.rows) {
        for (std::size_t c = 0; c < columns; c += micro_.columns) {
          float* const to = args_.c + (row + r) * args_.c_stride + block.column + column + c;
          Tile(to, packed_a + r * k_size, packed_b_ + (column + c) * block.k_size + k * micro_.columns,
               k_size, {std::min(micro_.rows, rows - r), std::min(micro_.columns, columns - c)}, accumulate);
        }
      }
    }
  }

  struct TileSize {
    std::size_t rows, columns;
  };

  // A tile that reaches over C's edge is computed aside.
  void Tile(float* c, const float* a_panel, const float* b_panel, std::size_t k, TileSize size,
            bool accumulate) const {
    if (size.rows == micro_.rows && size.columns == micro_.columns) {
      micro_.multiply(c, args_.c_stride, a_panel, b_panel, k, accumulate);
      return;
    }
    alignas(64) float aside[kGemmTileMost];
    micro_.multiply(aside, micro_.columns, a_panel, b_panel, k, false);
    for (std::size_t i = 0; i < size.rows; ++i) {
      for (std::size_t j = 0; j < size.columns; ++j) {
        float& to = c[i * args_.c_stride + j];
        to = (accumulate ? to : 0.0f) + aside[i * micro_.columns + j];
      }
    }
  }

  const GemmMicroKernel& micro_;
  Lane& lane_;
  const GemmArguments& args_;
  bool shared_;
  float* packed_b_ = nullptr;
};

}  // namespace

void Gemm(const Kernels& kernels, Lane& lane, const GemmArguments& arguments) {
  if (arguments.m == 0 || arguments.n == 0) return;
  if (arguments.k == 0) {
    for (std::size_t i = 0; i < arguments.m && !arguments.accumulate; ++i) {
      std::fill_n(arguments.c + i * arguments.c_stride, arguments.n, 0.0f);
    }
    return;
  }
  PackedGemm(kernels, lane, arguments).Run();
}

}  // namespace ouroboros
