// What one pass runs over: the rows of several sequences, one after another, each with the State it starts
// from.
//
// R = all rows. Dense work treats rows alike; token shift and wkv go sequence by sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/wkv.h"
#include "rwkv7/state.h"

namespace ouroboros {

struct Sequence {
  std::size_t begin, length;  // rows
  const State* initial;       // not null; outlives the pass
  std::size_t chunk_begin;    // chunks of 16 tokens in all earlier sequences

  std::size_t chunks() const { return (length + kWkvChunk - 1) / kWkvChunk; }
};

struct Batch {
  std::vector<std::uint32_t> tokens;  // [R]
  std::vector<Sequence> sequences;

  std::size_t rows() const { return tokens.size(); }
  std::size_t chunks() const {
    return sequences.empty() ? 0 : sequences.back().chunk_begin + sequences.back().chunks();
  }
  void Append(std::span<const std::uint32_t> sequence, const State& initial) {
    sequences.push_back({rows(), sequence.size(), &initial, chunks()});
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
  }
};

}  // namespace ouroboros
