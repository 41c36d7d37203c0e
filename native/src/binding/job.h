// Runs engine work on one of the engine's threads and settles a JavaScript promise with its result.
//
// The work touches no JavaScript; `to_js` runs on the JavaScript thread. An EngineError becomes the
// rejection, with its code, of this job alone. Everything that a job tells JavaScript goes through its one
// queue, so that the result comes after all news; nothing blocks on that queue, which holds what the work
// tells and one entry more. What the job needs it keeps alive itself, through the shared_ptrs its lambdas
// captured.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "binding/engine_core.h"
#include "binding/values/errors.h"

namespace ouroboros::binding {

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
template <typename Result>
using JobPtr = std::shared_ptr<JobState<Result>>;

// Asks a job to stop when its engine closes, whether the job runs or waits.
using StopOnClose = std::stop_callback<std::function<void()>>;

// The listener of a job that tells nothing but its end.
inline Napi::Function Nobody(Napi::Env env) {
  return Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
}

template <typename Result>
JobPtr<Result> NewJob(Napi::Env env, const EngineCore& core, const Napi::Function& listener) {
  if (core.closed) throw EngineError(ErrorCode::kClosed, "the engine was closed");
  return std::make_shared<JobState<Result>>(env, listener);
}

// body(), with what it throws kept as the job's failure.
template <typename Result, typename Body>
void Attempt(JobState<Result>& job, const Body& body) {
  try {
    body();
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

// Sends the result, or the failure, on its way. The completion owns job and to_js; if the environment is gone
// it is dropped here.
template <typename Result, typename ToJs>
void Settle(const JobPtr<Result>& job, const ToJs& to_js) {
  const auto complete = [job, to_js](Napi::Env js, Napi::Function) {
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
}

// Returns { promise, cancel }: cancel() asks the job to stop; the promise settles in any case. Throws where
// no thread took the job.
template <typename Result>
Napi::Value StartedJob(Napi::Env env, const JobPtr<Result>& job, bool is_taken) {
  if (!is_taken) {
    job->queue.Release();
    throw EngineError(ErrorCode::kArgument, "too many calls wait for the engine");
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("promise", job->deferred.Promise());
  result.Set("cancel",
             Napi::Function::New(env, [job](const Napi::CallbackInfo&) { job->stop.request_stop(); }));
  return result;
}

enum class On { kTrainThread, kLoadThread };

// Runs work(stop, queue), whole, after what that thread was given before. Calls to `queue` reach `listener`,
// in order and before the promise settles.
template <typename Work, typename ToJs>
Napi::Value RunTellingJob(Napi::Env env, const std::shared_ptr<EngineCore>& core, On on,
                          const Napi::Function& listener, Work work, ToJs to_js) {
  using Result = decltype(work(std::declval<std::stop_token>(), std::declval<JobQueue&>()));
  const JobPtr<Result> job = NewJob<Result>(env, *core, listener);
  auto run = [job, core, work = std::move(work), to_js = std::move(to_js)]() mutable {
    {
      const StopOnClose on_close(core->stop_all.get_token(), [&] { job->stop.request_stop(); });
      Attempt(*job, [&] { job->result.emplace(work(job->stop.get_token(), job->queue)); });
    }
    Settle(job, to_js);
  };
  JobThread& thread = on == On::kTrainThread ? core->train_thread : core->load_thread;
  return StartedJob(env, job, thread.Post(std::move(run)));
}

// The same for work(stop), which tells nothing but its end.
template <typename Work, typename ToJs>
Napi::Value RunJob(Napi::Env env, const std::shared_ptr<EngineCore>& core, On on, Work work, ToJs to_js) {
  auto telling = [work = std::move(work)](const std::stop_token& stop, JobQueue&) mutable {
    return work(stop);
  };
  return RunTellingJob(env, core, on, Nobody(env), std::move(telling), std::move(to_js));
}

}  // namespace ouroboros::binding
