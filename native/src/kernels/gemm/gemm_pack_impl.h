// Packing of operands into panels, compiled once per instruction set; see gemm_micro.h.
//
// Words says how a word of a panel comes from the source; see FloatWords.

namespace ouroboros::OURO_SIMD_NAMESPACE {

inline F LoadUpTo(const float* from, std::size_t count) {
  return count >= kLanes ? Load(from) : LoadPartial(from, count);
}

struct FloatWords {
  static constexpr std::size_t kSteps = 1;  // of k in a word
  // A word each of kLanes lanes side by side, of which `count` exist, at `steps` <= kSteps steps.
  static F OfLanes(const float* from, std::size_t count, std::size_t, std::size_t, F scale) {
    return LoadUpTo(from, count) * scale;
  }
  // kLanes words of one lane whose steps stand side by side; `steps` exist, at least one.
  static F OfSteps(const float* from, std::size_t steps, F scale) { return scale * LoadUpTo(from, steps); }
  static F MulAdd(F a, F b, F sum) { return OURO_SIMD_NAMESPACE::MulAdd(a, b, sum); }
};

// Lanes next to each other: step by step, so that a line of the source is read once for all panels that share
// it. Whole vectors are stored although a panel may be narrower: the next step overwrites what is too much,
// and the last is cut.
// Lines to ask for ahead: steps are far apart in memory, beyond what hardware foresees.
constexpr std::size_t kPrefetchLines = 32;

template <typename Words>
inline void GemmPackCopy(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes,
                         std::size_t k, F scale) {
  const std::size_t vectors = (panels.width + kLanes - 1) / kLanes;
  const std::size_t stride = source.step_stride;
  const std::size_t ahead = kPrefetchLines * kLanes / (lanes + kLanes) + Words::kSteps;
  for (std::size_t step = 0; step < k; step += Words::kSteps) {
    const std::size_t steps = k - step < Words::kSteps ? k - step : Words::kSteps;
    const bool is_last = step + Words::kSteps >= k;
    for (std::size_t lane = 0; lane < lanes; lane += panels.width) {
      float* const to =
          panels.data + lane / panels.width * panels.panel_stride + step / Words::kSteps * panels.width;
      const float* const from = source.data + lane + step * stride;
      for (std::size_t s = ahead; s < ahead + Words::kSteps && step + s < k; ++s) {
        for (std::size_t v = 0; v < vectors; ++v) Prefetch(from + s * stride + v * kLanes);
      }
      const std::size_t here = lanes - lane < panels.width ? lanes - lane : panels.width;
      for (std::size_t v = 0; v < vectors; ++v) {
        const std::size_t at = v * kLanes;
        const F words = at < here ? Words::OfLanes(from + at, here - at, steps, stride, scale) : Zero();
        if (at + kLanes <= panels.width || !is_last) {
          Store(to + at, words);
        } else {
          StorePartial(to + at, words, panels.width - at);
        }
      }
    }
  }
}

// Steps next to each other: transposed in tiles of kLanes x kLanes words, panel by panel.
template <typename Words>
inline void GemmPackTranspose(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes,
                              std::size_t k, F scale) {
  alignas(64) float rows[kLanes * kLanes] = {};
  alignas(64) float columns[kLanes * kLanes];
  const std::size_t words = (k + Words::kSteps - 1) / Words::kSteps;
  const std::size_t padded = (lanes + panels.width - 1) / panels.width * panels.width;
  const std::size_t part = panels.width < kLanes ? panels.width : kLanes;  // lanes of one tile
  for (std::size_t lane = 0; lane < padded; lane += part) {
    float* const to = panels.data + lane / panels.width * panels.panel_stride + lane % panels.width;
    const std::size_t valid = lane >= lanes ? 0 : lanes - lane < part ? lanes - lane : part;
    for (std::size_t row = valid; row < kLanes; ++row) Store(rows + row * kLanes, Zero());
    for (std::size_t word = 0; word < words; word += kLanes) {
      const std::size_t step = word * Words::kSteps;
      for (std::size_t row = 0; row < valid; ++row) {
        const float* const from = source.data + (lane + row) * source.lane_stride + step;
        Store(rows + row * kLanes, Words::OfSteps(from, k - step, scale));
      }
      TransposeTile(rows, kLanes, columns, kLanes);
      for (std::size_t w = 0; w < kLanes && word + w < words; ++w) {
        float* const word_to = to + (word + w) * panels.width;
        if (part == kLanes || word + w + 1 < words) {
          Store(word_to, Load(columns + w * kLanes));
        } else {
          StorePartial(word_to, Load(columns + w * kLanes), part);
        }
      }
    }
  }
}

template <typename Words>
inline void GemmPack(const GemmPanels& panels, const GemmPackSource& source, std::size_t lanes, std::size_t k,
                     float scale) {
  if (source.lane_stride == 1) {
    GemmPackCopy<Words>(panels, source, lanes, k, Set(scale));
  } else {
    GemmPackTranspose<Words>(panels, source, lanes, k, Set(scale));
  }
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
