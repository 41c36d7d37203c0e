// The wkv recurrence backward, compiled once per instruction set; see wkv.h. Include after a simd/*.h.
//
// Lanes are key channels j: five of the seven sums run over i and stay in registers. Value channels mix only
// in those sums, so a block of rows i goes backward through a whole chunk while its States lie in the nearest
// cache. With S the State after a token and P the one before it, for every row i:
//
//   dS_i += dy_i r
//   dd += dS_i P_i, db += dS_i sa_i, dk += dS_i v_i
//   dv_i = dS_i k, dsa_i = dS_i b
//   da += P_i dsa_i
//   dS_i = dS_i d + dsa_i a
//
// and dr = sum_i S_i dy_i = d (sum_i P_i dy_i) + b (sa dy) + k (v dy), which needs no S.

namespace ouroboros::OURO_SIMD_NAMESPACE {

// Rows that one block holds: those whose dv and dsa are reduced together.
constexpr std::size_t kWkvRows = kLanes < 8 ? 8 : kLanes;
constexpr std::size_t kWkvBlock = kWkvRows * kHeadSize;

struct WkvBlock {
  std::size_t first;  // row
  std::size_t count;  // tokens, 1 .. kWkvChunk
  float* before;      // [count][kWkvRows][64]: States before each token
  float* dstate;      // [kWkvRows][64]
};

inline void WkvRecompute(const WkvBackwardArguments& args, const WkvBlock& block) {
  for (std::size_t s = 0; s + 1 < block.count; ++s) {
    const std::size_t at = s * args.stride;
    const float* from = block.before + s * kWkvBlock;
    float* to = block.before + (s + 1) * kWkvBlock;
    for (std::size_t j = 0; j < kHeadSize; j += kWide) {
      const Wide d = LoadWide(args.d + at + j);
      const Wide b = LoadWide(args.b + at + j);
      const Wide k = LoadWide(args.k + at + j);
      for (std::size_t row = 0; row < kWkvRows; ++row) {
        Wide state = LoadWide(from + row * kHeadSize + j) * d;
        state = MulAdd(b, Set(args.sa[at + block.first + row]), state);
        Store(to + row * kHeadSize + j, MulAdd(k, Set(args.v[at + block.first + row]), state));
      }
    }
  }
}

// The first block of rows writes a gradient, the others add to it.
inline void WkvPut(float* to, const Wide& sum, std::size_t first) {
  Store(to, first == 0 ? sum : LoadWide(to) + sum);
}

// dS += dy r and what follows from it; the unreduced sums of each row's dv and dsa come back in dv and dsa.
// What is put into dr here is sum_i P_i dy_i.
inline void WkvBackwardSums(const WkvBackwardArguments& args, const WkvBlock& block, std::size_t at,
                            const float* before, F* dv, F* dsa) {
  for (std::size_t row = 0; row < kWkvRows; ++row) dv[row] = dsa[row] = Zero();
  for (std::size_t j = 0; j < kHeadSize; j += kWide) {
    const Wide r = LoadWide(args.r + at + j);
    const Wide k = LoadWide(args.k + at + j);
    const Wide b = LoadWide(args.b + at + j);
    Wide p_dy = ZeroWide();
    Wide dd = ZeroWide();
    Wide db = ZeroWide();
    Wide dk = ZeroWide();
    for (std::size_t row = 0; row < kWkvRows; ++row) {
      const F dy_i = Set(args.dy[at + block.first + row]);
      const Wide old = LoadWide(before + row * kHeadSize + j);
      const Wide ds = MulAdd(r, dy_i, LoadWide(block.dstate + row * kHeadSize + j));
      Store(block.dstate + row * kHeadSize + j, ds);
      p_dy = MulAdd(old, dy_i, p_dy);
      dd = MulAdd(old, ds, dd);
      db = MulAdd(ds, Set(args.sa[at + block.first + row]), db);
      dk = MulAdd(ds, Set(args.v[at + block.first + row]), dk);
      dv[row] = AddProducts(ds, k, dv[row]);
      dsa[row] = AddProducts(ds, b, dsa[row]);
    }
    WkvPut(args.dr + at + j, p_dy, block.first);
    WkvPut(args.dd + at + j, dd, block.first);
    WkvPut(args.db + at + j, db, block.first);
    WkvPut(args.dk + at + j, dk, block.first);
  }
}

// da, and dS of the State before.
inline void WkvBackwardStep(const WkvBackwardArguments& args, const WkvBlock& block, std::size_t at,
                            const float* before, const float* dsa) {
  for (std::size_t j = 0; j < kHeadSize; j += kWide) {
    const Wide a = LoadWide(args.a + at + j);
    const Wide d = LoadWide(args.d + at + j);
    Wide da = ZeroWide();
    for (std::size_t row = 0; row < kWkvRows; ++row) {
      const F dsa_i = Set(dsa[row]);
      da = MulAdd(LoadWide(before + row * kHeadSize + j), dsa_i, da);
      const Wide ds = LoadWide(block.dstate + row * kHeadSize + j) * d;
      Store(block.dstate + row * kHeadSize + j, MulAdd(a, dsa_i, ds));
    }
    WkvPut(args.da + at + j, da, block.first);
  }
}

inline void WkvBackwardBlock(const WkvBackwardArguments& args, const WkvBlock& block) {
  WkvRecompute(args, block);
  for (std::size_t s = block.count; s-- > 0;) {
    const std::size_t at = s * args.stride;
    const float* before = block.before + s * kWkvBlock;
    F dv[kWkvRows];
    F dsa[kWkvRows];
    alignas(64) float dsa_rows[kWkvRows];
    WkvBackwardSums(args, block, at, before, dv, dsa);
    for (std::size_t row = 0; row < kWkvRows; row += kLanes) {
      Store(args.dv + at + block.first + row, ReduceAddEach(dv + row));
      Store(dsa_rows + row, ReduceAddEach(dsa + row));
    }
    WkvBackwardStep(args, block, at, before, dsa_rows);
  }
}

// From sum_i P_i dy_i to dr.
inline void WkvFinishDr(const WkvBackwardArguments& args, std::size_t at) {
  F sa_dy = Zero();
  F v_dy = Zero();
  for (std::size_t i = 0; i < kHeadSize; i += kLanes) {
    const F dy = Load(args.dy + at + i);
    sa_dy = MulAdd(Load(args.sa + at + i), dy, sa_dy);
    v_dy = MulAdd(Load(args.v + at + i), dy, v_dy);
  }
  const F b_factor = Set(ReduceAdd(sa_dy));
  const F k_factor = Set(ReduceAdd(v_dy));
  for (std::size_t j = 0; j < kHeadSize; j += kLanes) {
    F dr = Load(args.dr + at + j) * Load(args.d + at + j);
    dr = MulAdd(b_factor, Load(args.b + at + j), dr);
    Store(args.dr + at + j, MulAdd(k_factor, Load(args.k + at + j), dr));
  }
}

// Scratch: the States of a block of rows, then the chunk's vectors side by side. In a [T, D] tensor they
// stand a power of two apart, where a few sets of the nearest cache would have to hold them all.
constexpr std::size_t kWkvChunkVectors = kWkvChunk * kHeadSize;
constexpr std::size_t kWkvInputs = 8;
constexpr std::size_t kWkvOutputs = 6;
static_assert(kWkvChunk * kWkvBlock + (kWkvInputs + kWkvOutputs) * kWkvChunkVectors <= kWkvBackwardScratch);

struct WkvRows {
  float* to;
  std::size_t to_stride;
  const float* from;
  std::size_t from_stride;
};

inline void WkvCopyRows(const WkvRows& rows, std::size_t count) {
  for (std::size_t t = 0; t < count; ++t) {
    for (std::size_t j = 0; j < kHeadSize; j += kWide) {
      Store(rows.to + t * rows.to_stride + j, LoadWide(rows.from + t * rows.from_stride + j));
    }
  }
}

inline void WkvAddRows(const WkvRows& rows, std::size_t count) {
  for (std::size_t t = 0; t < count; ++t) {
    for (std::size_t j = 0; j < kHeadSize; j += kWide) {
      float* const to = rows.to + t * rows.to_stride + j;
      Store(to, LoadWide(to) + LoadWide(rows.from + t * rows.from_stride + j));
    }
  }
}

inline void WkvBackwardChunk(const WkvBackwardArguments& args, std::size_t begin, std::size_t count) {
  float* next = args.scratch + kWkvChunk * kWkvBlock;
  const auto near = [&next] {
    float* const vectors = next;
    next += kWkvChunkVectors;
    return vectors;
  };
  const auto copy_in = [&](const float* from) {
    float* const to = near();
    WkvCopyRows({to, kHeadSize, from + begin * args.stride, args.stride}, count);
    return to;
  };
  WkvBackwardArguments chunk = args;
  chunk.stride = kHeadSize;
  chunk.dy = copy_in(args.dy);
  chunk.sa = copy_in(args.sa);
  chunk.r = copy_in(args.r);
  chunk.d = copy_in(args.d);
  chunk.k = copy_in(args.k);
  chunk.v = copy_in(args.v);
  chunk.a = copy_in(args.a);
  chunk.b = copy_in(args.b);
  chunk.dr = near();
  chunk.dd = near();
  chunk.dk = near();
  chunk.dv = near();
  chunk.da = near();
  chunk.db = near();
  for (std::size_t first = 0; first < kHeadSize; first += kWkvRows) {
    const float* saved = args.chunk_states + (begin / kWkvChunk * kHeadSize + first) * kHeadSize;
    for (std::size_t e = 0; e < kWkvBlock; e += kWide) Store(args.scratch + e, LoadWide(saved + e));
    WkvBackwardBlock(chunk, {first, count, args.scratch, args.dstate + first * kHeadSize});
  }
  for (std::size_t t = 0; t < count; ++t) WkvFinishDr(chunk, t * kHeadSize);
  const auto copy_out = [&](float* to, const float* from) {
    WkvCopyRows({to + begin * args.stride, args.stride, from, kHeadSize}, count);
  };
  const auto add_out = [&](float* to, const float* from) {
    WkvAddRows({to + begin * args.stride, args.stride, from, kHeadSize}, count);
  };
  add_out(args.dr, chunk.dr);
  copy_out(args.dd, chunk.dd);
  add_out(args.dk, chunk.dk);
  add_out(args.dv, chunk.dv);
  copy_out(args.da, chunk.da);
  copy_out(args.db, chunk.db);
}

inline void WkvBackward(const WkvBackwardArguments& args) {
  const std::size_t chunks = (args.tokens + kWkvChunk - 1) / kWkvChunk;
  for (std::size_t chunk = chunks; chunk-- > 0;) {
    const std::size_t begin = chunk * kWkvChunk;
    WkvBackwardChunk(args, begin, args.tokens - begin < kWkvChunk ? args.tokens - begin : kWkvChunk);
  }
}

}  // namespace ouroboros::OURO_SIMD_NAMESPACE
