// What networks on this computer's processor have in common: the rows of a pass, and States in its memory.
//
// Thread safety: one caller.
#pragma once

#include <vector>

#include "ops/compute.h"
#include "rwkv7/batch.h"
#include "rwkv7/network.h"

namespace ouroboros {

class CpuNetwork : public Network {
 public:
  std::unique_ptr<NetworkState> Import(State state) const final;
  State Export(std::unique_ptr<NetworkState> state) const final;

 protected:
  // What compute refers to must outlive this.
  explicit CpuNetwork(const Compute& compute) : compute_(compute) {}

  // Takes the States of the sequences into states(), and gives them back.
  void TakeSequences(std::span<const PassSequence> sequences);
  void ReturnStates();

  const Compute& compute() const { return compute_; }
  const Batch& batch() const { return batch_; }
  std::span<State> states() { return states_; }

 private:
  const Compute compute_;
  Batch batch_;
  std::vector<State> states_;  // one per sequence; the batch points to them
  std::vector<NetworkState*> owners_;
};

}  // namespace ouroboros
