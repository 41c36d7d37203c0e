// The path for products of many rows: panels are packed into cache-sized blocks. Contract: gemm_paths.h.
#include <algorithm>

#include "kernels/gemm/gemm_paths.h"

namespace ouroboros {
namespace {

// K is taken in blocks of so many words, whatever the other sizes are: the order of every reduction depends
// on K alone. A panel of 12 rows then stays in L1 (12 KB) while panels of B stream from L2.
constexpr std::size_t kBlockWords = 256;
// Packed B that is kept at once, in words (4 MB): shared by all threads, so it should fit their common cache.
constexpr std::size_t kPackedWords = std::size_t{1} << 20;
constexpr std::size_t kPackedDepthMax = 2048;  // words along k
static_assert(kPackedDepthMax % kBlockWords == 0);
// Rows of C, and words of a block of B, of one task at most: that and its packed A then stay in L2 (512 and
// 96 KB).
constexpr std::size_t kTaskRows = 96;
constexpr std::size_t kTaskWords = std::size_t{1} << 17;
// Packing tasks: panels whose source lines lie side by side, and words along k.
constexpr std::size_t kPackPanels = 4;
constexpr std::size_t kPackWords = 128;
// Tasks wanted per thread, for balance.
constexpr std::size_t kTasksPerThread = 6;
// Products of words of one parallel loop, per thread: some 10 ms, for which another lane may have to wait.
constexpr std::size_t kLoopProducts = 200'000'000;
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

// The parts of b[k, n] that are packed at once, in order; they depend on its sizes alone.
template <typename Body>  // body(columns, words along k, floats of all parts before)
void ForParts(const GemmPanelKernel& kernel, std::size_t n, std::size_t k, const Body& body) {
  const std::size_t depth = CeilDivide(k, kernel.steps_per_word);
  if (depth == 0) return;
  const std::size_t columns_most = std::max(
      kernel.columns, kPackedWords / std::min(depth, kPackedDepthMax) / kernel.columns * kernel.columns);
  std::size_t before = 0;
  for (std::size_t column = 0; column < n; column += columns_most) {
    for (std::size_t word = 0; word < depth; word += kPackedDepthMax) {
      const Range columns = {column, std::min(columns_most, n - column)};
      const Range words = {word, std::min(kPackedDepthMax, depth - word)};
      body(columns, words, before);
      before += RoundUp(columns.size, kernel.columns) * words.size;
    }
  }
}

class Packed {
 public:
  Packed(const GemmPanelKernel& kernel, Lane& lane, const GemmArguments& arguments, bool is_shared)
      : micro_(kernel), lane_(lane), args_(arguments), is_shared_(is_shared) {}

  void Run() {
    ForParts(micro_, args_.n, args_.k, [&](const Range& columns, const Range& words, std::size_t before) {
      columns_ = columns;
      words_ = words;
      if (args_.packed_b != nullptr) {
        packed_b_ = args_.packed_b + before;
      } else {
        float* const part = lane_.Scratch(0, RoundUp(columns.size, micro_.columns) * words.size).data();
        PackB(part);
        packed_b_ = part;
      }
      MultiplyAll();
    });
  }

  void PackAll(float* packed) {
    ForParts(micro_, args_.n, args_.k, [&](const Range& columns, const Range& words, std::size_t before) {
      columns_ = columns;
      words_ = words;
      PackB(packed + before);
    });
  }

 private:
  // `tasks` of so many products of words each, at most kLoopProducts per thread in one loop.
  void For(std::size_t tasks, std::size_t products, FunctionRef<void(std::size_t)> body) {
    if (is_shared_) {
      const std::size_t at_once = lane_.threads() * std::max<std::size_t>(1, kLoopProducts / products);
      for (std::size_t first = 0; first < tasks; first += at_once) {
        lane_.ParallelFor(std::min(at_once, tasks - first), [&](std::size_t task) { body(first + task); });
      }
    } else {
      for (std::size_t task = 0; task < tasks; ++task) body(task);
    }
  }

  // The steps of k in some of the words of words_.
  Range StepsOf(const Range& words) const {
    const std::size_t begin = (words_.begin + words.begin) * micro_.steps_per_word;
    return {begin, std::min(words.size * micro_.steps_per_word, args_.k - begin)};
  }

  // B's columns_ x words_ as panels of [words_.size][nr], one after the other.
  void PackB(float* to) {
    const std::size_t width = micro_.columns;
    const std::size_t word_blocks = CeilDivide(words_.size, kPackWords);
    For(CeilDivide(columns_.size, kPackPanels * width) * word_blocks, 1, [&](std::size_t task) {
      const Range columns = BlockOf(columns_, task / word_blocks, kPackPanels * width);
      const Range words = BlockOf(words_, task % word_blocks, kPackWords);
      const Range steps = StepsOf(words);
      const float* from = args_.b.data + steps.begin * args_.b.row_stride +
                          (columns_.begin + columns.begin) * args_.b.column_stride;
      micro_.pack({to + columns.begin * words_.size + words.begin * width, width, width * words_.size},
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
    const std::size_t columns_most =
        kTaskWords / std::min(words_.size, kBlockWords) / micro_.columns * micro_.columns;
    const std::size_t task_columns =
        std::min(RoundUp(CeilDivide(columns_.size, splits), micro_.columns), columns_most);
    const std::size_t column_blocks = CeilDivide(columns_.size, task_columns);
    For(row_blocks * column_blocks, task_rows * task_columns * words_.size, [&](std::size_t task) {
      Multiply(BlockOf({0, args_.m}, task / column_blocks, task_rows),
               BlockOf(columns_, task % column_blocks, task_columns));
    });
  }

  void Multiply(const Range& rows, const Range& columns) const {
    float* const packed_a = lane_.WorkerScratch(RoundUp(rows.size, micro_.rows) * kBlockWords).data();
    for (std::size_t word = 0; word < words_.size; word += kBlockWords) {
      const Range words = {word, std::min(kBlockWords, words_.size - word)};
      const Range steps = StepsOf(words);
      const float* from =
          args_.a.data + rows.begin * args_.a.row_stride + steps.begin * args_.a.column_stride;
      micro_.pack({packed_a, micro_.rows, micro_.rows * words.size},
                  {from, args_.a.row_stride, args_.a.column_stride}, rows.size, steps.size, args_.scale);
      MultiplyBlock(rows, columns, packed_a, words);
    }
  }

  void MultiplyBlock(const Range& rows, const Range& columns, const float* packed_a,
                     const Range& words) const {
    const bool accumulate = args_.accumulate || words_.begin + words.begin > 0;
    for (std::size_t r = 0; r < rows.size; r += micro_.rows) {
      const float* const a_panel = packed_a + r * words.size;
      float* const c_row = args_.c + (rows.begin + r) * args_.c_stride + columns_.begin + columns.begin;
      for (std::size_t c = 0; c < columns.size; c += micro_.columns) {
        const float* const b_panel =
            packed_b_ + (columns.begin + c) * words_.size + words.begin * micro_.columns;
        const std::size_t tile_rows = std::min(micro_.rows, rows.size - r);
        const std::size_t tile_columns = std::min(micro_.columns, columns.size - c);
        if (tile_rows == micro_.rows && tile_columns == micro_.columns) {
          micro_.multiply(c_row + c, args_.c_stride, a_panel, b_panel, words.size, accumulate);
        } else {
          alignas(64) float aside[kGemmTileMax];
          micro_.multiply(aside, micro_.columns, a_panel, b_panel, words.size, false);
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

  const GemmPanelKernel& micro_;
  Lane& lane_;
  const GemmArguments& args_;
  const bool is_shared_;
  Range columns_{};  // of B and C, and
  Range words_{};    // along k, that are packed now
  const float* packed_b_ = nullptr;
};

}  // namespace

void PackedGemm(const GemmPanelKernel& kernel, Lane& lane, const GemmArguments& arguments) {
  const bool is_shared = arguments.m * arguments.n * arguments.k >= kSingleThreadProducts;
  Packed(kernel, lane, arguments, is_shared).Run();
}

std::size_t PackedFloats(const GemmPanelKernel& kernel, std::size_t n, std::size_t k) {
  std::size_t floats = 0;
  ForParts(kernel, n, k, [&](const Range& columns, const Range& words, std::size_t before) {
    floats = before + RoundUp(columns.size, kernel.columns) * words.size;
  });
  return floats;
}

void PackOperand(const GemmPanelKernel& kernel, Lane& lane, float* packed, const StridedMatrix& b,
                 std::size_t n, std::size_t k) {
  const GemmArguments arguments = {0, n, k, {}, b, nullptr, 0, 1, false};
  Packed(kernel, lane, arguments, true).PackAll(packed);
}

}  // namespace ouroboros
