// One thread that runs jobs in the order they were given, each to its end: the train thread, the load thread.
//
// Thread safety: Post may be called from any thread; Join from one that is not this one. Join lets the jobs
// that wait run to their end first: the caller asks them to stop, and they then end at once but still
// answer their callers.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace ouroboros {

class JobThread {
 public:
  JobThread() : thread_([this] { Run(); }) {}
  ~JobThread() { Join(); }
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  // Idempotent.
  void Join() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  // False when too many jobs wait or the thread is closing.
  bool Post(std::function<void()> job) {
    {
      const std::lock_guard lock(mutex_);
      if (closing_ || jobs_.size() >= kJobsMax) return false;
      jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
  }

 private:
  // Far above what clients ask for at once; a caller that never waits meets it instead of eating memory.
  static constexpr std::size_t kJobsMax = 1024;

  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      job = nullptr;  // what it holds may be large: freed before waiting
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace ouroboros
