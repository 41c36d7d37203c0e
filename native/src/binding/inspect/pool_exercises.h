// Hard use of a ThreadPool that JavaScript cannot make by itself, for its tests: two threads at once,
// exceptions.
#pragma once

#include <cstddef>

namespace ouroboros::binding {

struct PoolLoops {
  std::size_t tasks_run;   // over both lanes
  std::size_t wrong_sums;  // loops whose tasks did not run exactly once each
  std::size_t overlaps;    // tasks that saw a loop of the other lane running
};
// A generate lane and a train lane, each on a thread of its own, run `loops` loops of `tasks` tasks at the
// same time.
PoolLoops RunTwoLanes(std::size_t threads, std::size_t loops, std::size_t tasks);

// Throws EngineError `state` from task `failing` of a loop of `tasks`, after checking that the pool still
// works.
void RunThrowing(std::size_t threads, std::size_t tasks, std::size_t failing);

// The part of the time in which the train lane runs loops of `microseconds` while a Generation is active.
double TrainShare(std::size_t threads, std::size_t microseconds);

// Makes and destroys pools whose workers spin, sleep or have not begun; returns how many.
std::size_t RestartPools(std::size_t threads, std::size_t times);

}  // namespace ouroboros::binding
