// The kernels as JavaScript functions, for tests and the bench; the engine never calls them this way.

#include "base/threads/thread_pool.h"
#include "binding/inspect/kernel_call.h"
#include "binding/inspect/pool_exercises.h"
#include "binding/register.h"
#include "binding/values/convert.h"
#include "binding/values/errors.h"
#include "binding/values/model_info.h"
#include "kernels/gemm/gemm.h"
#include "kernels/measure/measure.h"
#include "tensor/buffer.h"

namespace ouroboros::binding {
namespace {

using Info = Napi::CallbackInfo;

// The one argument of a function, and errors as JavaScript sees them.
template <typename Body>
Napi::Value WithOptions(const Info& info, const Body& body) {
  return Guard(info.Env(), [&]() -> Napi::Value {
    if (!info[0].IsObject()) RefuseArgument("options");
    return body(info[0].As<Napi::Object>());
  });
}

// Names of the sets that this machine has, the plainest first.
Napi::Value InstructionSets(const Info& info) {
  Napi::Array names = Napi::Array::New(info.Env());
  for (const BaseSet set : AvailableBaseSets()) names.Set(names.Length(), KernelsFor(set).name);
  return names;
}

// Whether an instruction set of this machine multiplies in bf16.
Napi::Value HasBf16(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    return Napi::Boolean::New(info.Env(), KernelsOf(options).gemm_bf16 != nullptr);
  });
}

// { instructionSet, kernel, memory, pointers, sizes, scalars } -> { memory, results }
Napi::Value RunOneKernel(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    KernelCall call(options);
    RunKernel(StringOf(options, "kernel"), call);
    return call.ToJs(info.Env());
  });
}

// { instructionSet, threads, sizes: [m, n, k, aRowStride, aColumnStride, bRowStride, bColumnStride, cStride],
//   pointers: [a, b, c], scalars: [scale], isAccumulating, precision, memory, isPackedBefore? }
// -> { memory, results }
Napi::Value RunGemm(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    KernelCall call(options);
    ThreadPool pool(SizeOf(options, "threads"));
    Lane lane(pool, Priority::kGenerate);
    GemmArguments arguments = {call.Size(0),
                               call.Size(1),
                               call.Size(2),
                               {call.Pointer(0), call.Size(3), call.Size(4)},
                               {call.Pointer(1), call.Size(5), call.Size(6)},
                               call.Pointer(2),
                               call.Size(7),
                               call.Scalar(0),
                               BoolOf(options, "isAccumulating"),
                               PrecisionOf(options)};
    Buffer packed;
    if (BoolOf(options, "isPackedBefore") && call.kernels.gemm_bf16 != nullptr) {
      packed.Grow(PackedBf16Floats(call.kernels, arguments.n, arguments.k));
      PackBf16(call.kernels, lane, packed.data(), arguments.b, arguments.n, arguments.k);
      arguments.packed_b = packed.data();
    }
    Gemm(call.kernels, lane, arguments);
    return call.ToJs(info.Env());
  });
}

Measurement MeasurementOf(const Napi::Object& options) {
  return {KernelsOf(options), SizeOf(options, "threads")};
}

Napi::Value MeasureMultiplyAdds(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    return Napi::Number::New(info.Env(), MultiplyAddPeak(MeasurementOf(options)));
  });
}

// Undefined where this machine lacks the instruction.
Napi::Value MeasureNarrowMultiplyAdds(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) -> Napi::Value {
    const NarrowOperands operands =
        StringOf(options, "operands") == "bf16" ? NarrowOperands::kBf16 : NarrowOperands::kInt8;
    const double peak = NarrowMultiplyAddPeak(SizeOf(options, "threads"), operands);
    return peak == 0.0 ? info.Env().Undefined() : Napi::Number::New(info.Env(), peak);
  });
}

Napi::Value MeasureBandwidth(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    return Napi::Number::New(info.Env(), ReadBandwidth(MeasurementOf(options), SizeOf(options, "bytes")));
  });
}

Napi::Value MeasureGemm(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    const GemmShape shape = {SizeOf(options, "m"),
                             SizeOf(options, "n"),
                             SizeOf(options, "k"),
                             BoolOf(options, "isATransposed"),
                             BoolOf(options, "isBTransposed"),
                             PrecisionOf(options)};
    return Napi::Number::New(info.Env(), GemmSeconds(MeasurementOf(options), shape));
  });
}

Napi::Value MeasureWkv(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    const WkvSeconds seconds =
        WkvSpeed(MeasurementOf(options), SizeOf(options, "heads"), SizeOf(options, "tokens"));
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("forward", seconds.forward);
    result.Set("forwardSaving", seconds.forward_saving);
    result.Set("backward", seconds.backward);
    return result;
  });
}

Napi::Value ExerciseTwoLanes(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    const PoolLoops loops =
        RunTwoLanes(SizeOf(options, "threads"), SizeOf(options, "loops"), SizeOf(options, "tasks"));
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("tasksRun", static_cast<double>(loops.tasks_run));
    result.Set("wrongSums", static_cast<double>(loops.wrong_sums));
    result.Set("overlaps", static_cast<double>(loops.overlaps));
    return result;
  });
}

Napi::Value ExerciseThrowing(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    RunThrowing(SizeOf(options, "threads"), SizeOf(options, "tasks"), SizeOf(options, "failing"));
    return info.Env().Undefined();
  });
}

Napi::Value ExerciseTrainShare(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    return Napi::Number::New(info.Env(),
                             TrainShare(SizeOf(options, "threads"), SizeOf(options, "microseconds")));
  });
}

Napi::Value ExerciseRestarts(const Info& info) {
  return WithOptions(info, [&](const Napi::Object& options) {
    const std::size_t pools = RestartPools(SizeOf(options, "threads"), SizeOf(options, "times"));
    return Napi::Number::New(info.Env(), static_cast<double>(pools));
  });
}

}  // namespace

void RegisterKernels(Napi::Env env, Napi::Object exports) {
  Napi::Object kernels = Napi::Object::New(env);
  kernels.Set("instructionSets", Napi::Function::New<InstructionSets>(env));
  kernels.Set("hasBf16", Napi::Function::New<HasBf16>(env));
  kernels.Set("run", Napi::Function::New<RunOneKernel>(env));
  kernels.Set("gemm", Napi::Function::New<RunGemm>(env));
  kernels.Set("measureMultiplyAdds", Napi::Function::New<MeasureMultiplyAdds>(env));
  kernels.Set("measureNarrowMultiplyAdds", Napi::Function::New<MeasureNarrowMultiplyAdds>(env));
  kernels.Set("measureBandwidth", Napi::Function::New<MeasureBandwidth>(env));
  kernels.Set("measureGemm", Napi::Function::New<MeasureGemm>(env));
  kernels.Set("measureWkv", Napi::Function::New<MeasureWkv>(env));
  kernels.Set("exerciseTwoLanes", Napi::Function::New<ExerciseTwoLanes>(env));
  kernels.Set("exerciseThrowing", Napi::Function::New<ExerciseThrowing>(env));
  kernels.Set("exerciseTrainShare", Napi::Function::New<ExerciseTrainShare>(env));
  kernels.Set("exerciseRestarts", Napi::Function::New<ExerciseRestarts>(env));
  exports.Set("kernels", kernels);
}

}  // namespace ouroboros::binding
