#include "kernels/gemm/gemm_symmetric.h"

#include <algorithm>

#include "kernels/gemm/gemm_paths.h"

namespace ouroboros {
namespace {

// Products of one parallel loop, per thread: some milliseconds.
constexpr std::size_t kLoopProducts = 200'000'000;

// The tiles that cover the diagonal and all that is right of it, strip by strip of kGemmFewColumns columns,
// which all rows above share.
class UpperTiles {
 public:
  explicit UpperTiles(std::size_t n) : n_(n) {}

  std::size_t count() const {
    const std::size_t whole = n_ / kGemmFewColumns, rest = n_ % kGemmFewColumns;
    const std::size_t of_rest = rest == 0 ? 0 : (n_ + kGemmFewRows - 1) / kGemmFewRows;
    return BeforeStrip(whole) + of_rest;
  }
  Tile operator[](std::size_t index) const {
    std::size_t strip = 0;
    while (BeforeStrip(strip + 1) <= index) ++strip;
    const std::size_t row = (index - BeforeStrip(strip)) * kGemmFewRows;
    const std::size_t column = std::max(row, strip * kGemmFewColumns);
    const std::size_t end = std::min(n_, (strip + 1) * kGemmFewColumns);
    return {row, std::min(kGemmFewRows, n_ - row), column, end - column};
  }

 private:
  // Strip s has the rows down to the end of its own.
  static std::size_t BeforeStrip(std::size_t strip) {
    static_assert(kGemmFewColumns % kGemmFewRows == 0);
    return strip * (strip + 1) / 2 * (kGemmFewColumns / kGemmFewRows);
  }

  std::size_t n_;
};

void Put(const SymmetricArguments& args, const Tile& tile, float* values) {
  for (std::size_t i = 0; i < tile.rows; ++i) {
    const std::size_t row = tile.row + i, at = row * args.n + tile.column;
    float* const of_row = values + i * kGemmFewColumns;
    for (std::size_t j = 0; j < tile.columns; ++j) of_row[j] *= args.scale;
    if (args.addend != nullptr) {
      for (std::size_t j = 0; j < tile.columns; ++j) of_row[j] += args.addend_scale * args.addend[at + j];
    }
    if (row >= tile.column && row < tile.column + tile.columns) of_row[row - tile.column] += args.diagonal;
    std::copy_n(of_row, tile.columns, args.c + at);
  }
  for (std::size_t j = 0; j < tile.columns; ++j) {
    const std::size_t column = tile.column + j, rows = std::min(tile.rows, column - tile.row);
    float* const to = args.c + column * args.n + tile.row;
    for (std::size_t i = 0; i < rows; ++i) to[i] = values[i * kGemmFewColumns + j];
  }
}

}  // namespace

void SymmetricGemm(const Kernels& kernels, Lane& lane, const SymmetricArguments& arguments) {
  const UpperTiles tiles(arguments.n);
  const std::size_t products = kGemmFewRows * kGemmFewColumns * arguments.k;
  const std::size_t at_once = lane.threads() * std::max<std::size_t>(1, kLoopProducts / products);
  for (std::size_t first = 0; first < tiles.count(); first += at_once) {
    lane.ParallelFor(std::min(at_once, tiles.count() - first), [&](std::size_t task) {
      const Tile tile = tiles[first + task];
      alignas(64) float values[kGemmFewRows * kGemmFewColumns];
      MultiplyTile(kernels.gemm, values, arguments.a, arguments.b, arguments.k, tile);
      Put(arguments, tile, values);
    });
  }
}

}  // namespace ouroboros
