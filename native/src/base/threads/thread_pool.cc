#include "base/threads/thread_pool.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"

#if defined(_MSC_VER)
#include <intrin.h>
#endif

namespace ouroboros {
namespace {

using Clock = std::chrono::steady_clock;

// How long an idle worker, and a caller waiting for the last of them, look before they sleep. Longer than the
// gap between two loops of a layer, far shorter than a time slice.
constexpr auto kSpin = std::chrono::microseconds(30);
constexpr int kPausesPerClockRead = 16;

// While a Generation is active, training gets 1 / (1 + kWaitPerWork) of the time, at worst one loop per
// kWaitMax.
constexpr int kWaitPerWork = 19;
constexpr auto kWaitMax = std::chrono::milliseconds(50);
// A Generation counts as active for so long after its end: somebody who types asks again at once, and then
// meets neither a training loop nor threads that are just waking up. Shorter than the gap between two keys of
// a fast typist.
constexpr auto kLinger = std::chrono::milliseconds(40);

constexpr std::size_t kScratchSlots = 4;
constexpr std::size_t kThreadsMax = 1024;

// 0 for every thread that is no worker. A worker belongs to one pool for life.
thread_local std::size_t worker_index = 0;
thread_local bool inside_body = false;

void Pause() {
#if defined(_MSC_VER)
  YieldProcessor();
#elif defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Looks at `done` for kSpin at most; true once it holds.
template <typename Condition>
bool Spin(Condition&& done) {
  const auto deadline = Clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerClockRead; ++i) {
      if (done()) return true;
      Pause();
    }
  } while (Clock::now() < deadline);
  return done();
}

// Looks at `done` until it holds; after a while it gives the processor to others, then sleeps in short naps.
template <typename Condition>
void WaitPatiently(Condition&& done) {
  constexpr int kYields = 200;
  constexpr auto kNap = std::chrono::microseconds(50);
  if (Spin(done)) return;
  for (int i = 0; i < kYields; ++i) {
    if (done()) return;
    std::this_thread::yield();
  }
  while (!done()) std::this_thread::sleep_for(kNap);
}

struct alignas(64) CacheLine {
  float values[16];
};

// Grows, never shrinks.
class Buffer {
 public:
  std::span<float> Take(std::size_t floats) {
    const std::size_t lines = (floats + 15) / 16;
    if (lines > lines_.size()) {
      lines_ = {};
      lines_ = std::vector<CacheLine>(lines);
    }
    return {lines_.empty() ? nullptr : lines_.data()->values, floats};
  }

 private:
  std::vector<CacheLine> lines_;
};

}  // namespace

struct ThreadPool::Impl {
  explicit Impl(std::size_t count) : threads(count) {}

  // The loop that runs now. Workers join while kOpen is set in `joined`, whose other bits count them; all
  // else here is written only while nobody has joined.
  static constexpr std::uint32_t kOpen = 0x8000'0000u;
  std::span<const Phase> phases;
  struct Progress {
    alignas(64) std::atomic<std::size_t> next_task{0};
    alignas(64) std::atomic<std::size_t> done{0};  // tasks that have ended
  };
  std::array<Progress, kPhasesMax> progress;
  std::atomic<bool> failed{false};
  alignas(64) std::atomic<std::uint32_t> joined{0};
  std::exception_ptr failure;  // guarded by failure_mutex
  std::mutex failure_mutex;

  // Waking workers: the epoch counts loops; a thread that sleeps marks that first, so that a loop wakes only
  // those it must.
  alignas(64) std::atomic<std::uint32_t> epoch{0};
  std::atomic<std::uint32_t> sleepers{0};
  std::atomic<bool> caller_sleeps{false};
  std::atomic<bool> stopping{false};
  std::mutex sleep_mutex;
  std::condition_variable wake_workers;
  std::condition_variable wake_caller;

  // Who may run a loop; guarded by turn_mutex.
  std::mutex turn_mutex;
  // Two, so that a loop that ends does not wake a thread that waits for a Generation to end: with some 80
  // loops to a token, those wake-ups were most of what training cost a Generation.
  std::condition_variable turn_changed, generations_ended;
  bool busy = false;
  std::size_t generate_waiting = 0, train_waiting = 0;  // lanes that wait for nothing but their turn
  Priority last_turn = Priority::kTrain;
  std::size_t generations = 0;
  Clock::time_point quiet_until{};

  const std::size_t threads;
  std::vector<std::thread> workers;

  void Start();
  void Stop();
  void WorkerLoop(std::size_t index);
  void RunTasks();
  void RunPhase(const Phase& phase, Progress& phase_progress);
  void RunLoop(std::span<const Phase> loop);
  void TakeTurn(Priority priority, Clock::duration last_loop);
  bool MayRun(Priority priority) const;
  void EndTurn();
};

void ThreadPool::Impl::Start() {
  workers.reserve(threads - 1);
  for (std::size_t i = 1; i < threads; ++i) workers.emplace_back([this, i] { WorkerLoop(i); });
}

void ThreadPool::Impl::Stop() {
  stopping.store(true);
  {
    const std::lock_guard lock(sleep_mutex);
    epoch.fetch_add(1);
  }
  wake_workers.notify_all();
  for (std::thread& worker : workers) worker.join();
}

void ThreadPool::Impl::WorkerLoop(std::size_t index) {
  worker_index = index;
  std::uint32_t seen = 0;
  while (true) {
    if (!Spin([&] { return epoch.load() != seen; })) {
      std::unique_lock lock(sleep_mutex);
      sleepers.fetch_add(1);
      wake_workers.wait(lock, [&] { return epoch.load() != seen; });
      sleepers.fetch_sub(1);
    }
    if (stopping.load()) return;
    seen = epoch.load();
    std::uint32_t state = joined.load();
    while ((state & kOpen) != 0 && !joined.compare_exchange_weak(state, state + 1)) {
    }
    if ((state & kOpen) == 0) continue;
    RunTasks();
    if (joined.fetch_sub(1) == 1 && caller_sleeps.load()) {
      {
        const std::lock_guard lock(sleep_mutex);
      }
      wake_caller.notify_one();
    }
  }
}

void ThreadPool::Impl::RunTasks() {
  inside_body = true;
  try {
    for (std::size_t i = 0; i < phases.size() && !failed.load(); ++i) {
      RunPhase(phases[i], progress[i]);
      if (i + 1 == phases.size()) break;
      WaitPatiently([&] { return progress[i].done.load() == phases[i].tasks || failed.load(); });
    }
  } catch (...) {
    const std::lock_guard lock(failure_mutex);
    if (!failure) failure = std::current_exception();
    failed.store(true);
  }
  inside_body = false;
}

void ThreadPool::Impl::RunPhase(const Phase& phase, Progress& phase_progress) {
  std::size_t ended = 0;
  for (std::size_t task = phase_progress.next_task.fetch_add(1); task < phase.tasks && !failed.load();
       task = phase_progress.next_task.fetch_add(1)) {
    phase.body(task);
    ++ended;
  }
  if (ended > 0) phase_progress.done.fetch_add(ended);
}

void ThreadPool::Impl::RunLoop(std::span<const Phase> loop) {
  phases = loop;
  failed.store(false);
  bool shared = false;
  for (std::size_t i = 0; i < loop.size(); ++i) {
    progress[i].next_task.store(0);
    progress[i].done.store(0);
    shared = shared || loop[i].tasks > 1;
  }
  shared = shared && threads > 1;
  if (shared) {
    joined.store(kOpen);
    epoch.fetch_add(1);
    if (sleepers.load() > 0) {
      {
        const std::lock_guard lock(sleep_mutex);
      }
      wake_workers.notify_all();
    }
  }
  RunTasks();
  if (shared) {
    joined.fetch_and(~kOpen);
    if (!Spin([&] { return joined.load() == 0; })) {
      std::unique_lock lock(sleep_mutex);
      caller_sleeps.store(true);
      wake_caller.wait(lock, [&] { return joined.load() == 0; });
      caller_sleeps.store(false);
    }
  }
}

void ThreadPool::Impl::TakeTurn(Priority priority, Clock::duration last_loop) {
  std::unique_lock lock(turn_mutex);
  if (priority == Priority::kTrain && (generations > 0 || Clock::now() < quiet_until)) {
    const auto due = Clock::now() + std::min<Clock::duration>(last_loop * kWaitPerWork, kWaitMax);
    while (Clock::now() < due && (generations > 0 || Clock::now() < quiet_until)) {
      generations_ended.wait_until(lock, generations > 0 ? due : std::min(due, quiet_until));
    }
  }
  std::size_t& waiting = priority == Priority::kGenerate ? generate_waiting : train_waiting;
  ++waiting;
  turn_changed.wait(lock, [&] { return MayRun(priority); });
  --waiting;
  last_turn = priority;
  busy = true;
}

// A Generation never waits for a training thread that is due but not awake yet. Without one the lanes take
// turns: background loops come so close upon each other that training would hardly ever find the pool free.
bool ThreadPool::Impl::MayRun(Priority priority) const {
  if (busy) return false;
  if (priority == Priority::kGenerate) {
    return generations > 0 || train_waiting == 0 || last_turn == Priority::kTrain;
  }
  return generate_waiting == 0 || (generations == 0 && last_turn == Priority::kGenerate);
}

void ThreadPool::Impl::EndTurn() {
  bool is_awaited = false;
  {
    const std::lock_guard lock(turn_mutex);
    busy = false;
    is_awaited = generate_waiting + train_waiting > 0;
  }
  if (is_awaited) turn_changed.notify_all();
}

ThreadPool::ThreadPool(std::size_t threads) {
  if (threads == 0 || threads > kThreadsMax) {
    throw EngineError(ErrorCode::kArgument, "the number of threads must lie between 1 and 1024");
  }
  impl_ = std::make_unique<Impl>(threads);
  try {
    impl_->Start();
  } catch (...) {
    impl_->Stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { impl_->Stop(); }

std::size_t ThreadPool::threads() const { return impl_->threads; }

ThreadPool::GenerationScope::GenerationScope(ThreadPool& pool) : pool_(pool) {
  {
    const std::lock_guard lock(pool_.impl_->turn_mutex);
    ++pool_.impl_->generations;
  }
  pool_.impl_->turn_changed.notify_all();
}

ThreadPool::GenerationScope::~GenerationScope() {
  {
    const std::lock_guard lock(pool_.impl_->turn_mutex);
    --pool_.impl_->generations;
    pool_.impl_->quiet_until = Clock::now() + kLinger;
  }
  pool_.impl_->turn_changed.notify_all();
  pool_.impl_->generations_ended.notify_all();
}

struct Lane::Impl {
  Impl(ThreadPool::Impl& pool_impl, Priority lane_priority)
      : pool(pool_impl), priority(lane_priority), worker_scratch(pool_impl.threads) {}

  ThreadPool::Impl& pool;
  const Priority priority;
  Clock::duration last_loop{};
  std::array<Buffer, kScratchSlots> scratch;
  std::vector<Buffer> worker_scratch;
};

Lane::Lane(ThreadPool& pool, Priority priority) : impl_(std::make_unique<Impl>(*pool.impl_, priority)) {}
Lane::~Lane() = default;

std::size_t Lane::threads() const { return impl_->pool.threads; }

void Lane::ParallelFor(std::size_t tasks, FunctionRef<void(std::size_t task)> body) {
  if (tasks == 0) return;
  const Phase phase{tasks, body};
  RunPhases({&phase, 1});
}

void Lane::RunPhases(std::span<const Phase> phases) {
  OURO_CHECK(!inside_body && phases.size() <= kPhasesMax);
  ThreadPool::Impl& pool = impl_->pool;
  pool.TakeTurn(impl_->priority, impl_->last_loop);
  const auto begin = Clock::now();
  pool.RunLoop(phases);
  impl_->last_loop = Clock::now() - begin;
  const std::exception_ptr failure = std::exchange(pool.failure, nullptr);
  pool.EndTurn();
  if (failure) std::rethrow_exception(failure);
}

std::span<float> Lane::Scratch(std::size_t slot, std::size_t floats) {
  OURO_CHECK(slot < kScratchSlots);
  return impl_->scratch[slot].Take(floats);
}

std::span<float> Lane::WorkerScratch(std::size_t floats) {
  return impl_->worker_scratch[worker_index].Take(floats);
}

}  // namespace ouroboros
