// The one fixed pool of kernel workers, and the two lanes by which the generate thread and the train thread
// use it.
//
// Generation always wins: while a Generation is active, the training lane waits before each parallel loop 19
// times as long as its last loop took (50 ms at most), so that a long chat leaves it about 5 % of the time.
// A Generation counts as active for some 40 ms after its end, too.
// Loops of the two lanes never overlap; the worst delay of a Generation is therefore one training loop.
// Without an active Generation the lanes take turns, loop by loop.
//
// Workers spin for some microseconds after a loop, then sleep; a loop never waits for a worker that has not
// begun to work on it, so that a busy machine costs throughput, not stalls. Between two phases, too, only a
// task that somebody has begun is waited for; a thread that waits long gives its processor away.
//
// Thread safety: a ThreadPool may be used by several lanes at once; a Lane by one thread at a time.
// Ownership: the pool must outlive its lanes. The calling thread works too: `threads` counts it.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/function_ref.h"

namespace ouroboros {

class ThreadPool {
 public:
  // threads >= 1; threads - 1 workers are started.
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t threads() const;

  // Marks a Generation as active for its lifetime; the training lane yields to it. May nest.
  class GenerationScope {
   public:
    explicit GenerationScope(ThreadPool& pool);
    ~GenerationScope();
    GenerationScope(const GenerationScope&) = delete;
    GenerationScope& operator=(const GenerationScope&) = delete;

   private:
    ThreadPool& pool_;
  };

 private:
  friend class Lane;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

enum class Priority { kGenerate, kTrain };

// A parallel loop among several that follow each other (Lane::RunPhases).
struct Phase {
  std::size_t tasks;
  FunctionRef<void(std::size_t task)> body;
};
constexpr std::size_t kPhasesMax = 16;

class Lane {
 public:
  Lane(ThreadPool& pool, Priority priority);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs body(task) for every task in [0, tasks), in any order, on any of the pool's threads; returns when
  // all are done. The first exception of a body is rethrown here after all that had begun have ended; the
  // others are then skipped. Must not be nested.
  void ParallelFor(std::size_t tasks, FunctionRef<void(std::size_t task)> body);
  // The same for up to kPhasesMax loops, each of which begins when the one before has ended. They take one
  // turn, and cost about a tenth of as many calls of ParallelFor.
  void RunPhases(std::span<const Phase> phases);

  // 64-byte aligned scratch that keeps its size between calls, so that steady state allocates nothing. Slot 0
  // .. 3 are independent. The content is unspecified; the span is valid until the next call for the same
  // slot.
  std::span<float> Scratch(std::size_t slot, std::size_t floats);
  // The same, one per pool thread; call inside a ParallelFor body.
  std::span<float> WorkerScratch(std::size_t floats);

  std::size_t threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ouroboros
