#include "rwkv7/cpu_network.h"

#include <utility>

namespace ouroboros {
namespace {

struct CpuState final : NetworkState {
  explicit CpuState(State given) : state(std::move(given)) {}
  State state;
};

State& StateIn(NetworkState& state) { return static_cast<CpuState&>(state).state; }

}  // namespace

std::unique_ptr<NetworkState> CpuNetwork::Import(State state) const {
  return std::make_unique<CpuState>(std::move(state));
}

State CpuNetwork::Export(std::unique_ptr<NetworkState> state) const { return std::move(StateIn(*state)); }

void CpuNetwork::TakeSequences(std::span<const PassSequence> sequences) {
  batch_.tokens.clear();
  batch_.sequences.clear();
  states_.clear();
  owners_.clear();
  states_.reserve(sequences.size());
  for (const PassSequence& sequence : sequences) {
    owners_.push_back(sequence.state);
    states_.push_back(std::move(StateIn(*sequence.state)));
    batch_.Append(sequence.tokens, states_.back());
  }
}

void CpuNetwork::ReturnStates() {
  for (std::size_t i = 0; i < owners_.size(); ++i) StateIn(*owners_[i]) = std::move(states_[i]);
}

}  // namespace ouroboros
