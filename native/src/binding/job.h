// Runs engine work on one of the engine's threads and settles a JavaScript promise with its result.
//
// `work` runs on the thread and touches no JavaScript; `to_js` runs on the JavaScript thread. An EngineError
// becomes the rejection, with its code. Everything that a job tells JavaScript goes through its one queue, so
// that the result comes after all news; nothing blocks on that queue, which holds what the work tells and one
// entry more. What the job needs it keeps alive itself, through the shared_ptrs its lambdas captured.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "binding/engine_core.h"
#include "binding/errors.h"

namespace ouroboros::binding {

enum class On { kGenerateThread, kTrainThread };

using JobQueue = Napi::ThreadSafeFunction;

template <typename Result>
struct JobState {
  JobState(Napi::Env env, const Napi::Function& listener)
      : deferred(Napi::Promise::Deferred::New(env)),
        queue(JobQueue::New(env, listener, "ouroboros job", 0, 1)) {}
  Napi::Promise::Deferred deferred;
  JobQueue queue;
  std::stop_source stop;
  std::optional<Result> result;
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
};

template <typename Result, typename Work>
void RunWork(JobState<Result>& job, const Work& work) {
  try {
    job.result.emplace(work(job.stop.get_token(), job.queue));
  } catch (const EngineError& error) {
    job.code = error.code();
    job.message = error.what();
  } catch (const std::bad_alloc&) {
    job.code = ErrorCode::kMemory;
    job.message = "not enough memory";
  } catch (const std::exception& error) {
    job.message = error.what();
  }
}

// Returns { promise, cancel }: cancel() asks the job to stop; the promise settles in any case. Calls to
// `queue` from work(stop, queue) reach `listener`, in order and before the promise settles.
template <typename Work, typename ToJs>
Napi::Value RunTellingJob(Napi::Env env, const std::shared_ptr<EngineCore>& core, On on,
                          const Napi::Function& listener, Work work, ToJs to_js) {
  using Result = decltype(work(std::declval<std::stop_token>(), std::declval<JobQueue&>()));
  if (core->closed) throw EngineError(ErrorCode::kClosed, "the engine was closed");
  auto job = std::make_shared<JobState<Result>>(env, listener);
  auto run = [job, core, work = std::move(work), to_js = std::move(to_js)]() mutable {
    {
      // A closing engine stops every job, running or waiting.
      const std::stop_callback on_close(core->stop_all.get_token(), [&] { job->stop.request_stop(); });
      RunWork(*job, work);
    }
    // The completion owns the job and to_js; if the environment is gone it is dropped here.
    auto complete = [job, to_js](Napi::Env js, Napi::Function) {
      if (!job->result) {
        job->deferred.Reject(ToJsError(js, job->code, job->message).Value());
        return;
      }
      try {
        job->deferred.Resolve(Guard(js, [&]() -> Napi::Value { return to_js(js, *job->result); }));
      } catch (const Napi::Error& error) {
        job->deferred.Reject(error.Value());
      }
    };
    job->queue.NonBlockingCall(complete);
    job->queue.Release();
  };
  JobThread& thread = on == On::kGenerateThread ? core->generate_thread : core->train_thread;
  if (!thread.Post(std::move(run))) {
    job->queue.Release();
    throw EngineError(ErrorCode::kArgument, "too many calls wait for the engine");
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("promise", job->deferred.Promise());
  result.Set("cancel",
             Napi::Function::New(env, [job](const Napi::CallbackInfo&) { job->stop.request_stop(); }));
  return result;
}

// A job that tells nothing but its result: work(stop).
template <typename Work, typename ToJs>
Napi::Value RunJob(Napi::Env env, const std::shared_ptr<EngineCore>& core, On on, Work work, ToJs to_js) {
  const Napi::Function nobody = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  return RunTellingJob(
      env, core, on, nobody,
      [work = std::move(work)](const std::stop_token& stop, JobQueue&) { return work(stop); },
      std::move(to_js));
}

}  // namespace ouroboros::binding
