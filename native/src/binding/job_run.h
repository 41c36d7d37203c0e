// Jobs of the generate thread, which go forward in slices, one after another in turn (run_thread.h).
//
// make(queue) runs at the job's first slice, so that a job that waits holds no more than its request; what it
// returns goes on by Step(stop) and ends by Finish() (model_runs.h).
//
// A Generation is active (thread_pool.h) from the call to the end, waiting included: training steps back at
// once. Not for background work, which is training's own.
//
// Thread safety: made on the JavaScript thread, then used and destroyed by the generate thread alone.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "binding/job.h"

namespace ouroboros::binding {

template <typename Make, typename ToJs>
class JobRun final : public Run {
 public:
  using Sliced = std::invoke_result_t<Make&, JobQueue&>;  // a unique_ptr
  using SlicedRun = typename Sliced::element_type;
  using Result = decltype(std::declval<Sliced&>()->Finish());
  static constexpr bool kCanBatch = requires(const SlicedRun& run) { run.BatchKey(); };

  JobRun(JobPtr<Result> job, std::shared_ptr<EngineCore> core, RunClass run_class, Make make, ToJs to_js)
      : job_(std::move(job)),
        core_(std::move(core)),
        make_(std::move(make)),
        to_js_(std::move(to_js)),
        on_close_(core_->stop_all.get_token(), [stop = job_->stop]() mutable { stop.request_stop(); }) {
    if (run_class != RunClass::kBackground) active_.emplace(core_->pool);
  }

  Slice Step() override {
    Slice slice = Slice::kDone;
    Attempt(*job_, [&] {
      if (sliced_ == nullptr) sliced_ = make_(job_->queue);
      slice = sliced_->Step(job_->stop.get_token());
      if (slice == Slice::kDone) job_->result.emplace(sliced_->Finish());
    });
    return slice;
  }
  const void* BatchKey() const override {
    if constexpr (kCanBatch) return sliced_ == nullptr ? nullptr : sliced_->BatchKey();
    return nullptr;
  }
  void StepBatch(std::span<Run* const> runs, std::span<Slice> slices) override {
    if constexpr (kCanBatch) {
      std::vector<JobRun*> jobs;
      std::vector<SlicedRun*> batch;
      for (Run* const run : runs) {
        jobs.push_back(static_cast<JobRun*>(run));  // runs of one key are of one type
        batch.push_back(jobs.back()->sliced_.get());
      }
      bool is_read = false;
      // What goes wrong for all is each one's failure.
      Attempt(*job_, [&] {
        SlicedRun::ReadBatch(batch);
        is_read = true;
      });
      for (std::size_t i = 0; i < jobs.size(); ++i) slices[i] = jobs[i]->WriteOwn(is_read ? nullptr : this);
    }
  }
  void End() override { Settle(job_, to_js_); }

 private:
  // The half of a batch's slice that is this run's own; `failed` is the run that has the reason where the
  // first half failed.
  Slice WriteOwn(const JobRun* failed) {
    Slice slice = Slice::kDone;
    if (failed != nullptr) {
      job_->code = failed->job_->code;
      job_->message = failed->job_->message;
      return slice;
    }
    Attempt(*job_, [&] {
      if constexpr (kCanBatch) slice = sliced_->Write();
      if (slice == Slice::kDone) job_->result.emplace(sliced_->Finish());
    });
    return slice;
  }

  const JobPtr<Result> job_;
  const std::shared_ptr<EngineCore> core_;
  const Make make_;
  const ToJs to_js_;
  std::optional<ThreadPool::GenerationScope> active_;
  Sliced sliced_;
  StopOnClose on_close_;
};

// Starts a job of the generate thread. Calls to `queue` reach `listener`, in order and before the promise
// settles.
template <typename Make, typename ToJs>
Napi::Value StartRun(Napi::Env env, const std::shared_ptr<EngineCore>& core, RunClass run_class,
                     const Napi::Function& listener, Make make, ToJs to_js) {
  using Result = typename JobRun<Make, ToJs>::Result;
  const JobPtr<Result> job = NewJob<Result>(env, *core, listener);
  auto run = std::make_unique<JobRun<Make, ToJs>>(job, core, run_class, std::move(make), std::move(to_js));
  const bool is_taken = core->generate_thread.Post(run_class, job->stop.get_token(), std::move(run));
  return StartedJob(env, job, is_taken);
}

}  // namespace ouroboros::binding
