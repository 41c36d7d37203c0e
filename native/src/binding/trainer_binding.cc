// Trainer for JavaScript: steps, scores, publishing, saving. All its work runs on the engine's train thread,
// one call after another. Types: native/lib/types.ts.
#include <algorithm>
#include <atomic>

#include "binding/job.h"
#include "binding/model_runs.h"
#include "binding/values/errors.h"
#include "binding/values/model_object.h"
#include "binding/values/optimizer_options.h"
#include "rwkv7/training/training_network.h"
#include "train/trainer.h"

namespace ouroboros::binding {
namespace {

struct TrainerObject final : Holder {
  TrainerObject(ModelPtr its_model, Trainer its_trainer, Checkpointing its_checkpointing)
      : model(std::move(its_model)), trainer(std::move(its_trainer)), checkpointing(its_checkpointing) {}

  ModelPtr model;
  std::optional<Trainer> trainer;  // the train thread's, until it is closed
  Checkpointing checkpointing;
  std::atomic<std::uint64_t> steps = 0;  // of the trainer, for the JavaScript thread to read at any time
  bool is_closed = false;                // as the JavaScript thread knows it

  void GiveBack() override {
    is_closed = true;
    trainer.reset();
  }
};
using TrainerPtr = std::shared_ptr<TrainerObject>;

TrainerPtr TrainerOf(const Napi::Value& value) {
  TrainerPtr trainer = Unwrap<TrainerObject>(value, HandleKind::kTrainer);
  if (trainer->is_closed) throw EngineError(ErrorCode::kClosed, "the trainer or its engine was closed");
  return trainer;
}

// Those that are named; all by default.
std::vector<std::size_t> LayersOf(const Napi::Object& parameters, const Shape& shape) {
  std::vector<std::size_t> layers;
  if (Has(parameters, "layers")) {
    const Napi::Array array = ObjectOf(parameters, "layers").As<Napi::Array>();
    for (std::uint32_t i = 0; i < array.Length(); ++i) {
      const std::size_t layer = Napi::Value(array.Get(i)).As<Napi::Number>().Uint32Value();
      if (layer >= shape.layers) RefuseArgument("layers");
      layers.push_back(layer);
    }
  } else {
    for (std::size_t layer = 0; layer < shape.layers; ++layer) layers.push_back(layer);
  }
  return layers;
}

std::vector<LoraTarget> TargetsOf(const Napi::Object& parameters, const Shape& shape) {
  std::vector<LoraTarget> targets;
  for (const std::size_t layer : LayersOf(parameters, shape)) {
    for (const std::string& name : StringsOf(parameters, "targets")) {
      const auto found = std::find(kBigMatrixNames.begin(), kBigMatrixNames.end(), name);
      if (found == kBigMatrixNames.end()) RefuseArgument("targets");
      targets.push_back({layer, static_cast<BigMatrix>(found - kBigMatrixNames.begin())});
    }
  }
  if (targets.empty()) RefuseArgument("targets");
  return targets;
}

ParameterSet FreshSet(const Napi::Object& options, const Checkpoint& checkpoint) {
  const Napi::Object parameters = ObjectOf(options, "parameters");
  const std::string kind = StringOf(parameters, "kind");
  if (kind == "state") return FreshTimeStates(checkpoint.shape, LayersOf(parameters, checkpoint.shape));
  if (kind == "lora") {
    return FreshLora(checkpoint.shape, TargetsOf(parameters, checkpoint.shape), SizeOf(parameters, "rank"),
                     FloatOf(parameters, "alpha"), SizeOf(options, "seed"));
  }
  std::vector<std::string> names;
  if (Has(parameters, "names")) {
    names = StringsOf(parameters, "names");
  } else {
    for (const ParameterInfo& parameter : checkpoint.parameters) names.push_back(parameter.name);
  }
  if (names.empty()) RefuseArgument("names");
  return WholeTensors(checkpoint.shape, checkpoint.weights, names);
}

// Takes the values of `from`, which must hold exactly the same tensors.
void ContinueFrom(ParameterSet& set, const ParameterSet& from) {
  const auto refuse = [] {
    throw EngineError(ErrorCode::kAdapter, "the adapter to continue from trains other parameters");
  };
  if (from.shape != set.shape || from.parameters.size() != set.parameters.size() ||
      from.lora_rank != set.lora_rank) {
    refuse();
  }
  for (const ParameterInfo& parameter : set.parameters) {
    const auto source =
        std::find_if(from.parameters.begin(), from.parameters.end(),
                     [&](const ParameterInfo& other) { return other.name == parameter.name; });
    if (source == from.parameters.end() || source->count != parameter.count) refuse();
    std::copy_n(from.values.data() + source->offset, parameter.count, set.values.data() + parameter.offset);
  }
  set.lora_alpha = from.lora_alpha;
}

Checkpointing CheckpointingOf(const Napi::Object& options) {
  const Napi::Value wish = options.Get("checkpointing");
  if (!wish.IsBoolean()) return Checkpointing::kAuto;
  return wish.As<Napi::Boolean>().Value() ? Checkpointing::kOn : Checkpointing::kOff;
}

// The decay of an average that is to be kept.
std::optional<double> AveragingOf(const Napi::Object& options) {
  if (!Has(options, "averaging")) return std::nullopt;
  const double decay = NumberOf(ObjectOf(options, "averaging"), "decay");
  if (!(decay >= 0 && decay < 1)) RefuseArgument("averaging.decay");
  return decay;
}

// Refuses averaged ones where none are kept.
WeightsKind WeightsKindOf(const Napi::Object& options, const Trainer& trainer) {
  const bool is_averaged = Has(options, "weights") && StringOf(options, "weights") == "averaged";
  const WeightsKind kind = is_averaged ? WeightsKind::kAveraged : WeightsKind::kCurrent;
  trainer.parameters(kind);
  return kind;
}

Napi::Value CreateTrainer(const Napi::CallbackInfo& info) {
  const ModelPtr model = ModelOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  if (model->served == nullptr) throw EngineError(ErrorCode::kClosed, "the engine was closed");
  const std::shared_ptr<const Checkpoint> masters = model->served->Masters();
  ParameterSet set = FreshSet(options, *masters);
  if (Has(options, "from")) {
    ContinueFrom(set, *Unwrap<const ParameterSet>(options.Get("from"), HandleKind::kAdapter));
  }
  const OptimizerOptions optimizer = OptimizerOf(ObjectOf(options, "optimizer"));
  const std::optional<double> averaging = AveragingOf(options);
  auto trainer = std::make_shared<TrainerObject>(
      model, Trainer(masters, std::move(set), optimizer, averaging), CheckpointingOf(options));
  // Parameters, gradients, two moments and the average; activations, which depend on the batches to come, are
  // not counted.
  const std::size_t copies = averaging ? 5 : 4;
  const std::size_t bytes = copies * trainer->trainer->parameters().values.size() * sizeof(float);
  model->core->Hold(trainer);
  return Wrap(info.Env(), HandleKind::kTrainer, std::move(trainer), bytes);
}

TrainSequence SequenceOf(const Napi::Object& object, const Shape& shape,
                         const std::shared_ptr<const State>& zero) {
  const std::vector<std::uint32_t> tokens = TokensOf(object, "tokens");
  CheckTokens(tokens, shape);
  if (tokens.size() < 2) RefuseArgument("tokens");
  TrainSequence sequence;
  sequence.inputs.assign(tokens.begin(), tokens.end() - 1);
  sequence.targets.assign(tokens.begin() + 1, tokens.end());
  sequence.weights = FloatsOf(object, "weights");
  if (sequence.weights.size() != sequence.inputs.size()) RefuseArgument("weights");
  sequence.state = Has(object, "state") ? StateOfOptions(object, shape) : zero;
  if (!Has(object, "reference")) return sequence;
  sequence.reference = Unwrap<const ReferenceLogits>(object.Get("reference"), HandleKind::kReference);
  sequence.kl_weights = FloatsOf(object, "klWeights");
  if (sequence.kl_weights.size() != sequence.inputs.size() ||
      sequence.reference->rows < sequence.inputs.size() ||
      sequence.reference->vocabulary != shape.vocabulary) {
    RefuseArgument("klWeights");
  }
  return sequence;
}

StepLimits LimitsOf(const Napi::Object& options) {
  StepLimits limits;
  if (!Has(options, "skipAbove")) return limits;
  const Napi::Object above = ObjectOf(options, "skipAbove");
  if (Has(above, "loss")) limits.loss = NumberOf(above, "loss");
  if (Has(above, "gradientNorm")) limits.gradient_norm = NumberOf(above, "gradientNorm");
  return limits;
}

const char* NameOf(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::kApplied:
      return "applied";
    case StepOutcome::kNotFinite:
      return "not-finite";
    case StepOutcome::kOutlier:
      return "outlier";
  }
  return "";
}

Napi::Value Step(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  const Napi::Array array = ObjectOf(options, "sequences").As<Napi::Array>();
  const auto zero = std::make_shared<const State>(State::Zero(self->model->shape()));
  std::vector<TrainSequence> batch;
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    batch.push_back(SequenceOf(Napi::Value(array.Get(i)).As<Napi::Object>(), self->model->shape(), zero));
  }
  if (batch.empty()) RefuseArgument("sequences");
  const float rate = FloatOf(options, "learningRate");
  PassOptions pass;
  pass.l2wrap = BoolOf(options, "l2wrap");
  pass.checkpointing = self->checkpointing;
  if (Has(options, "sequencesAtOnce")) pass.sequences_at_once = SizeOf(options, "sequencesAtOnce");
  if (Has(options, "detachEvery")) pass.detach_every = SizeOf(options, "detachEvery");
  return RunJob(
      info.Env(), self->model->core, On::kTrainThread,
      [self, batch = std::move(batch), rate, pass, limits = LimitsOf(options)](const std::stop_token& stop) {
        const Trainer::StepResult result =
            self->trainer->Step(self->model->core->training(), batch, rate, pass, limits, stop);
        self->steps = self->trainer->steps();
        return result;
      },
      [](Napi::Env env, const Trainer::StepResult& result) -> Napi::Value {
        if (result.stopped) return Cancelled(env);
        Napi::Object step = Finished(env);
        step.Set("loss", result.step.loss.total());
        step.Set("crossEntropy", result.step.loss.cross_entropy);
        step.Set("klDivergence", result.step.loss.kl_divergence);
        step.Set("gradientNorm", result.step.gradient_norm);
        step.Set("applied", result.step.outcome == StepOutcome::kApplied);
        step.Set("outcome", NameOf(result.step.outcome));
        return step;
      });
}

Napi::Value ScoreNow(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  const std::vector<std::uint32_t> tokens = TokensOf(options, "tokens");
  CheckTokens(tokens, self->model->shape());
  const auto state = StateOfOptions(options, self->model->shape());
  const WeightsKind kind = WeightsKindOf(options, *self->trainer);
  return RunJob(
      info.Env(), self->model->core, On::kTrainThread,
      [self, tokens, state, kind](const std::stop_token& stop) {
        const Weights weights = self->trainer->WeightsOf(kind);
        EngineCore& core = *self->model->core;
        TrainingNetwork network(core.train->compute, self->model->shape(), weights, core.train_activations);
        Scoring scoring(*core.train, network, self->trainer->StartFrom(*state, kind), tokens);
        while (scoring.Step(stop) != Slice::kDone) {
        }
        return scoring.Finish();
      },
      [](Napi::Env env, const std::optional<std::vector<RowScore>>& scores) -> Napi::Value {
        return scores ? ScoreToJs(env, *scores) : Cancelled(env);
      });
}

Napi::Value Publish(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  const WeightsKind kind = WeightsKindOf(info[1].As<Napi::Object>(), *self->trainer);
  return RunJob(
      info.Env(), self->model->core, On::kTrainThread,
      [self, kind](const std::stop_token&) { return self->trainer->Publish(kind); },
      [](Napi::Env env, const Adapter& adapter) { return AdapterToJs(env, adapter); });
}

// Runs work() on the train thread; what it promises is undefined.
template <typename Work>
Napi::Value RunForItself(const Napi::CallbackInfo& info, const TrainerPtr& self, Work work) {
  return RunJob(
      info.Env(), self->model->core, On::kTrainThread,
      [work = std::move(work)](const std::stop_token&) {
        work();
        return true;
      },
      [](Napi::Env env, bool) { return env.Undefined(); });
}

std::vector<std::pair<std::string, std::string>> MetadataOf(const Napi::Object& options) {
  std::vector<std::pair<std::string, std::string>> metadata;
  if (!Has(options, "metadata")) return metadata;
  const Napi::Object object = ObjectOf(options, "metadata");
  const Napi::Array names = object.GetPropertyNames();
  for (std::uint32_t i = 0; i < names.Length(); ++i) {
    const std::string name = Napi::Value(names.Get(i)).As<Napi::String>().Utf8Value();
    metadata.emplace_back(name, StringOf(object, name.c_str()));
  }
  return metadata;
}

Napi::Value SaveAdapter(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  const auto adapter = Unwrap<const ParameterSet>(options.Get("adapter"), HandleKind::kAdapter);
  return RunForItself(info, self,
                      [adapter, path = StringOf(options, "path"), metadata = MetadataOf(options)] {
                        SaveParameterSet(*adapter, path, metadata);
                      });
}

Napi::Value SaveWholeModel(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  const ParameterSet& trained = self->trainer->parameters();
  if (trained.lora_rank > 0 || HasTimeStates(trained)) {
    throw EngineError(ErrorCode::kArgument,
                      "a LoRA or a tuned State is saved as an adapter, not as a checkpoint");
  }
  const bool in_bf16 = StringOf(options, "precision") == "bf16";
  const WeightsKind kind = WeightsKindOf(options, *self->trainer);
  return RunForItself(info, self, [self, in_bf16, kind, path = StringOf(options, "path")] {
    SaveCheckpoint(self->model->shape(), self->trainer->WeightsOf(kind), in_bf16, path);
  });
}

Napi::Value Save(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  return RunForItself(
      info, self, [self, path = StringOf(info[1].As<Napi::Object>(), "path")] { self->trainer->Save(path); });
}

Napi::Value Restore(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  return RunForItself(info, self, [self, path = StringOf(info[1].As<Napi::Object>(), "path")] {
    self->trainer->Restore(path);
    self->steps = self->trainer->steps();
  });
}

// What a training took is large and not soon needed again: the parameters under construction, their gradients
// and moments, the model in float32, activations.
Napi::Value Close(const Napi::CallbackInfo& info) {
  const TrainerPtr self = TrainerOf(info[0]);
  const Napi::Value closing = RunForItself(info, self, [self] {
    self->trainer.reset();
    self->model->core->RenewTraining();
    ReleaseFreeMemory();
  });
  self->is_closed = true;
  return closing;
}

Napi::Value Steps(const Napi::CallbackInfo& info) {
  const auto self = Unwrap<TrainerObject>(info[0], HandleKind::kTrainer);
  return Napi::Number::New(info.Env(), static_cast<double>(self->steps));
}

}  // namespace

void RegisterTrainer(Napi::Env env, Napi::Object exports) {
  const auto add = [&](const char* name, auto call) {
    exports.Set(name, Napi::Function::New(env, call, name));
  };
  add("createTrainer", Guarded<CreateTrainer>);
  add("trainerStep", Guarded<Step>);
  add("trainerScore", Guarded<ScoreNow>);
  add("trainerPublish", Guarded<Publish>);
  add("trainerSaveAdapter", Guarded<SaveAdapter>);
  add("trainerSaveCheckpoint", Guarded<SaveWholeModel>);
  add("trainerSave", Guarded<Save>);
  add("trainerRestore", Guarded<Restore>);
  add("trainerSteps", Guarded<Steps>);
  add("closeTrainer", Guarded<Close>);
}

}  // namespace ouroboros::binding
