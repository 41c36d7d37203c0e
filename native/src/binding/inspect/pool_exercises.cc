#include "binding/inspect/pool_exercises.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/threads/thread_pool.h"

namespace ouroboros::binding {
namespace {

using Clock = std::chrono::steady_clock;

void RunLane(ThreadPool& pool, Priority priority, std::size_t loops, std::size_t tasks,
             std::atomic<int>& inside, PoolLoops& seen) {
  Lane lane(pool, priority);
  const int own = priority == Priority::kGenerate ? 1 : 1 << 16;
  std::vector<std::atomic<std::uint32_t>> runs(tasks);
  std::atomic<std::size_t> overlaps{0};
  for (std::size_t loop = 0; loop < loops; ++loop) {
    for (auto& count : runs) count = 0;
    lane.ParallelFor(tasks, [&](std::size_t task) {
      const int before = inside.fetch_add(own);
      const bool is_other_inside =
          priority == Priority::kGenerate ? before >= 1 << 16 : before % (1 << 16) != 0;
      if (is_other_inside) overlaps.fetch_add(1);
      runs[task].fetch_add(1);
      inside.fetch_sub(own);
    });
    bool is_right = true;
    for (auto& count : runs) is_right = is_right && count == 1;
    if (!is_right) ++seen.wrong_sums;
    seen.tasks_run += tasks;
  }
  seen.overlaps = overlaps;
}

}  // namespace

PoolLoops RunTwoLanes(std::size_t threads, std::size_t loops, std::size_t tasks) {
  ThreadPool pool(threads);
  std::atomic<int> inside{0};
  PoolLoops generate{}, train{};
  std::thread other([&] { RunLane(pool, Priority::kTrain, loops, tasks, inside, train); });
  RunLane(pool, Priority::kGenerate, loops, tasks, inside, generate);
  other.join();
  return {generate.tasks_run + train.tasks_run, generate.wrong_sums + train.wrong_sums,
          generate.overlaps + train.overlaps};
}

void RunThrowing(std::size_t threads, std::size_t tasks, std::size_t failing) {
  ThreadPool pool(threads);
  Lane lane(pool, Priority::kGenerate);
  const auto run = [&] {
    lane.ParallelFor(tasks, [&](std::size_t task) {
      if (task == failing) throw EngineError(ErrorCode::kState, "task failed as asked");
    });
  };
  bool has_thrown = false;
  try {
    run();
  } catch (const EngineError&) {
    has_thrown = true;
  }
  std::atomic<std::size_t> done{0};
  lane.ParallelFor(tasks, [&](std::size_t) { done.fetch_add(1); });
  OURO_CHECK(has_thrown && done == tasks);
  run();
}

double TrainShare(std::size_t threads, std::size_t microseconds) {
  constexpr auto kTime = std::chrono::milliseconds(400);
  ThreadPool pool(threads);
  const ThreadPool::GenerationScope generation(pool);
  Lane lane(pool, Priority::kTrain);
  const auto begin = Clock::now();
  Clock::duration busy{};
  while (Clock::now() - begin < kTime) {
    lane.ParallelFor(1, [&](std::size_t) {
      const auto start = Clock::now();
      while (Clock::now() - start < std::chrono::microseconds(microseconds)) {
      }
      busy += Clock::now() - start;
    });
  }
  return std::chrono::duration<double>(busy) / std::chrono::duration<double>(Clock::now() - begin);
}

std::size_t RestartPools(std::size_t threads, std::size_t times) {
  std::atomic<std::size_t> pools{0};
  for (std::size_t i = 0; i < times; ++i) {
    ThreadPool pool(threads);
    Lane lane(pool, Priority::kTrain);
    if (i % 3 > 0) lane.ParallelFor(threads, [&](std::size_t task) { pools.fetch_add(task == 0 ? 1 : 0); });
    if (i % 3 == 0) pools.fetch_add(1);
    if (i % 3 == 2) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return pools;
}

}  // namespace ouroboros::binding
