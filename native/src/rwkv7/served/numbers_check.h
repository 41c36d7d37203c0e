// Whether a model computes numbers at all: finite weights can be so large that logits are not.
#pragma once

#include <cstddef>

#include "kernels/kernels.h"
#include "rwkv7/served/served_model.h"

namespace ouroboros {

// Reads a few tokens from all over the vocabulary on `threads` threads of its own; false where a logit or the
// State after them is NaN or infinite. What other tokens give is seen when they are read.
bool ComputesNumbers(const ServedModel& model, const Kernels& kernels, std::size_t threads);

}  // namespace ouroboros
