// A Run: work that goes forward in slices, so that one thread can serve many at once (run_thread.h).
//
// Thread safety: one caller. Throws nothing: what goes wrong, the run keeps and tells.
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
  // Runs of one class that give the same answer here, not null, can do their next slice as one, for less than
  // each alone, and with the same results.
  virtual const void* Company() const { return nullptr; }
  // The next slice of all of them, this one the first; slices[i] tells how it ended for runs[i].
  virtual void StepTogether(std::span<Run* const> runs, std::span<Slice> slices) {
    for (std::size_t i = 0; i < runs.size(); ++i) slices[i] = runs[i]->Step();
  }
  // Tells how it went; called once, last, when the thread has room for another run again.
  virtual void End() = 0;
};

}  // namespace ouroboros
