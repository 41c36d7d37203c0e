// State: RWKV's recurrent memory after some tokens. A value: immutable once made, copied only by Copy().
//
// Per layer two token-shift vectors (the outputs of ln1 and ln2 at the last token) and one 64 x 64 matrix per
// head, S[h][i][j] with i = value channel and j = key channel, all float32.
#pragma once

#include <cstddef>

#include "rwkv7/shape.h"
#include "tensor/buffer.h"

namespace ouroboros {

struct State {
  std::size_t layers = 0;
  Buffer att_shift;  // [L, D]
  Buffer ffn_shift;  // [L, D]
  Buffer wkv;        // [L, H, 64, 64]

  // With contents unspecified.
  static State Unset(const Shape& shape) {
    return {shape.layers, Buffer(shape.layers * shape.width), Buffer(shape.layers * shape.width),
            Buffer(shape.layers * shape.heads * 64 * 64)};
  }
  static State Zero(const Shape& shape) {
    State state = Unset(shape);
    state.att_shift.Zero();
    state.ffn_shift.Zero();
    state.wkv.Zero();
    return state;
  }
  State Copy() const { return {layers, att_shift.Copy(), ffn_shift.Copy(), wkv.Copy()}; }
  bool Fits(const Shape& shape) const {
    return layers == shape.layers && att_shift.size() == shape.layers * shape.width;
  }
};

}  // namespace ouroboros
