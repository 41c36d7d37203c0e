// What the inspect binding shows of serving: the network on packed weights, and what packing them loses.
//
// Thread safety: the JavaScript thread alone.
#pragma once

#include <napi.h>

#include <array>
#include <memory>
#include <utility>

#include "binding/values/model_info.h"
#include "rwkv7/served/packed_adapter.h"
#include "rwkv7/served/served_model.h"
#include "rwkv7/served/served_network.h"

namespace ouroboros::binding {

// One checkpoint, packed in each type that was asked for.
class InspectedServing {
 public:
  explicit InspectedServing(std::shared_ptr<const Checkpoint> checkpoint)
      : checkpoint_(std::move(checkpoint)) {}

  // Packed at the first call for a type, on as many threads, and kept.
  const ServedModel& In(WeightType type, std::size_t threads);

 private:
  std::shared_ptr<const Checkpoint> checkpoint_;
  std::array<std::shared_ptr<const ServedModel>, kWeightTypeNames.size()> models_;
};

// A served model with an adapter laid over it, ready to read with. The model, and what compute refers to,
// must outlive it.
class ServedReader {
 public:
  ServedReader(const Compute& compute, const ServedModel& model, Adapter adapter);
  ServedReader(const ServedReader&) = delete;  // the network points into it
  ServedReader& operator=(const ServedReader&) = delete;

  Network& network() { return network_; }

 private:
  Adapter adapter_;
  ServedWeights weights_;
  ServedBuffers buffers_{};
  ServedNetwork network_;
};

// The RoundingErrors of inspect.ts: |W - W'| / |W| of every packed matrix, by the root of summed squares; 0
// for a matrix of zeros.
Napi::Value RoundingErrorsToJs(Napi::Env env, const Checkpoint& checkpoint, const ServedModel& model,
                               Lane& lane);

}  // namespace ouroboros::binding
