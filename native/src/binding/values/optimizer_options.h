// A Trainer's optimizer from JavaScript. Types: native/lib/types.ts, OptimizerOptions.
#pragma once

#include "binding/values/convert.h"
#include "train/trainer.h"

namespace ouroboros::binding {

OptimizerOptions OptimizerOf(const Napi::Object& object);
// What is not given is Muon's default; weight_decay: AdamW's.
MuonOptions MuonOf(const Napi::Object& object, float weight_decay);

}  // namespace ouroboros::binding
