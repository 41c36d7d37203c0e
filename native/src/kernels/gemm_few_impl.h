// Products of few rows of x, with w read once, where it stands; compiled once per instruction set; see
// gemm_micro.h.

namespace ouroboros::OURO_SIMD_NAMESPACE {

// Four rows of w at the same steps of k.
using GemmFour = Twice<Twice<F>>;

inline GemmFour LoadFour(const float* const* rows, std::size_t step) {
  return {{Load(rows[0] + step), Load(rows[1] + step)}, {Load(rows[2] + step), Load(rows[3] + step)}};
}
inline GemmFour LoadFourPartial(const float* const* rows, std::size_t step, std::size_t n) {
  return {{LoadPartial(rows[0] + step, n), LoadPartial(rows[1] + step, n)},
          {LoadPartial(rows[2] + step, n), LoadPartial(rows[3] + step, n)}};
}

// Sums of four rows of w with one row of x.
inline void GemmDotOne(float* sums, const float* x, const float* const* w, std::size_t k) {
  GemmFour sum{};
  std::size_t step = 0;
  for (; step + kLanes <= k; step += kLanes) sum = MulAdd(LoadFour(w, step), Load(x + step), sum);
  if (step < k) sum = MulAdd(LoadFourPartial(w, step, k - step), LoadPartial(x + step, k - step), sum);
  sums[0] = ReduceAdd(sum.low.low);
  sums[1] = ReduceAdd(sum.low.high);
  sums[2] = ReduceAdd(sum.high.low);
  sums[3] = ReduceAdd(sum.high.high);
}

// The same with four rows of x: sums[row of x][row of w].
inline void GemmDotFour(float* sums, const float* const* x, const float* const* w, std::size_t k) {
  GemmFour sum0{}, sum1{}, sum2{}, sum3{};
  std::size_t step = 0;
  for (; step + kLanes <= k; step += kLanes) {
    const GemmFour w_step = LoadFour(w, step);
    sum0 = MulAdd(w_step, Load(x[0] + step), sum0);
    sum1 = MulAdd(w_step, Load(x[1] + step), sum1);
    sum2 = MulAdd(w_step, Load(x[2] + step), sum2);
    sum3 = MulAdd(w_step, Load(x[3] + step), sum3);
  }
  if (step < k) {
    const std::size_t n = k - step;
    const GemmFour w_step = LoadFourPartial(w, step, n);
    sum0 = MulAdd(w_step, LoadPartial(x[0] + step, n), sum0);
    sum1 = MulAdd(w_step, LoadPartial(x[1] + step, n), sum1);
    sum2 = MulAdd(w_step, LoadPartial(x[2] + step, n), sum2);
    sum3 = MulAdd(w_step, LoadPartial(x[3] + step, n), sum3);
  }
  const F all[16] = {sum0.low.low, sum0.low.high, sum0.high.low, sum0.high.high,
                     sum1.low.low, sum1.low.high, sum1.high.low, sum1.high.high,
                     sum2.low.low, sum2.low.high, sum2.high.low, sum2.high.high,
                     sum3.low.low, sum3.low.high, sum3.high.low, sum3.high.high};
  for (std::size_t i = 0; i < 16; i += kLanes) Store(sums + i, ReduceAddEach(all + i));
}

// Groups at the edge repeat their last row; the repeated sums are dropped.
inline void GemmFourRows(const float** rows, const float* data, std::size_t stride, std::size_t first,
                         std::size_t count) {
  for (std::size_t i = 0; i < 4; ++i) rows[i] = data + (first + i < count ? first + i : count - 1) * stride;
}

inline void GemmFewDot(const GemmFewArguments& args) {
  const float* x[4];
  const float* w[4];
  alignas(64) float sums[16];
  for (std::size_t column = 0; column < args.columns; column += 4) {
    GemmFourRows(w, args.w, args.w_stride, column, args.columns);
    for (std::size_t row = 0; row < args.rows; row += 4) {
      const std::size_t rows = args.rows - row < 4 ? args.rows - row : 4;
      GemmFourRows(x, args.x, args.x_row_stride, row, args.rows);
      if (rows == 1) {
        GemmDotOne(sums, x[0], w, args.k);
      } else {
        GemmDotFour(sums, x, w, args.k);
      }
      for (std::size_t i = 0; i < rows; ++i) {
        float* const to = args.tile + (row + i) * kGemmFewColumns + column;
        for (std::size_t j = 0; j < 4; ++j) to[j] = sums[i * 4 + j];
      }
    }
  }
}

// Loads and stores of a vector of columns that may be cut, for both widths that GemmOuter takes.
struct GemmWideColumns {
  using Vector = Wide;
  Vector Read(const float* p) const { return LoadWide(p); }
};
struct GemmCutColumns {
  using Vector = F;
  std::size_t count;
  Vector Read(const float* p) const { return count == kLanes ? Load(p) : LoadPartial(p, count); }
};

template <typename Columns>
inline void GemmOuterOne(float* tile, const GemmFewArguments& args, std::size_t row, const float* w,
                         Columns columns) {
  using Vector = typename Columns::Vector;
  Vector sum;
  LoadTo(sum, tile + row * kGemmFewColumns);
  const float* x = args.x + row * args.x_row_stride;
  for (std::size_t step = 0; step < args.k; ++step) {
    sum = MulAdd(columns.Read(w + step * args.w_stride), Set(x[step * args.x_step_stride]), sum);
  }
  Store(tile + row * kGemmFewColumns, sum);
}

template <typename Columns>
inline void GemmOuterFour(float* tile, const GemmFewArguments& args, std::size_t row, const float* w,
                          Columns columns) {
  using Vector = typename Columns::Vector;
  float* const to = tile + row * kGemmFewColumns;
  Vector sum0, sum1, sum2, sum3;
  LoadTo(sum0, to);
  LoadTo(sum1, to + kGemmFewColumns);
  LoadTo(sum2, to + 2 * kGemmFewColumns);
  LoadTo(sum3, to + 3 * kGemmFewColumns);
  const std::size_t stride = args.x_row_stride;
  for (std::size_t step = 0; step < args.k; ++step) {
    const Vector w_step = columns.Read(w + step * args.w_stride);
    const float* const x = args.x + row * stride + step * args.x_step_stride;
    sum0 = MulAdd(w_step, Set(x[0]), sum0);
    sum1 = MulAdd(w_step, Set(x[stride]), sum1);
    sum2 = MulAdd(w_step, Set(x[2 * stride]), sum2);
    sum3 = MulAdd(w_step, Set(x[3 * stride]), sum3);
  }
  Store(to, sum0);
  Store(to + kGemmFewColumns, sum1);
  Store(to + 2 * kGemmFewColumns, sum2);
  Store(to + 3 * kGemmFewColumns, sum3);
}

template <typename Columns>
inline void GemmOuterRows(float* tile, const GemmFewArguments& args, const float* w, Columns columns) {
  std::size_t row = 0;
  for (; row + 4 <= args.rows; row += 4) GemmOuterFour(tile, args, row, w, columns);
  for (; row < args.rows; ++row) GemmOuterOne(tile, args, row, w, columns);
}

inline void GemmFewOuter(const GemmFewArguments& args) {
  std::size_t column = 0;
  for (; column + kWide <= args.columns; column += kWide) {
    GemmOuterRows(args.tile + column, args, args.w + column, GemmWideColumns{});
  }
  for (; column < args.columns; column += kLanes) {
    const std::size_t left = args.columns - column;
    GemmOuterRows(args.tile + column, args, args.w + column, GemmCutColumns{left < kLanes ? left : kLanes});
  }
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
