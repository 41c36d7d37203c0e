// A Run: work that goes forward in slices, so that one thread can serve many at once (run_thread.h).
//
// Thread safety: one caller. Throws nothing: what goes wrong is part of the run's result.
#pragma once

#include <cstddef>
#include <span>

namespace ouroboros {

// How a slice ended. Midway: what the run left in memory that its class shares must not be touched before its
// next slice.
enum class Slice { kMidway, kMore, kDone };

class Run {
 public:
  virtual ~Run() = default;
  // Does one slice. A run that was asked to stop touches no shared memory and is done.
  virtual Slice Step() = 0;
  // Runs of one class with the same key, not null, can do their next slice as one batch, for less than each
  // alone, and with the same results.
  virtual const void* BatchKey() const { return nullptr; }
  // The next slice of all of them, this one the first; slices[i] is how it ended for runs[i].
  virtual void StepBatch(std::span<Run* const> runs, std::span<Slice> slices) {
    for (std::size_t i = 0; i < runs.size(); ++i) slices[i] = runs[i]->Step();
  }
  // Hands out the result; called once, last, when the thread has room for another run again.
  virtual void End() = 0;
};

}  // namespace ouroboros
