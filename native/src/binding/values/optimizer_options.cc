#include "binding/values/optimizer_options.h"

namespace ouroboros::binding {
namespace {

// Jordan's.
constexpr float kMuonMomentum = 0.95f;

float FloatOr(const Napi::Object& object, const char* key, float otherwise) {
  return Has(object, key) ? FloatOf(object, key) : otherwise;
}

}  // namespace

OptimizerOptions OptimizerOf(const Napi::Object& object) {
  OptimizerOptions options;
  options.adamw = {FloatOf(object, "beta1"),
                   FloatOf(object, "beta2"),
                   FloatOf(object, "epsilon"),
                   FloatOf(object, "weightDecay"),
                   FloatOf(object, "clip"),
                   StringOf(object, "groups") == "official" ? Groups::kOfficial : Groups::kUniform};
  if (Has(object, "muon")) options.muon = MuonOf(ObjectOf(object, "muon"), options.adamw.weight_decay);
  return options;
}

MuonOptions MuonOf(const Napi::Object& object, float weight_decay) {
  MuonOptions muon;
  muon.momentum = FloatOr(object, "momentum", kMuonMomentum);
  muon.learning_rate_scale = FloatOr(object, "learningRateScale", 1);
  muon.weight_decay = FloatOr(object, "weightDecay", weight_decay);
  muon.iterations = Has(object, "iterations") ? SizeOf(object, "iterations") : kMuonIterationsMax;
  if (!(muon.momentum >= 0 && muon.momentum < 1)) RefuseArgument("muon.momentum");
  if (!std::isfinite(muon.learning_rate_scale)) RefuseArgument("muon.learningRateScale");
  if (!std::isfinite(muon.weight_decay)) RefuseArgument("muon.weightDecay");
  if (muon.iterations < 1 || muon.iterations > kMuonIterationsMax) RefuseArgument("muon.iterations");
  return muon;
}

}  // namespace ouroboros::binding
