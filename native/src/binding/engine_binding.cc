// Engine and Model for JavaScript: loading, reading, generating, scoring. Types: native/lib/types.ts; calls
// are wrapped and their arguments checked in native/lib/engine.ts.
#include <algorithm>
#include <array>

#include "base/threads/physical_cores.h"
#include "binding/job.h"
#include "binding/job_run.h"
#include "binding/model_runs.h"
#include "binding/register.h"
#include "binding/values/errors.h"
#include "binding/values/model_info.h"
#include "binding/values/model_object.h"
#include "binding/values/sampling_options.h"
#include "binding/values/tokenizer_object.h"
#include "files/safetensors/safetensors_writer.h"
#include "files/tensor_file.h"
#include "kernels/measure/training_precision.h"
#include "rwkv7/parameters/time_state.h"
#include "rwkv7/served/numbers_check.h"

namespace ouroboros::binding {
namespace {

// Every open engine of this environment.
struct Engines {
  std::vector<std::shared_ptr<EngineCore>> open;
};

std::shared_ptr<EngineCore> CoreOf(const Napi::Value& value) {
  return Unwrap<EngineCore>(value, HandleKind::kEngine);
}

Napi::Value CreateEngine(const Napi::CallbackInfo& info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  const std::size_t threads = Has(options, "threads") ? SizeOf(options, "threads") : PhysicalCores();
  const Kernels& kernels = ChosenKernels(options);
  const Precision precision = Has(options, "precision") ? PrecisionOf(options) : FasterPrecision(kernels);
  auto core = std::make_shared<EngineCore>(kernels, precision, threads);
  info.Env().GetInstanceData<Engines>()->open.push_back(core);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("handle", Wrap(info.Env(), HandleKind::kEngine, core));
  result.Set("threads", static_cast<double>(core->pool.threads()));
  result.Set("instructionSet", core->kernels.name);
  result.Set("precision", core->precision == Precision::kBf16 ? "bf16" : "f32");
  return result;
}

Napi::Value CloseEngine(const Napi::CallbackInfo& info) {
  const std::shared_ptr<EngineCore> core = CoreOf(info[0]);
  core->Close();
  std::erase(info.Env().GetInstanceData<Engines>()->open, core);
  return info.Env().Undefined();
}

// What was freed by now; the train thread does it, since no completion waits for that one.
Napi::Value ReleaseMemory(const Napi::CallbackInfo& info) {
  return RunJob(
      info.Env(), CoreOf(info[0]), On::kTrainThread,
      [](const std::stop_token&) {
        ReleaseFreeMemory();
        return true;
      },
      [](Napi::Env env, bool) { return env.Undefined(); });
}

Napi::Value BytesOf(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(HeldBytes(info[0])));
}

Napi::Value ModelToJs(Napi::Env env, const ModelPtr& model) {
  if (model->core->closed) throw EngineError(ErrorCode::kClosed, "the engine was closed");
  model->core->Hold(model);
  Napi::Object result = Napi::Object::New(env);
  result.Set("handle", Wrap(env, HandleKind::kModel, model, model->served->bytes()));
  const ServedModel& served = *model->served;
  result.Set("info", ModelInfoToJs(env, served.shape(), served.parameter_count(), served.hash()));
  result.Set("weights", kWeightTypeNames[static_cast<std::size_t>(served.type())]);
  result.Set("bytes", static_cast<double>(served.bytes()));
  return result;
}

Napi::Value LoadModel(const Napi::CallbackInfo& info) {
  const std::shared_ptr<EngineCore> core = CoreOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  const std::string path = StringOf(options, "path");
  const std::optional<WeightType> type = WeightTypeOf(options);
  return RunJob(
      info.Env(), core, On::kLoadThread,
      [core, path, type](const std::stop_token&) {
        auto served = ServedModel::Load(path, type, core->pool.threads());
        if (!ComputesNumbers(*served, core->kernels, core->pool.threads())) {
          throw EngineError(ErrorCode::kNumbers,
                            path +
                                ": the model computes NaN or infinite logits, so that it can write nothing; "
                                "its weights are damaged or too large, take another file");
        }
        return std::make_shared<LoadedModel>(core, std::move(served));
      },
      ModelToJs);
}

Napi::Value InitialModel(const Napi::CallbackInfo& info) {
  const std::shared_ptr<EngineCore> core = CoreOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  const Napi::Object wanted = ObjectOf(options, "shape");
  Shape shape{};
  shape.layers = SizeOf(wanted, "layers");
  shape.width = SizeOf(wanted, "width");
  shape.vocabulary = SizeOf(wanted, "vocabularySize");
  if (Has(wanted, "ffnWidth")) shape.ffn = SizeOf(wanted, "ffnWidth");
  if (Has(wanted, "loraRanks")) {
    const Napi::Object ranks = ObjectOf(wanted, "loraRanks");
    shape.ranks = {SizeOf(ranks, "w"), SizeOf(ranks, "a"), SizeOf(ranks, "v"), SizeOf(ranks, "g")};
  }
  const std::uint64_t seed = SizeOf(options, "seed");
  const WeightType type = WeightTypeOf(options).value_or(WeightType::kF32);
  return RunJob(
      info.Env(), core, On::kLoadThread,
      [core, shape, seed, type](const std::stop_token&) {
        return std::make_shared<LoadedModel>(
            core, ServedModel::Of(InitialCheckpoint(shape, seed), type, core->pool.threads()));
      },
      ModelToJs);
}

Napi::Value ZeroState(const Napi::CallbackInfo& info) {
  return StateToJs(info.Env(), std::make_shared<const State>(State::Zero(ModelOf(info[0])->shape())));
}

Napi::Value InitialState(const Napi::CallbackInfo& info) {
  const Shape& shape = ModelOf(info[0])->shape();
  const Napi::Object options = info[1].As<Napi::Object>();
  const Adapter adapter = AdapterOf(options, shape);
  if (adapter == nullptr) RefuseArgument("adapter");
  const auto state = Has(options, "state") ? StateOfOptions(options, shape)
                                           : std::make_shared<const State>(State::Zero(shape));
  return StateToJs(info.Env(), std::make_shared<const State>(StartOf(*adapter, *state)));
}

constexpr const char* kStateNames[3] = {"att_shift", "ffn_shift", "wkv"};

std::array<std::vector<std::size_t>, 3> StateShapes(const Shape& shape) {
  return {{{shape.layers, shape.width},
           {shape.layers, shape.width},
           {shape.layers, shape.heads, kHeadSize, kHeadSize}}};
}

Napi::Value StateToBytes(const Napi::CallbackInfo& info) {
  const ModelPtr model = ModelOf(info[0]);
  const auto state = StateOfOptions(info[1].As<Napi::Object>(), model->shape());
  const Buffer* parts[3] = {&state->att_shift, &state->ffn_shift, &state->wkv};
  const auto shapes = StateShapes(model->shape());
  std::vector<TensorToWrite> tensors;
  for (std::size_t i = 0; i < 3; ++i)
    tensors.push_back({kStateNames[i], DType::kF32, shapes[i], parts[i]->span()});
  Napi::Uint8Array result;
  SerializeSafetensors(tensors, {{"kind", "ouroboros-state"}}, [&](std::size_t bytes) {
    result = Napi::Uint8Array::New(info.Env(), bytes);
    return std::as_writable_bytes(std::span(result.Data(), bytes));
  });
  return result;
}

Napi::Value StateFromBytes(const Napi::CallbackInfo& info) {
  const ModelPtr model = ModelOf(info[0]);
  const auto array = info[1].As<Napi::Uint8Array>();
  const auto* begin = reinterpret_cast<const std::byte*>(array.Data());
  std::unique_ptr<TensorFile> file;
  try {
    file = TensorFile::OverBytes({begin, array.ByteLength()}, "the state");
  } catch (const EngineError& error) {
    throw EngineError(ErrorCode::kState, error.what());
  }
  auto state = std::make_shared<State>(State::Unset(model->shape()));
  Buffer* parts[3] = {&state->att_shift, &state->ffn_shift, &state->wkv};
  const auto shapes = StateShapes(model->shape());
  for (std::size_t i = 0; i < 3; ++i) {
    const auto index = file->Find(kStateNames[i]);
    if (!index || file->tensors()[*index].shape != shapes[i] ||
        file->tensors()[*index].dtype != DType::kF32) {
      throw EngineError(ErrorCode::kState, "the bytes are not a State of this model");
    }
    file->ReadF32(*index, parts[i]->span());
  }
  return StateToJs(info.Env(), state);
}

RunClass RunClassOf(const Napi::Object& options) {
  if (!Has(options, "priority")) return RunClass::kInteractive;
  constexpr std::array<const char*, kRunClasses> kNames = {"interactive", "chat", "background"};
  const auto found = std::find(kNames.begin(), kNames.end(), StringOf(options, "priority"));
  if (found == kNames.end()) RefuseArgument("priority");
  return static_cast<RunClass>(found - kNames.begin());
}

ReadRequest ReadRequestOf(const Napi::CallbackInfo& info) {
  const ModelPtr model = ModelOf(info[0]);
  const Napi::Object options = info[1].As<Napi::Object>();
  ReadRequest request{model, AdapterOf(options, model->shape()), StateOfOptions(options, model->shape()),
                      TokensOf(options, "tokens"), RunClassOf(options)};
  CheckTokens(request.tokens, model->shape());
  return request;
}

// Starts a run that tells nothing but its end.
template <typename Run, typename ToJs>
Napi::Value StartReading(const Napi::CallbackInfo& info, const ReadRequest& request, ToJs to_js) {
  return StartRun(
      info.Env(), request.model->core, request.run_class, Nobody(info.Env()),
      [request](JobQueue&) { return std::make_unique<Run>(request); }, std::move(to_js));
}

Napi::Value Read(const Napi::CallbackInfo& info) {
  return StartReading<ReadRun>(info, ReadRequestOf(info),
                               [](Napi::Env env, const std::shared_ptr<const State>& state) -> Napi::Value {
                                 if (state == nullptr) return Cancelled(env);
                                 Napi::Object result = Finished(env);
                                 result.Set("state", StateToJs(env, state));
                                 return result;
                               });
}

Napi::Value Score(const Napi::CallbackInfo& info) {
  return StartReading<ScoreRun>(info, ReadRequestOf(info),
                                [](Napi::Env env, const std::optional<std::vector<RowScore>>& scores) {
                                  return scores ? ScoreToJs(env, *scores) : Cancelled(env);
                                });
}

// Rows of V floats that one reference may hold: 256 MB at V = 65536.
constexpr std::size_t kReferenceRowsMax = 1024;

Napi::Value Reference(const Napi::CallbackInfo& info) {
  const ReadRequest request = ReadRequestOf(info);
  if (request.tokens.size() > kReferenceRowsMax) {
    throw EngineError(ErrorCode::kArgument, "reference logits are kept for at most 1024 tokens");
  }
  return StartReading<ReferenceRun>(
      info, request, [](Napi::Env env, const std::shared_ptr<const ReferenceLogits>& logits) -> Napi::Value {
        if (logits == nullptr) return Cancelled(env);
        Napi::Object result = Finished(env);
        result.Set("logits",
                   Wrap(env, HandleKind::kReference, logits, logits->logits.size() * sizeof(float)));
        return result;
      });
}

GenerationRequest GenerationRequestOf(const Napi::Object& options, std::vector<std::uint32_t> tokens) {
  GenerationRequest request;
  request.tokens = std::move(tokens);
  if (request.tokens.empty()) RefuseArgument("tokens");
  request.sampling = SamplingOptionsOf(options.Get("sampling"));
  request.tokens_max = SizeOf(options, "tokensMax");
  request.stop_tokens = TokensOf(options, "stopTokens");
  if (Has(options, "stopStrings")) request.stop_strings = StringsOf(options, "stopStrings");
  if (Has(options, "tokenizer")) request.tokenizer = TokenizerOf(options.Get("tokenizer"));
  return request;
}

Napi::Value GeneratedToJs(Napi::Env env, const Generated& generated) {
  constexpr const char* kNames[] = {"token", "string", "limit", "cancel"};
  Napi::Object result = generated.stopped_by == StoppedBy::kCancel ? Cancelled(env) : Finished(env);
  result.Set("tokens", ToJs(env, std::span<const std::uint32_t>(generated.tokens)));
  result.Set("logProbabilities", ToJs(env, std::span<const float>(generated.log_probabilities)));
  result.Set("stoppedBy", kNames[static_cast<std::size_t>(generated.stopped_by)]);
  return result;
}

void SendToken(JobQueue& queue, std::uint32_t token, float log_probability) {
  queue.NonBlockingCall([token, log_probability](Napi::Env env, Napi::Function listener) {
    listener.Call(
        {Napi::Number::New(env, token), Napi::Number::New(env, static_cast<double>(log_probability))});
  });
}

Napi::Value GenerateTokens(const Napi::CallbackInfo& info) {
  const ReadRequest read = ReadRequestOf(info);
  const Napi::Object options = info[1].As<Napi::Object>();
  const GenerationRequest request = GenerationRequestOf(options, read.tokens);
  const Napi::Value on_token = options.Get("onToken");
  const bool has_listener = on_token.IsFunction();
  return StartRun(
      info.Env(), read.model->core, read.run_class,
      has_listener ? on_token.As<Napi::Function>() : Nobody(info.Env()),
      [read, request, has_listener](JobQueue& queue) {
        return std::make_unique<GenerateRun>(
            read, request, [&queue, has_listener](std::uint32_t token, float log_probability) {
              if (has_listener) SendToken(queue, token, log_probability);
            });
      },
      GeneratedToJs);
}

Napi::Value LoadAdapter(const Napi::CallbackInfo& info) {
  const ModelPtr model = ModelOf(info[0]);
  const std::string path = StringOf(info[1].As<Napi::Object>(), "path");
  return RunJob(
      info.Env(), model->core, On::kLoadThread,
      [model, path](const std::stop_token&) -> Adapter {
        return PublishAdapter(LoadParameterSet(model->shape(), path));
      },
      [](Napi::Env env, const Adapter& adapter) { return AdapterToJs(env, adapter); });
}

}  // namespace

Napi::Value ScoreToJs(Napi::Env env, const std::vector<RowScore>& scores) {
  Napi::Float32Array log_probabilities = Napi::Float32Array::New(env, scores.size());
  Napi::Uint32Array best = Napi::Uint32Array::New(env, scores.size());
  Napi::Float32Array margins = Napi::Float32Array::New(env, scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    log_probabilities[i] = scores[i].log_probability;
    best[i] = scores[i].best;
    margins[i] = scores[i].margin;
  }
  Napi::Object result = Finished(env);
  result.Set("logProbabilities", log_probabilities);
  result.Set("best", best);
  result.Set("margins", margins);
  return result;
}

void RegisterTrainer(Napi::Env env, Napi::Object exports);  // trainer_binding.cc

void RegisterEngine(Napi::Env env, Napi::Object exports) {
  auto* engines = new Engines();  // NOLINT: owned by the environment
  env.SetInstanceData(engines);
  // Threads must end before the environment takes their jobs' queues away, which it does after all such
  // hooks; the instance data goes later still.
  env.AddCleanupHook(
      [](Engines* ending) {
        for (const std::shared_ptr<EngineCore>& core : ending->open) core->Close();
      },
      engines);
  const auto add = [&](const char* name, auto call) {
    exports.Set(name, Napi::Function::New(env, call, name));
  };
  add("createEngine", Guarded<CreateEngine>);
  add("closeEngine", Guarded<CloseEngine>);
  add("releaseMemory", Guarded<ReleaseMemory>);
  add("bytesOf", Guarded<BytesOf>);
  add("loadModel", Guarded<LoadModel>);
  add("initialModel", Guarded<InitialModel>);
  add("zeroState", Guarded<ZeroState>);
  add("initialState", Guarded<InitialState>);
  add("stateToBytes", Guarded<StateToBytes>);
  add("stateFromBytes", Guarded<StateFromBytes>);
  add("read", Guarded<Read>);
  add("score", Guarded<Score>);
  add("reference", Guarded<Reference>);
  add("generate", Guarded<GenerateTokens>);
  add("loadAdapter", Guarded<LoadAdapter>);
  RegisterTrainer(env, exports);
}

}  // namespace ouroboros::binding
