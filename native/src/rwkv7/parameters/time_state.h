// State tuning: tensors `blocks.N.att.time_state` [H, 64, 64], the names and the layout (value, key) of
// RWKV-PEFT, in a ParameterSet.
//
// They are added to the wkv State from which an adapter begins to act. From the zero State that is an initial
// State as RWKV-PEFT trains it; from the State of a prefix, an offset at that boundary. The start of
// a run adds them once, by StartOf; a run itself knows nothing of them.
#pragma once

#include <string>
#include <vector>

#include "rwkv7/parameters/parameter_set.h"
#include "rwkv7/state.h"

namespace ouroboros {

// The tensor of one layer, and whether a tensor is one.
ParameterInfo TimeStateOf(const Shape& shape, std::size_t layer);
bool IsTimeState(const std::string& name);

// Zeros for these layers. Throws EngineError(kArgument) for a layer that occurs twice or none at all.
ParameterSet FreshTimeStates(const Shape& shape, const std::vector<std::size_t>& layers);

bool HasTimeStates(const ParameterSet& set);

// The State that a run with this set starts from, where it would have started from `state`.
State StartOf(const ParameterSet& set, const State& state);

}  // namespace ouroboros
