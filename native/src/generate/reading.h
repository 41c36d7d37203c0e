// Reading: from a State to the State after some tokens, in slices.
//
// Matrix products want many rows at once, who waits for the thread wants few. So a pass has up to 256 rows,
// and makes way between its layers: a slice is as much work as 256 rows in one layer, or one token in all of
// them. Passes of 64 rows that run through would take longer each, and read a fifth less in a second
// (SPEED.md).
//
// Every number depends on the passes alone, not on what else runs between slices. Thread safety: one caller
// per Reading. Several Readings may share a network's buffers as long as none of them is midway in a pass;
// one that is asked to stop leaves them alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "base/threads/run.h"
#include "rwkv7/network.h"

namespace ouroboros {

// Rows of one pass: large enough for full-speed matrix products, small enough for memory.
constexpr std::size_t kReadPass = 256;

enum class Progress { kMidway, kMore, kDone, kStopped };

// kStopped is an end like any other.
inline Slice SliceOf(Progress progress) {
  if (progress == Progress::kMidway) return Slice::kMidway;
  return progress == Progress::kMore ? Slice::kMore : Slice::kDone;
}

class Reading {
 public:
  // Called with ln_out of each pass's rows, [rows, D], a part of them in each slice, `first` being the
  // position of the first in all tokens. The rows stay as they are until the next Step.
  using OnRows = FunctionRef<void(std::size_t first, std::size_t rows, const float* h)>;

  // pass_rows >= 1. The tokens must lie within the vocabulary.
  Reading(State start, std::vector<std::uint32_t> tokens, std::size_t pass_rows = kReadPass);
  Reading(const Reading&) = delete;  // a pass points to the State
  Reading& operator=(const Reading&) = delete;

  // One slice. kMidway: within a pass, whose numbers are in the network's buffers. kMore: between two passes.
  // kStopped: compute's stop was asked for before the end; the State is then of no use.
  Progress Step(const Compute& compute, Network& network, const OnRows& on_rows);
  // Whether just one token is left, and no pass under way.
  bool HasOneLeft() const { return batch_.rows() == 0 && next_ + 1 == tokens_.size(); }
  // Reads the one token that each of them has left, as one batch: every weight is read once for all. The rows
  // of the result, [readings, D], are in their order; valid until the network's next pass.
  static const float* ReadTogether(const Compute& compute, Network& network,
                                   std::span<Reading* const> readings);
  // Goes on with one more token, after the last is read.
  void Append(std::uint32_t token) { tokens_.push_back(token); }

  // After all that was read so far.
  State TakeState() { return std::move(state_); }

 private:
  void BeginPass(const Compute& compute, Network& network);
  bool ReadLayers(const Compute& compute, Network& network);

  State state_;
  std::vector<std::uint32_t> tokens_;
  std::size_t pass_rows_;
  std::size_t next_ = 0;  // position of the first token that was not handed out by on_rows
  // The pass under way.
  Batch batch_;
  std::size_t layer_ = 0;     // the next
  const float* h_ = nullptr;  // of the rows, once all layers are through
  std::size_t handed_ = 0;    // rows
};

// Throws EngineError(kToken) for an id outside the vocabulary.
void CheckTokens(std::span<const std::uint32_t> tokens, const Shape& shape);

}  // namespace ouroboros
