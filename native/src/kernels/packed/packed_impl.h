// Products with packed weights, compiled once per instruction set; see packed.h. Include after a simd/*.h and
// its simd/int_*.h.
//
// A tile is kRows rows times kPanels panels, with all its sums in registers; loops over it are unrolled,
// since compilers keep an array of vectors in registers only where every index is a constant.

#if defined(__GNUC__)
#define OURO_UNROLL _Pragma("GCC unroll 32")
#else
#define OURO_UNROLL
#endif

namespace ouroboros::OURO_SIMD_NAMESPACE {

constexpr std::size_t kPanelVectors = kPanel / kLanes;

template <std::size_t kRows, std::size_t kPanels>
struct PackedTile {
  static constexpr std::size_t kVectors = kPanels * kPanelVectors;
  F sums[kRows][kVectors];

  void Clear() {
    OURO_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      OURO_UNROLL
      for (std::size_t v = 0; v < kVectors; ++v) sums[row][v] = Zero();
    }
  }

  // `first` is the tile's first row, `panel` its first panel.
  void Put(const PackedArguments& args, std::size_t first, std::size_t panel) const {
    OURO_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      float* const y = args.y + (first + row) * args.y_stride + panel * kPanel;
      const std::size_t left = args.matrix->outputs - panel * kPanel;
      OURO_UNROLL
      for (std::size_t v = 0; v < kVectors; ++v) {
        const std::size_t at = v * kLanes;
        if (at + kLanes <= left) {
          Store(y + at, args.accumulate ? Load(y + at) + sums[row][v] : sums[row][v]);
        } else if (at < left) {
          const F before = args.accumulate ? LoadPartial(y + at, left - at) : Zero();
          StorePartial(y + at, before + sums[row][v], left - at);
        }
      }
    }
  }
};

// How far ahead of a tile's weights the next ones lie that its caller will read, in panels; 0 where none do.
// They are asked for meanwhile: the streams of a panel are over before hardware would foresee them.
template <std::size_t kPanels>
inline std::size_t PanelsAhead(const PackedArguments& args, std::size_t first, std::size_t panel) {
  return first == 0 && panel + kPanels < args.last_panel ? kPanels : 0;
}

template <std::size_t kRows, std::size_t kPanels>
inline void PackedF32(const PackedArguments& args, std::size_t first, std::size_t panel) {
  using Tile = PackedTile<kRows, kPanels>;
  Tile tile;
  tile.Clear();
  const std::size_t inputs = args.matrix->groups() * kScaleGroup;
  const std::size_t panel_floats = inputs * kPanel;
  const float* w = reinterpret_cast<const float*>(args.matrix->values) + panel * panel_floats;
  const float* const x = args.x + first * args.x_stride;
  const std::size_t ahead = PanelsAhead<kPanels>(args, first, panel) * panel_floats;
  for (std::size_t i = 0; i < inputs; ++i, w += kPanel) {
    F weights[Tile::kVectors];
    OURO_UNROLL
    for (std::size_t v = 0; v < Tile::kVectors; ++v) {
      const float* const from = w + v / kPanelVectors * panel_floats + v % kPanelVectors * kLanes;
      weights[v] = Load(from);
      PrefetchFar(reinterpret_cast<const std::byte*>(from + ahead));
    }
    OURO_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      const F value = Set(x[row * args.x_stride + i]);
      OURO_UNROLL
      for (std::size_t v = 0; v < Tile::kVectors; ++v) {
        tile.sums[row][v] = MulAdd(weights[v], value, tile.sums[row][v]);
      }
    }
  }
  tile.Put(args, first, panel);
}

template <std::size_t kRows, std::size_t kPanels>
inline void PackedBf16(const PackedArguments& args, std::size_t first, std::size_t panel) {
  using Tile = PackedTile<kRows, kPanels>;
  Tile tile;
  tile.Clear();
  const std::size_t inputs = args.matrix->groups() * kScaleGroup;
  const std::size_t panel_bytes = inputs * kPanel * 2;
  const std::byte* w = args.matrix->values + panel * panel_bytes;
  const float* const x = args.x + first * args.x_stride;
  const std::size_t ahead = PanelsAhead<kPanels>(args, first, panel) * panel_bytes;
  for (std::size_t i = 0; i < inputs; i += 2, w += kPanel * 4) {
    F low[Tile::kVectors], high[Tile::kVectors];
    OURO_UNROLL
    for (std::size_t v = 0; v < Tile::kVectors; ++v) {
      const std::byte* const from = w + v / kPanelVectors * panel_bytes + v % kPanelVectors * kLanes * 4;
      const I pair = LoadBytes(from);
      PrefetchFar(from + ahead);
      low[v] = Bf16Low(pair);
      high[v] = Bf16High(pair);
    }
    OURO_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      const float* const values = x + row * args.x_stride + i;
      const F even = Set(values[0]), odd = Set(values[1]);
      OURO_UNROLL
      for (std::size_t v = 0; v < Tile::kVectors; ++v) {
        tile.sums[row][v] = MulAdd(low[v], even, tile.sums[row][v]);
      }
      OURO_UNROLL
      for (std::size_t v = 0; v < Tile::kVectors; ++v) {
        tile.sums[row][v] = MulAdd(high[v], odd, tile.sums[row][v]);
      }
    }
  }
  tile.Put(args, first, panel);
}

template <std::size_t kRows, std::size_t kPanels, bool kIsQ4>
inline void PackedInt(const PackedArguments& args, std::size_t first, std::size_t panel) {
  using Tile = PackedTile<kRows, kPanels>;
  constexpr std::size_t kVectors = Tile::kVectors;
  constexpr std::size_t kFours = kIsQ4 ? 2 : 1;  // of inputs, to each load of weights
  constexpr std::size_t kLoads = kScaleGroup / 4 / kFours;
  Tile tile;
  tile.Clear();
  const std::size_t groups = args.matrix->groups();
  const std::size_t panel_bytes = groups * kLoads * kPanel * 4;
  const std::byte* w = args.matrix->values + panel * panel_bytes;
  const std::uint16_t* w_scales = args.matrix->scales + panel * groups * kPanel;
  const QuantizedRows& q = args.quantized;
  const std::int8_t* x = q.values + first * q.stride;
  const float* const x_scales = q.scales + first * q.groups;
  const std::int32_t* const x_starts = q.starts + 2 * first * q.groups + kIsQ4;
  const std::size_t panels_ahead = PanelsAhead<kPanels>(args, first, panel);
  const std::size_t ahead = panels_ahead * panel_bytes, scales_ahead = panels_ahead * groups * kPanel;
  for (std::size_t group = 0; group < groups; ++group) {
    I dots[kRows][kVectors];
    OURO_UNROLL
    for (std::size_t row = 0; row < kRows; ++row) {
      const I start = LoadInt(x_starts + 2 * (row * q.groups + group));
      OURO_UNROLL
      for (std::size_t v = 0; v < kVectors; ++v) dots[row][v] = start;
    }
    OURO_UNROLL
    for (std::size_t load = 0; load < kLoads; ++load) {
      I weights[kFours][kVectors];
      OURO_UNROLL
      for (std::size_t v = 0; v < kVectors; ++v) {
        const std::byte* const from = w + v / kPanelVectors * panel_bytes + v % kPanelVectors * kLanes * 4;
        const I bytes = LoadBytes(from);
        PrefetchFar(from + ahead);
        if constexpr (kIsQ4) {
          weights[0][v] = LowHalves(bytes);
          weights[1][v] = HighHalves(bytes);
        } else {
          weights[0][v] = Q8Bytes(bytes);
        }
      }
      OURO_UNROLL
      for (std::size_t four = 0; four < kFours; ++four) {
        OURO_UNROLL
        for (std::size_t row = 0; row < kRows; ++row) {
          const I values = LoadFour(x + row * q.stride + (load * kFours + four) * 4);
          OURO_UNROLL
          for (std::size_t v = 0; v < kVectors; ++v) {
            dots[row][v] = AddDots(dots[row][v], weights[four][v], values);
          }
        }
      }
      w += kPanel * 4;
    }
    OURO_UNROLL
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::uint16_t* const from =
          w_scales + v / kPanelVectors * groups * kPanel + v % kPanelVectors * kLanes;
      const F scale = LoadHalves(from);
      PrefetchFar(reinterpret_cast<const std::byte*>(from + scales_ahead));
      OURO_UNROLL
      for (std::size_t row = 0; row < kRows; ++row) {
        const F both = scale * Set(x_scales[row * q.groups + group]);
        tile.sums[row][v] = MulAdd(ToFloats(dots[row][v]), both, tile.sums[row][v]);
      }
    }
    w_scales += kPanel;
    x += kScaleGroup;
  }
  tile.Put(args, first, panel);
}

template <std::size_t kRows, std::size_t kPanels>
inline void PackedTileOf(const PackedArguments& args, std::size_t first, std::size_t panel) {
  switch (args.matrix->type) {
    case WeightType::kF32:
      return PackedF32<kRows, kPanels>(args, first, panel);
    case WeightType::kBf16:
      return PackedBf16<kRows, kPanels>(args, first, panel);
    case WeightType::kQ8:
      return PackedInt<kRows, kPanels, false>(args, first, panel);
    case WeightType::kQ4:
      return PackedInt<kRows, kPanels, true>(args, first, panel);
  }
}

// The most vectors of sums in a tile of several rows: integers take as many again, and the weights some.
constexpr std::size_t kTileVectors = kPanelVectors == 2 ? 16 : 8;
template <std::size_t kRows, std::size_t kPanels>
inline constexpr bool kFitsTile = kRows * kPanels * kPanelVectors <= kTileVectors;

// All rows on kPanels panels, which stay in the caches meanwhile. Many chains of sums at once, or the
// multiply-adds wait for each other: a few rows take more panels.
template <std::size_t kPanels>
inline void PackedRows(const PackedArguments& args, std::size_t panel) {
  std::size_t row = 0;
  if constexpr (kFitsTile<8, kPanels>) {
    for (; row + 8 <= args.rows; row += 8) PackedTileOf<8, kPanels>(args, row, panel);
  }
  if constexpr (kFitsTile<4, kPanels>) {
    for (; row + 4 <= args.rows; row += 4) PackedTileOf<4, kPanels>(args, row, panel);
  }
  if constexpr (kFitsTile<2, kPanels>) {
    for (; row + 2 <= args.rows; row += 2) PackedTileOf<2, kPanels>(args, row, panel);
  }
  for (; row < args.rows; ++row) PackedTileOf<1, kPanels>(args, row, panel);
}

inline void PackedMultiply(const PackedArguments& args) {
  std::size_t panel = args.first_panel;
  if constexpr (kPanelVectors == 1) {
    for (; args.rows < 4 && panel + 4 <= args.last_panel; panel += 4) PackedRows<4>(args, panel);
  }
  constexpr std::size_t kRowsOfOne = kPanelVectors == 1 ? 8 : 2;  // rows that keep one panel busy
  for (; args.rows < kRowsOfOne && panel + 2 <= args.last_panel; panel += 2) PackedRows<2>(args, panel);
  for (; panel < args.last_panel; ++panel) PackedRows<1>(args, panel);
}

inline void PackedQuantize(std::int8_t* values, float* scales, std::int32_t* starts, const float* x,
                           std::size_t inputs) {
  for (std::size_t begin = 0; begin < inputs; begin += kScaleGroup) {
    alignas(64) float group[kScaleGroup] = {};
    const std::size_t count = inputs - begin < kScaleGroup ? inputs - begin : kScaleGroup;
    for (std::size_t i = 0; i < count; ++i) group[i] = x[begin + i];
    F most = Zero();
    for (std::size_t i = 0; i < kScaleGroup; i += kLanes) most = Max(Abs(Load(group + i)), most);
    const float scale = ReduceMax(most) / 127.0f;
    const F inverse = Set(scale > 0.0f ? 1.0f / scale : 0.0f);
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < kScaleGroup; i += kLanes) {
      StoreRounded(values + begin + i, Min(Set(127.0f), Max(Set(-127.0f), Load(group + i) * inverse)));
    }
    for (std::size_t i = 0; i < kScaleGroup; ++i) sum += values[begin + i];
    *scales++ = scale;
    *starts++ = -kQ8Zero * sum;
    *starts++ = -kQ4Zero * sum;
  }
}

constexpr PackedKernels kPacked = {.multiply = PackedMultiply, .quantize = PackedQuantize};

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
