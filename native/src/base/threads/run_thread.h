// One thread that takes many runs forward at once, a slice at a time: the generate thread.
//
// After every slice the next run is chosen anew: first one that was asked to stop, so that it answers at once
// whatever else is at work; else by class (fair_share.h), and within a class round robin, but for one that is
// midway. A slice is never interrupted: a run that arrives waits for one slice at most.
//
// Thread safety: Post may be called from any thread; Join from one that is not this one. Join lets all runs
// end first: the caller asks them to stop. Ownership: a run is destroyed on this thread, after its last
// slice.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <thread>

#include "base/threads/fair_share.h"
#include "base/threads/run.h"

namespace ouroboros {

class RunThread {
 public:
  RunThread() : thread_([this] { Loop(); }) {}
  ~RunThread() { Join(); }
  RunThread(const RunThread&) = delete;
  RunThread& operator=(const RunThread&) = delete;

  // Idempotent.
  void Join();

  // False when too many runs are under way or the thread is closing. `stop`: by it the run is asked to stop.
  bool Post(RunClass run_class, std::stop_token stop, std::unique_ptr<Run> run);

 private:
  // Each keeps a State, logits and a sampler while it lasts, megabytes with a large model. Some windows that
  // type, chat and learn at once need a tenth of it.
  static constexpr std::size_t kRunsMax = 64;

  struct Entry {
    std::stop_token stop;
    std::unique_ptr<Run> run;
  };
  using Entries = std::list<Entry>;  // spliced, so that a slice allocates nothing
  struct Taken {
    RunClass run_class;
    bool is_stopped;
    Entries entries;  // one, or a batch
  };
  // Rows of a batch beyond which another costs as much as alone.
  static constexpr std::size_t kBatchMax = 16;

  void Loop();
  FairShareScheduler::Waiting Waiting() const;
  Taken TakeNext();
  // One slice of all that were taken.
  static void Step(Taken& taken, std::span<Slice> slices);

  std::mutex mutex_;  // guards all of these
  std::condition_variable wake_;
  std::array<Entries, kRunClasses> waiting_;
  std::size_t runs_ = 0;  // the one that is taken included
  FairShareScheduler scheduler_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace ouroboros
