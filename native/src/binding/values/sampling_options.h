// `Sampling` of native/lib/types.ts as the engine's SamplingOptions.
#pragma once

#include <napi.h>

#include "generate/sampler.h"

namespace ouroboros::binding {

// Throws EngineError(kArgument) naming the field that is missing, of the wrong type, or no whole number where
// one is needed; ranges are the Sampler's to check.
SamplingOptions SamplingOptionsOf(const Napi::Value& value);

}  // namespace ouroboros::binding
