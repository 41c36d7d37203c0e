// Products of few rows of x, with w read once, where it stands; compiled once per instruction set; see
// gemm_micro.h.

namespace ouroboros::OURO_SIMD_NAMESPACE {

// Several rows of w at the same steps of k.
inline void LoadRows(F& v, const float* const* rows, std::size_t step) { v = Load(rows[0] + step); }
template <typename Half>
inline void LoadRows(Twice<Half>& v, const float* const* rows, std::size_t step) {
  LoadRows(v.low, rows, step);
  LoadRows(v.high, rows + kLanesOf<Half> / kLanes, step);
}
inline void LoadRowsPartial(F& v, const float* const* rows, std::size_t step, std::size_t n) {
  v = LoadPartial(rows[0] + step, n);
}
template <typename Half>
inline void LoadRowsPartial(Twice<Half>& v, const float* const* rows, std::size_t step, std::size_t n) {
  LoadRowsPartial(v.low, rows, step, n);
  LoadRowsPartial(v.high, rows + kLanesOf<Half> / kLanes, step, n);
}

inline void PutParts(F* to, F v) { *to = v; }
template <typename Half>
inline void PutParts(F* to, const Twice<Half>& v) {
  PutParts(to, v.low);
  PutParts(to + kLanesOf<Half> / kLanes, v.high);
}

// sums[0 .. 3]: four rows of w with one row of x. Four chains keep up with memory.
inline void GemmDotOne(float* sums, const float* x, const float* const* w, std::size_t k) {
  Twice<Twice<F>> sum{}, w_step;
  std::size_t step = 0;
  for (; step + kLanes <= k; step += kLanes) {
    LoadRows(w_step, w, step);
    sum = MulAdd(w_step, Load(x + step), sum);
  }
  if (step < k) {
    LoadRowsPartial(w_step, w, step, k - step);
    sum = MulAdd(w_step, LoadPartial(x + step, k - step), sum);
  }
  F parts[4];
  PutParts(parts, sum);
  for (std::size_t i = 0; i < 4; ++i) sums[i] = ReduceAdd(parts[i]);
}

// As many rows of w as fit the registers, four times.
constexpr std::size_t kGemmGroup = kWide / kLanes;

// sums[4 * i + j]: row i of four rows of x with row j of kGemmGroup rows of w.
inline void GemmDotFour(float* sums, const float* const* x, const float* const* w, std::size_t k) {
  Wide sum0 = ZeroWide(), sum1 = ZeroWide(), sum2 = ZeroWide(), sum3 = ZeroWide(), w_step;
  std::size_t step = 0;
  for (; step + kLanes <= k; step += kLanes) {
    LoadRows(w_step, w, step);
    sum0 = MulAdd(w_step, Load(x[0] + step), sum0);
    sum1 = MulAdd(w_step, Load(x[1] + step), sum1);
    sum2 = MulAdd(w_step, Load(x[2] + step), sum2);
    sum3 = MulAdd(w_step, Load(x[3] + step), sum3);
  }
  if (step < k) {
    const std::size_t n = k - step;
    LoadRowsPartial(w_step, w, step, n);
    sum0 = MulAdd(w_step, LoadPartial(x[0] + step, n), sum0);
    sum1 = MulAdd(w_step, LoadPartial(x[1] + step, n), sum1);
    sum2 = MulAdd(w_step, LoadPartial(x[2] + step, n), sum2);
    sum3 = MulAdd(w_step, LoadPartial(x[3] + step, n), sum3);
  }
  F parts[4 * kGemmGroup];
  PutParts(parts, sum0);
  PutParts(parts + kGemmGroup, sum1);
  PutParts(parts + 2 * kGemmGroup, sum2);
  PutParts(parts + 3 * kGemmGroup, sum3);
  float reduced[4 * kGemmGroup];
  for (std::size_t i = 0; i < 4 * kGemmGroup; i += kLanes) Store(reduced + i, ReduceAddEach(parts + i));
  for (std::size_t i = 0; i < 4 * kGemmGroup; ++i) sums[i / kGemmGroup * 4 + i % kGemmGroup] = reduced[i];
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
        for (std::size_t j = 0; j < 4; j += kGemmGroup) GemmDotFour(sums + j, x, w + j, args.k);
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
