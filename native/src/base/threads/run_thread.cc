#include "base/threads/run_thread.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <utility>

namespace ouroboros {

void RunThread::Join() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool RunThread::Post(RunClass run_class, std::stop_token stop, std::unique_ptr<Run> run) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_ || runs_ >= kRunsMax) return false;
    waiting_[static_cast<std::size_t>(run_class)].push_back({std::move(stop), std::move(run)});
    ++runs_;
  }
  wake_.notify_one();
  return true;
}

void RunThread::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closing_ || runs_ > 0; });
    if (runs_ == 0) return;
    Taken taken = TakeNext();
    lock.unlock();
    const auto begin = std::chrono::steady_clock::now();
    std::array<Slice, kBatchMax> slices{};
    Step(taken, slices);
    const FairShareScheduler::Duration took = std::chrono::steady_clock::now() - begin;
    lock.lock();
    // A run that is only ended is no measure of its class's slices.
    if (!taken.is_stopped) scheduler_.Ran(taken.run_class, took, Waiting());
    Entries& own = waiting_[static_cast<std::size_t>(taken.run_class)];
    for (std::size_t i = 0; !taken.entries.empty(); ++i) {
      const auto entry = taken.entries.begin();
      if (slices[i] != Slice::kDone) {
        own.splice(slices[i] == Slice::kMidway ? own.begin() : own.end(), taken.entries, entry);
        continue;
      }
      --runs_;
      lock.unlock();
      entry->run->End();
      taken.entries.pop_front();  // may be large: freed before waiting
      lock.lock();
    }
  }
}

void RunThread::Step(Taken& taken, std::span<Slice> slices) {
  if (taken.entries.size() == 1) {
    slices[0] = taken.entries.front().run->Step();
    return;
  }
  std::array<Run*, kBatchMax> runs{};
  std::size_t count = 0;
  for (const Entry& entry : taken.entries) runs[count++] = entry.run.get();
  runs[0]->StepBatch(std::span(runs).first(count), slices.first(count));
}

FairShareScheduler::Waiting RunThread::Waiting() const {
  FairShareScheduler::Waiting waiting{};
  std::transform(waiting_.begin(), waiting_.end(), waiting.begin(),
                 [](const Entries& entries) { return !entries.empty(); });
  return waiting;
}

RunThread::Taken RunThread::TakeNext() {
  const auto is_stopped = [](const Entry& entry) { return entry.stop.stop_requested(); };
  for (std::size_t i = 0; i < kRunClasses; ++i) {
    const auto stopped = std::find_if(waiting_[i].begin(), waiting_[i].end(), is_stopped);
    if (stopped == waiting_[i].end()) continue;
    Taken taken{static_cast<RunClass>(i), true, {}};
    taken.entries.splice(taken.entries.begin(), waiting_[i], stopped);
    return taken;
  }
  const RunClass next = scheduler_.Next(Waiting());
  Taken taken{next, false, {}};
  Entries& own = waiting_[static_cast<std::size_t>(next)];
  taken.entries.splice(taken.entries.begin(), own, own.begin());
  const void* const key = taken.entries.front().run->BatchKey();
  for (auto entry = own.begin(); key != nullptr && entry != own.end();) {
    const auto next_entry = std::next(entry);
    if (taken.entries.size() == kBatchMax) break;
    if (entry->run->BatchKey() == key) taken.entries.splice(taken.entries.end(), own, entry);
    entry = next_entry;
  }
  return taken;
}

}  // namespace ouroboros
