// A Run: work that goes forward in slices, so that one thread can serve many at once (run_thread.h).
//
// Thread safety: one caller. Throws nothing: what goes wrong, the run keeps and tells.
#pragma once

namespace ouroboros {

// How a slice ended. Midway: what the run left in memory that its class shares must not be touched before its
// next slice.
enum class Slice { kMidway, kMore, kDone };

class Run {
 public:
  virtual ~Run() = default;
  // Does one slice. A run that was asked to stop touches no shared memory and is done.
  virtual Slice Step() = 0;
  // Tells how it went; called once, last, when the thread has room for another run again.
  virtual void End() = 0;
};

}  // namespace ouroboros
