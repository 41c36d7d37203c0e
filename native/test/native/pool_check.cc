#include "pool_check.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/threads/thread_pool.h"
#include "binding/inspect/pool_exercises.h"
#include "kernels/gemm/gemm.h"
#include "kernels/kernels.h"

namespace ouroboros::check {
namespace {

constexpr std::size_t kThreadCounts[] = {1, 2, 3, 5};

bool Expect(bool is_right, const char* what, std::size_t threads) {
  if (!is_right) std::printf("FAILED pool: %s, with %zu threads\n", what, threads);
  return is_right;
}

bool HandsOverExceptions(std::size_t threads) {
  for (const std::size_t failing : {0, 1, 40}) {
    try {
      binding::RunThrowing(threads, 41, failing);
      return false;
    } catch (const EngineError&) {
    }
  }
  return true;
}

bool RunsTwoLanes(std::size_t threads) {
  constexpr std::size_t kLoops = 200, kTasks = 7;
  const binding::PoolLoops loops = binding::RunTwoLanes(threads, kLoops, kTasks);
  return loops.tasks_run == 2 * kLoops * kTasks && loops.wrong_sums == 0 && loops.overlaps == 0;
}

// Each phase reads, anywhere, what the one before has written without atomics.
bool RunsPhasesInOrder(std::size_t threads) {
  constexpr std::size_t kTasks = 23, kRounds = 60;
  ThreadPool pool(threads);
  Lane lane(pool, Priority::kGenerate);
  std::vector<std::size_t> first(kTasks), second(kTasks), third(kTasks);
  for (std::size_t round = 1; round <= kRounds; ++round) {
    const auto write = [&](std::size_t task) { first[task] = round; };
    const auto copy = [&](std::size_t task) { second[task] = first[kTasks - 1 - task]; };
    const auto sum = [&](std::size_t task) { third[task] = second[(task + 7) % kTasks] + first[task]; };
    const Phase phases[] = {{kTasks, write}, {kTasks, copy}, {kTasks, sum}};
    lane.RunPhases(phases);
    if (std::count(third.begin(), third.end(), 2 * round) != static_cast<std::ptrdiff_t>(kTasks))
      return false;
  }
  return true;
}

// Products on two lanes at once, with Generations that come and go: what the engine's threads do all day.
class Products {
 public:
  bool Run(std::size_t threads) {
    ThreadPool pool(threads);
    std::vector<float> trained, generated;
    std::thread trains([&] { trained = Multiply(pool, Priority::kTrain); });
    for (int generation = 0; generation < 4; ++generation) {
      const ThreadPool::GenerationScope scope(pool);
      generated = Multiply(pool, Priority::kGenerate);
    }
    trains.join();
    return trained == generated;
  }

 private:
  static constexpr std::size_t kRows = 80, kColumns = 130, kSteps = 70;

  std::vector<float> Multiply(ThreadPool& pool, Priority priority) const {
    Lane lane(pool, priority);
    std::vector<float> c(kRows * kColumns);
    for (int round = 0; round < 5; ++round) {
      Gemm(BestKernels(), lane,
           {kRows,
            kColumns,
            kSteps,
            {a_.data(), kSteps, 1},
            {b_.data(), 1, kSteps},
            c.data(),
            kColumns,
            1.0f,
            false});
    }
    return c;
  }

  const std::vector<float> a_ = std::vector<float>(kRows * kSteps, 0.5f);
  const std::vector<float> b_ = std::vector<float>(kColumns * kSteps, 0.25f);
};

}  // namespace

std::size_t CheckPool() {
  std::size_t failed = 0;
  const auto count = [&](bool is_right) { failed += is_right ? 0 : 1; };
  count(Expect(EndsAllRuns(), "runs that are posted and stopped all end", 1));
  count(Expect(EndsAllJobs(), "jobs that are posted all end", 1));
  for (const std::size_t threads : kThreadCounts) {
    count(Expect(RunsTwoLanes(threads), "two lanes run every task once, one lane at a time", threads));
    count(Expect(RunsPhasesInOrder(threads), "phases follow each other", threads));
    count(Expect(HandsOverExceptions(threads), "an exception of a task reaches the caller", threads));
    count(Expect(binding::RestartPools(threads, 60) == 60, "pools end as they begin", threads));
    count(Expect(Products().Run(threads), "products on two lanes are the same", threads));
  }
  return failed;
}

}  // namespace ouroboros::check
