// The inspect binding: logits, intermediates, gradients and training curves of small models, copied out.
// For conformance and tests only; synchronous, on the JavaScript thread. Types: native/lib/inspect.ts.
#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>

#include "binding/inspect/inspect_served.h"
#include "binding/register.h"
#include "binding/values/convert.h"
#include "binding/values/errors.h"
#include "binding/values/model_info.h"
#include "binding/values/optimizer_options.h"
#include "binding/values/state_arrays.h"
#include "generate/reading.h"
#include "rwkv7/parameters/checkpoint.h"
#include "rwkv7/training/training_network.h"
#include "train/trainer.h"

namespace ouroboros::binding {
namespace {

constexpr std::int32_t kIgnoredLabel = -100;

struct Inspected {
  std::shared_ptr<const Checkpoint> checkpoint;
  ParameterSet overrides;  // laid over the checkpoint
  std::unique_ptr<InspectedServing> serving;
  std::unique_ptr<ThreadPool> pool;
  std::unique_ptr<Lane> lane;
  const Kernels* kernels;
  Precision precision;

  const Shape& shape() const { return checkpoint->shape; }
  Weights weights() const { return Overlay(checkpoint->weights, overrides); }
  Compute compute() const { return Compute{*kernels, *lane}.WithPrecision(precision); }
  const ServedModel& served(WeightType type) const {
    if (!overrides.parameters.empty()) {
      throw EngineError(ErrorCode::kArgument,
                        "`weights` packs a file's own tensors; it cannot be had with `overrides`");
    }
    return serving->In(type, pool->threads());
  }
};
using InspectedPtr = std::shared_ptr<Inspected>;

std::vector<std::string> AllNames(const Checkpoint& checkpoint) {
  std::vector<std::string> names;
  for (const ParameterInfo& parameter : checkpoint.parameters) names.push_back(parameter.name);
  return names;
}

Napi::Value Logits(const InspectedPtr& self, const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::vector<std::uint32_t> tokens = TokensOf(options, "tokens");
  CheckTokens(tokens, self->shape());
  Adapter lora;
  if (Has(options, "lora")) lora = PublishAdapter(LoraOf(options, self->shape()));
  std::size_t pass_rows = Has(options, "chunk") ? SizeOf(options, "chunk") : kReadPass;
  if (StringOf(options, "mode") == "step") pass_rows = 1;
  const std::size_t vocabulary = self->shape().vocabulary;
  std::vector<float> logits(tokens.size() * vocabulary);
  Activations activations;
  const Weights weights = lora ? Overlay(self->weights(), *lora) : self->weights();
  TrainingNetwork training(self->compute(), self->shape(), weights, activations);
  std::optional<ServedReader> served;
  if (const std::optional<WeightType> type = WeightTypeOf(options)) {
    served.emplace(self->compute(), self->served(*type), lora);
  }
  Network& network = served ? served->network() : training;
  Reading reading(network, StateOf(options, self->shape()), tokens, std::max<std::size_t>(1, pass_rows));
  const auto keep = [&](const ReadRows& rows) {
    network.Logits(logits.data() + rows.position * vocabulary, rows.first, rows.count);
  };
  while (SliceOf(reading.Step({}, keep)) != Slice::kDone) {
  }
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("logits", ToJs(info.Env(), logits));
  result.Set("state", StateToJs(info.Env(), reading.TakeState()));
  return result;
}

Napi::Value RoundingErrors(const InspectedPtr& self, const Napi::CallbackInfo& info) {
  const std::optional<WeightType> type = WeightTypeOf(info[0].As<Napi::Object>());
  if (!type) RefuseArgument("weights");
  return RoundingErrorsToJs(info.Env(), *self->checkpoint, self->served(*type), *self->lane);
}

// What is not kept as a tensor of its own is derived here from what is.
void DumpLayer(Napi::Env env, Napi::Object& out, const Shape& shape, std::size_t rows, std::size_t layer,
               const LayerSaved& saved, const float* x_out, const BlockView<const float>& block) {
  const std::size_t full = rows * shape.width;
  const std::string prefix = "blocks." + std::to_string(layer) + ".";
  const auto put = [&](const char* name, const float* values) {
    out.Set(prefix + name, ToJs(env, std::span(values, full)));
  };
  const TimeMixSaved& time = saved.time;
  put("ln1_out", time.h);
  constexpr const char* kShifted[6] = {"xr", "xw", "xk", "xv", "xa", "xg"};
  for (std::size_t i = 0; i < 6; ++i) put(kShifted[i], time.shifted[i]);
  put("r", time.r);
  put("decay", time.d);
  put("k", time.k);
  put("v", time.v);
  put("a", time.a);
  put("g", time.g);
  put("wkv_out", time.y);
  put("ln2_out", saved.channel.h);
  put("x_out", x_out);
  std::vector<float> kk(full), ln_x_out(full), bonus(full), att_out(full), ffn_out(full);
  for (std::size_t i = 0; i < full; ++i) {
    const std::size_t row = i / shape.width, column = i % shape.width;
    const std::size_t head = row * shape.heads + column / kHeadSize;
    kk[i] = -time.minus_kk[i];
    bonus[i] = time.bonus[head] * time.v[i];
    ln_x_out[i] = (time.y[i] - time.group_mean[head]) * time.group_rstd[head] * block.ln_x.weight[column] +
                  block.ln_x.bias[column];
    att_out[i] = saved.x_mid[i] - saved.x[i];
    ffn_out[i] = x_out[i] - saved.x_mid[i];
  }
  put("kk", kk.data());
  put("bonus", bonus.data());
  put("ln_x_out", ln_x_out.data());
  put("att_out", att_out.data());
  put("ffn_out", ffn_out.data());
}

Napi::Value Dump(const InspectedPtr& self, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Shape& shape = self->shape();
  const std::vector<std::uint32_t> tokens = TokensOf(info[0].As<Napi::Object>(), "tokens");
  CheckTokens(tokens, shape);
  const Weights weights = self->weights();
  State state = State::Zero(shape);
  Batch batch;
  batch.Append(tokens, state);
  Activations activations;
  Napi::Object out = Napi::Object::New(env);
  const auto observe = [&](std::size_t layer, const LayerSaved& saved, const float* x_out) {
    DumpLayer(env, out, shape, tokens.size(), layer, saved, x_out, weights.blocks[layer]);
  };
  const LayerObserver observer(observe);
  // Training mode keeps every layer's residual apart; the numbers are the same.
  ModelForward(self->compute(), shape, weights, batch, activations, Mode::kTraining, {&state, 1}, &observer);
  const std::size_t full = tokens.size() * shape.width;
  out.Set("ln0_out", ToJs(env, std::span(activations.layers[0].x, full)));
  out.Set("ln_out", ToJs(env, std::span(activations.h, full)));
  std::vector<float> logits(tokens.size() * shape.vocabulary);
  HeadForward(self->compute(), shape, weights, logits.data(), activations.h, tokens.size());
  out.Set("logits", ToJs(env, logits));
  return out;
}

TrainSequence SequenceOf(const Napi::Object& object, const Shape& shape) {
  TrainSequence sequence;
  sequence.inputs = TokensOf(object, "tokens");
  CheckTokens(sequence.inputs, shape);
  const std::vector<std::int32_t> labels = IntegersOf(object, "labels");
  if (labels.size() != sequence.inputs.size() || labels.empty()) RefuseArgument("labels");
  for (const std::int32_t label : labels) {
    const bool counts = label != kIgnoredLabel;
    sequence.targets.push_back(counts ? static_cast<std::uint32_t>(label) : 0);
    sequence.weights.push_back(counts ? 1.0f : 0.0f);
  }
  CheckTokens(sequence.targets, shape);
  sequence.state = std::make_shared<State>(StateOf(object, shape));
  return sequence;
}

std::vector<TrainSequence> SequencesOf(const Napi::Object& options, const Shape& shape) {
  const Napi::Array array = ObjectOf(options, "sequences").As<Napi::Array>();
  std::vector<TrainSequence> sequences;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    sequences.push_back(SequenceOf(Napi::Value(array.Get(i)).As<Napi::Object>(), shape));
  }
  if (sequences.empty()) RefuseArgument("sequences");
  return sequences;
}

// The trained tensors: the LoRA when given, else all of the (overridden) checkpoint.
ParameterSet TrainedOf(const InspectedPtr& self, const Napi::Object& options) {
  if (Has(options, "lora")) return LoraOf(options, self->shape());
  return WholeTensors(self->shape(), self->weights(), AllNames(*self->checkpoint));
}

Napi::Object ArraysToJs(Napi::Env env, const ParameterSet& set, const float* values) {
  Napi::Object out = Napi::Object::New(env);
  for (const ParameterInfo& parameter : set.parameters) {
    out.Set(parameter.name, ToJs(env, std::span(values + parameter.offset, parameter.count)));
  }
  return out;
}

Napi::Value GradientsOf(const InspectedPtr& self, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  const Shape& shape = self->shape();
  const std::vector<TrainSequence> sequences = SequencesOf(options, shape);
  const ParameterSet set = TrainedOf(self, options);
  const Weights weights = Has(options, "lora") ? Overlay(self->weights(), set) : self->weights();
  Buffer arena(set.values.size());
  arena.Zero();
  Gradients gradients = BindGradients(shape, set, arena.data());
  std::vector<State> dstates;
  for (std::size_t i = 0; i < sequences.size(); ++i) dstates.push_back(State::Zero(shape));
  PassOptions pass_options;
  pass_options.l2wrap = BoolOf(options, "l2wrap");
  if (Has(options, "detachEvery")) pass_options.detach_every = SizeOf(options, "detachEvery");
  GradientPass pass;
  const double loss =
      pass.Run(self->compute(), shape, weights, sequences, pass_options, gradients, dstates.data())
          .cross_entropy;
  Napi::Object result = Napi::Object::New(env);
  result.Set("loss", loss);
  Napi::Object arrays = ArraysToJs(env, set, arena.data());
  if (!Has(options, "lora")) {
    // Tensors of the file without influence (block 0's value residual): zeros.
    for (const auto& [name, count] : self->checkpoint->unused) {
      arrays.Set(name, ToJs(env, std::vector<float>(count)));
    }
  }
  result.Set("gradients", arrays);
  Napi::Array state_gradients = Napi::Array::New(env);
  for (std::uint32_t i = 0; i < dstates.size(); ++i) state_gradients.Set(i, StateToJs(env, dstates[i]));
  result.Set("stateGradients", state_gradients);
  return result;
}

Napi::Value TrainCurve(const InspectedPtr& self, const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::vector<TrainSequence> sequences = SequencesOf(options, self->shape());
  const std::size_t steps = SizeOf(options, "steps");
  PassOptions pass;
  pass.l2wrap = BoolOf(options, "l2wrap");
  // The trainer's base carries the overrides.
  auto base = std::make_shared<Checkpoint>();
  base->shape = self->shape();
  base->parameters = self->checkpoint->parameters;
  base->weights = self->weights();
  Trainer trainer(base, TrainedOf(self, options), OptimizerOf(ObjectOf(options, "optimizer")));
  Napi::Array losses = Napi::Array::New(env), norms = Napi::Array::New(env);
  for (std::uint32_t step = 0; step <= steps; ++step) {
    // The pass after the last step only measures; it leaves the parameters alone.
    const float rate = FloatOf(options, "learningRate");
    if (step == steps) {
      losses.Set(step, trainer.Measure(self->compute(), sequences, pass).loss.cross_entropy);
      break;
    }
    const TrainStep done = trainer.Step(self->compute(), sequences, rate, pass, {}, {}).step;
    losses.Set(step, done.loss.cross_entropy);
    norms.Set(step, done.gradient_norm);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("losses", losses);
  result.Set("gradientNorms", norms);
  result.Set("parameters", ArraysToJs(env, trainer.parameters(), trainer.parameters().values.data()));
  return result;
}

// The overrides of OpenInspectOptions as a parameter set of whole tensors.
ParameterSet OverridesOf(const Napi::Object& options, const Checkpoint& checkpoint) {
  ParameterSet set;
  if (!Has(options, "overrides")) return set;
  const Napi::Object tensors = ObjectOf(options, "overrides");
  const Napi::Array names = tensors.GetPropertyNames();
  std::vector<std::string> wanted;
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    wanted.push_back(Napi::Value(names.Get(i)).As<Napi::String>().Utf8Value());
  }
  if (wanted.empty()) return set;
  set = WholeTensors(checkpoint.shape, checkpoint.weights, wanted);
  for (const ParameterInfo& parameter : set.parameters) {
    const std::vector<float> data = FloatsOf(ObjectOf(tensors, parameter.name.c_str()), "data");
    if (data.size() != parameter.count) RefuseArgument(parameter.name);
    std::copy(data.begin(), data.end(), set.values.data() + parameter.offset);
  }
  return set;
}

Napi::Value OpenInspect(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, [&]() -> Napi::Value {
    const Napi::Object options = info[0].As<Napi::Object>();
    auto self = std::make_shared<Inspected>();
    self->checkpoint = LoadCheckpoint(StringOf(options, "path"));
    self->overrides = OverridesOf(options, *self->checkpoint);
    self->serving = std::make_unique<InspectedServing>(self->checkpoint);
    self->pool = std::make_unique<ThreadPool>(Has(options, "threads") ? SizeOf(options, "threads") : 1);
    self->lane = std::make_unique<Lane>(*self->pool, Priority::kTrain);
    self->kernels = &ChosenKernels(options);
    self->precision = Has(options, "precision") ? PrecisionOf(options) : Precision::kF32;
    Napi::Object result = Napi::Object::New(env);
    const Checkpoint& checkpoint = *self->checkpoint;
    result.Set("info", ModelInfoToJs(env, checkpoint.shape, checkpoint.parameter_count, checkpoint.hash));
    const auto method = [&](const char* name,
                            Napi::Value (*call)(const InspectedPtr&, const Napi::CallbackInfo&)) {
      result.Set(name, Napi::Function::New(
                           env,
                           [self, call](const Napi::CallbackInfo& call_info) {
                             return Guard(call_info.Env(), [&] { return call(self, call_info); });
                           },
                           name));
    };
    method("logits", Logits);
    method("roundingErrors", RoundingErrors);
    method("dump", Dump);
    method("gradients", GradientsOf);
    method("trainCurve", TrainCurve);
    return result;
  });
}

Napi::Value InspectAdamW(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, [&]() -> Napi::Value {
    const Napi::Object options = info[0].As<Napi::Object>();
    std::vector<float> parameter = FloatsOf(options, "parameter"), m = FloatsOf(options, "m"),
                       v = FloatsOf(options, "v");
    const std::vector<float> gradient = FloatsOf(options, "gradient");
    if (m.size() != parameter.size() || v.size() != m.size() || gradient.size() != m.size())
      RefuseArgument("gradient");
    ThreadPool pool(1);
    Lane lane(pool, Priority::kTrain);
    ParameterSet set;
    set.parameters.push_back({"parameter", {parameter.size()}, 0, 0});
    AssignOffsets(set.parameters);
    const auto fill = [](Buffer& buffer, const std::vector<float>& values) {
      buffer.Grow(values.size());
      std::copy(values.begin(), values.end(), buffer.data());
    };
    Moments moments;
    fill(set.values, parameter);
    fill(moments.m, m);
    fill(moments.v, v);
    const AdamWOptions optimizer{FloatOf(options, "beta1"),
                                 FloatOf(options, "beta2"),
                                 FloatOf(options, "epsilon"),
                                 FloatOf(options, "weightDecay"),
                                 0,
                                 Groups::kUniform};
    const AdamWArguments shared =
        SharedArguments(optimizer, SizeOf(options, "step"), 0, FloatOf(options, "learningRate"));
    AdamWStep({BestKernels(), lane}, set.parameters, set.values.data(), moments, gradient.data(), shared,
              optimizer);
    Napi::Object result = Napi::Object::New(env);
    result.Set("parameter", ToJs(env, set.values.span()));
    result.Set("m", ToJs(env, moments.m.span()));
    result.Set("v", ToJs(env, moments.v.span()));
    return result;
  });
}

Napi::Value InspectMuon(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guard(env, [&]() -> Napi::Value {
    const Napi::Object options = info[0].As<Napi::Object>();
    std::vector<float> parameter = FloatsOf(options, "parameter"), momentum = FloatsOf(options, "momentum");
    const std::vector<float> gradient = FloatsOf(options, "gradient");
    const std::size_t rows = SizeOf(options, "rows"), columns = SizeOf(options, "columns");
    if (rows == 0 || columns == 0 || gradient.size() != rows * columns) RefuseArgument("gradient");
    if (parameter.size() != gradient.size() || momentum.size() != gradient.size()) RefuseArgument("momentum");
    ThreadPool pool(SizeOf(options, "threads"));
    Lane lane(pool, Priority::kTrain);
    std::vector<ParameterInfo> matrix = {{"matrix", {rows, columns}, 0, 0}};
    AssignOffsets(matrix);
    Muon muon(MuonOf(ObjectOf(options, "muon"), 0));
    muon.Step({ChosenKernels(options), lane}, matrix[0], parameter.data(), momentum.data(), gradient.data(),
              FloatOf(options, "learningRate"), 1);
    Napi::Object result = Napi::Object::New(env);
    result.Set("parameter", ToJs(env, parameter));
    result.Set("momentum", ToJs(env, momentum));
    return result;
  });
}

}  // namespace

void RegisterInspect(Napi::Env env, Napi::Object exports) {
  exports.Set("openInspect", Napi::Function::New(env, OpenInspect, "openInspect"));
  exports.Set("inspectAdamW", Napi::Function::New(env, InspectAdamW, "inspectAdamW"));
  exports.Set("inspectMuon", Napi::Function::New(env, InspectMuon, "inspectMuon"));
}

}  // namespace ouroboros::binding
