// The matrix products' innermost loops, compiled once per instruction set; see gemm_micro.h.
//
// The accumulators of a tile are named variables, made by macros: compilers keep those in registers, while an
// array of vectors indexed by a loop ends up in memory with some (a factor of 2).

namespace ouroboros::OURO_SIMD_NAMESPACE {

// Rows of a tile; OURO_GEMM_ROWS(X) expands X(0) X(1) ... Two vectors of columns, one accumulator each, must
// leave registers for two vectors of B and one of A: 12 rows of 32 registers, 6 of 16.
#define OURO_GEMM_ROWS_6(X) X(0) X(1) X(2) X(3) X(4) X(5)
#if defined(OURO_SIMD_32_REGISTERS)
#define OURO_GEMM_ROWS(X) OURO_GEMM_ROWS_6(X) X(6) X(7) X(8) X(9) X(10) X(11)
constexpr std::size_t kGemmRows = 12;
#else
#define OURO_GEMM_ROWS OURO_GEMM_ROWS_6
constexpr std::size_t kGemmRows = 6;
#endif
constexpr std::size_t kGemmColumns = 2 * kLanes;

inline void GemmMultiply(float* c, std::size_t c_stride, const float* a_panel, const float* b_panel,
                         std::size_t k, bool accumulate) {
#define OURO_BEGIN(i) \
  F low##i = Zero();  \
  F high##i = Zero();
#define OURO_STEP(i)                      \
  {                                       \
    const F a = Set(a_panel[i]);          \
    low##i = MulAdd(a, b_low, low##i);    \
    high##i = MulAdd(a, b_high, high##i); \
  }
#define OURO_END(i)                           \
  {                                           \
    float* row = c + i * c_stride;            \
    if (accumulate) {                         \
      low##i = Load(row) + low##i;            \
      high##i = Load(row + kLanes) + high##i; \
    }                                         \
    Store(row, low##i);                       \
    Store(row + kLanes, high##i);             \
  }
  OURO_GEMM_ROWS(OURO_BEGIN)
  for (; k > 0; --k) {
    const F b_low = Load(b_panel);
    const F b_high = Load(b_panel + kLanes);
    OURO_GEMM_ROWS(OURO_STEP)
    a_panel += kGemmRows;
    b_panel += kGemmColumns;
  }
  OURO_GEMM_ROWS(OURO_END)
#undef OURO_BEGIN
#undef OURO_STEP
#undef OURO_END
}

// Lanes next to each other: step by step, so that a line of the source is read once for all panels that share
// it. Whole vectors are stored although a panel may be narrower: the next step overwrites what is too much,
// and the last is cut.
constexpr std::size_t kPrefetchSteps = 12;  // far apart in memory: beyond what hardware foresees

inline void GemmPackCopy(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes,
                         std::size_t k, F scale) {
  const std::size_t vectors = (panels.width + kLanes - 1) / kLanes;
  for (std::size_t step = 0; step < k; ++step) {
    for (std::size_t lane = 0; lane < lanes; lane += panels.width) {
      float* const to = panels.data + lane / panels.width * panels.panel_stride + step * panels.width;
      const float* const from = source.data + lane + step * source.step_stride;
      if (step + kPrefetchSteps < k) Prefetch(from + kPrefetchSteps * source.step_stride);
      const std::size_t here = lanes - lane < panels.width ? lanes - lane : panels.width;
      for (std::size_t v = 0; v < vectors; ++v) {
        const std::size_t at = v * kLanes;
        F value = Zero();
        if (at + kLanes <= here) {
          value = Load(from + at);
        } else if (at < here) {
          value = LoadPartial(from + at, here - at);
        }
        value = value * scale;
        if (at + kLanes <= panels.width || step + 1 < k) {
          Store(to + at, value);
        } else {
          StorePartial(to + at, value, panels.width - at);
        }
      }
    }
  }
}

// Steps next to each other: transposed in tiles of kLanes x kLanes, panel by panel.
inline void GemmPackTranspose(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes,
                              std::size_t k, F scale) {
  alignas(64) float rows[kLanes * kLanes] = {};
  alignas(64) float columns[kLanes * kLanes];
  const std::size_t padded = (lanes + panels.width - 1) / panels.width * panels.width;
  const std::size_t part = panels.width < kLanes ? panels.width : kLanes;  // lanes of one tile
  for (std::size_t lane = 0; lane < padded; lane += part) {
    float* const to = panels.data + lane / panels.width * panels.panel_stride + lane % panels.width;
    const std::size_t valid = lane >= lanes ? 0 : lanes - lane < part ? lanes - lane : part;
    for (std::size_t row = valid; row < kLanes; ++row) Store(rows + row * kLanes, Zero());
    for (std::size_t step = 0; step < k; step += kLanes) {
      const std::size_t steps = k - step < kLanes ? k - step : kLanes;
      for (std::size_t row = 0; row < valid; ++row) {
        const float* const from = source.data + (lane + row) * source.lane_stride + step;
        Store(rows + row * kLanes, scale * (steps == kLanes ? Load(from) : LoadPartial(from, steps)));
      }
      TransposeTile(rows, kLanes, columns, kLanes);
      for (std::size_t s = 0; s < steps; ++s) {
        float* const step_to = to + (step + s) * panels.width;
        if (part == kLanes || step + s + 1 < k) {
          Store(step_to, Load(columns + s * kLanes));
        } else {
          StorePartial(step_to, Load(columns + s * kLanes), part);
        }
      }
    }
  }
}

inline void GemmPack(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes, std::size_t k,
                     float scale) {
  if (source.lane_stride == 1) {
    GemmPackCopy(panels, source, lanes, k, Set(scale));
  } else {
    GemmPackTranspose(panels, source, lanes, k, Set(scale));
  }
}

// ---- Few rows of x: w is read once, where it stands ----

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

constexpr GemmMicroKernel kGemm = {kGemmRows, kGemmColumns, GemmMultiply, GemmPack, GemmFewDot, GemmFewOuter};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
