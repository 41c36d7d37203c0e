// Reading: from a State to the State after some tokens, in slices.
//
// Matrix products want many rows at once, a run that waits for the thread wants few. So a pass has up to 256
// rows, and makes way between its layers: a slice is as much work as 256 rows in one layer, or one token in
// all of them. Passes of 64 rows that run through would take longer each, and read a fifth less in a second
// (SPEED.md).
//
// Every number depends on the passes alone, not on what else runs between slices. Thread safety: one caller
// per Reading. Several Readings may share a network's buffers as long as none of them is midway in a pass;
// one that is asked to stop leaves them alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
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

// Rows that have been read, in the pass that ended last: their logits can be had until the next Step.
struct ReadRows {
  std::size_t position;      // of the first in all tokens
  std::size_t first, count;  // as Network::Logits takes them
};

class Reading {
 public:
  // Called for all rows of each pass, a part of them in each slice.
  using OnRows = FunctionRef<void(const ReadRows& rows)>;

  // pass_rows >= 1. The tokens must lie within the vocabulary; the network must outlive this.
  Reading(Network& network, State start, std::vector<std::uint32_t> tokens,
          std::size_t pass_rows = kReadPass);
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  // One slice. kMidway: within a pass, whose numbers are in the network's buffers. kMore: between two passes.
  // kStopped: a stop, looked at before every layer, was asked for before the end; the State is then of no
  // use.
  Progress Step(const std::stop_token& stop, const OnRows& on_rows);
  // Whether just one token is left, and no pass under way.
  bool HasOneLeft() const { return pass_ == 0 && next_ + 1 == tokens_.size(); }
  // Reads the one token that each of them has left, as one batch of the first one's network: every weight is
  // read once for all. The rows of the pass are in their order.
  static void ReadBatch(std::span<Reading* const> readings);
  // Goes on with one more token, after the last is read.
  void Append(std::uint32_t token) { tokens_.push_back(token); }

  // After all that was read so far.
  State TakeState() { return network_.Export(std::move(state_)); }

 private:
  void BeginPass();
  bool ReadLayers(const std::stop_token& stop);

  Network& network_;
  std::unique_ptr<NetworkState> state_;
  std::vector<std::uint32_t> tokens_;
  std::size_t pass_rows_;
  std::size_t next_ = 0;    // position of the first token that was not handed out by on_rows
  std::size_t pass_ = 0;    // rows of the pass under way; 0 between two
  std::size_t layer_ = 0;   // the next of that pass
  std::size_t handed_ = 0;  // rows of it
};

// Throws EngineError(kToken) for an id outside the vocabulary.
void CheckTokens(std::span<const std::uint32_t> tokens, const Shape& shape);

}  // namespace ouroboros
