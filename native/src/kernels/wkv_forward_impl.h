// The wkv recurrence forward, compiled once per instruction set; see wkv.h. Include after a simd/*.h.
//
// Lanes are value channels i: with the State transposed, y and sa are sums over j without any reduction
// across lanes. One pass over the State per token makes its State, its y and the next token's sa. Value
// channels do not mix, so they are taken kWide at a time through all tokens.

namespace ouroboros::OURO_SIMD_NAMESPACE {

// columns[j][lane] = rows[lane][j] for kWide rows of a State.
inline void WkvTransposeIn(float* columns, const float* rows) {
  for (std::size_t lane = 0; lane < kWide; lane += kLanes) {
    for (std::size_t j = 0; j < kHeadSize; j += kLanes) {
      TransposeTile(rows + lane * kHeadSize + j, kHeadSize, columns + j * kWide + lane, kWide);
    }
  }
}

inline void WkvTransposeOut(float* rows, const float* columns) {
  for (std::size_t lane = 0; lane < kWide; lane += kLanes) {
    for (std::size_t j = 0; j < kHeadSize; j += kLanes) {
      TransposeTile(columns + j * kWide + lane, kWide, rows + lane * kHeadSize + j, kHeadSize);
    }
  }
}

inline Wide WkvFirstSa(const float* columns, const float* a) {
  Wide sa = ZeroWide();
  for (std::size_t j = 0; j < kHeadSize; ++j) sa = MulAdd(LoadWide(columns + j * kWide), Set(a[j]), sa);
  return sa;
}

inline void WkvForwardChannels(const WkvForwardArguments& args, std::size_t first, float* columns) {
  WkvTransposeIn(columns, args.state + first * kHeadSize);
  Wide sa = WkvFirstSa(columns, args.a);
  for (std::size_t t = 0; t < args.tokens; ++t) {
    const std::size_t at = t * args.stride;
    if (args.chunk_states != nullptr && t % kWkvChunk == 0) {
      WkvTransposeOut(args.chunk_states + (t / kWkvChunk * kHeadSize + first) * kHeadSize, columns);
    }
    if (args.sa != nullptr) Store(args.sa + at + first, sa);
    const float *const d = args.d + at, *const b = args.b + at, *const k = args.k + at,
                       *const r = args.r + at;
    // The last token has no next; what is then summed is not used.
    const float* const next_a = args.a + (t + 1 < args.tokens ? at + args.stride : at);
    const Wide v = LoadWide(args.v + at + first);
    Wide y = ZeroWide();
    Wide next_sa = ZeroWide();
    for (std::size_t j = 0; j < kHeadSize; ++j) {
      Wide state = LoadWide(columns + j * kWide) * Set(d[j]);
      state = MulAdd(sa, Set(b[j]), state);
      state = MulAdd(v, Set(k[j]), state);
      Store(columns + j * kWide, state);
      y = MulAdd(state, Set(r[j]), y);
      next_sa = MulAdd(state, Set(next_a[j]), next_sa);
    }
    Store(args.y + at + first, y);
    sa = next_sa;
  }
  WkvTransposeOut(args.state + first * kHeadSize, columns);
}

inline void WkvForward(const WkvForwardArguments& arguments) {
  if (arguments.tokens == 0) return;
  alignas(64) float columns[kHeadSize * kWide];
  for (std::size_t first = 0; first < kHeadSize; first += kWide)
    WkvForwardChannels(arguments, first, columns);
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
