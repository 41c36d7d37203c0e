// Each binding file adds its functions to the addon's exports; addon.cc lists them all.
#pragma once

#include <napi.h>

namespace ouroboros::binding {

void RegisterFiles(Napi::Env env,
                   Napi::Object exports);  // files_binding.cc: tensors of a file, for readers' tests
void RegisterText(Napi::Env env, Napi::Object exports);  // text_binding.cc: Tokenizer
void RegisterSampler(Napi::Env env,
                     Napi::Object exports);  // sampler_binding.cc: Sampler, for conformance and tests
void RegisterKernels(Napi::Env env,
                     Napi::Object exports);                // kernels_binding.cc: kernels, for tests and bench
void RegisterEngine(Napi::Env env, Napi::Object exports);  // engine_binding.cc: Engine, Model, Trainer
void RegisterModelFiles(Napi::Env env, Napi::Object exports);  // model_files_binding.cc: headers, conversion
void RegisterLocks(Napi::Env env, Napi::Object exports);       // lock_binding.cc: locks on open files
void RegisterInspect(Napi::Env env, Napi::Object exports);     // inspect_binding.cc: logits, dumps, gradients

}  // namespace ouroboros::binding
