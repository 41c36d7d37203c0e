// Packing of operands into panels, compiled once per instruction set; see gemm_micro.h.

namespace ouroboros::OURO_SIMD_NAMESPACE {

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

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
