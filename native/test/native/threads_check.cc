// The engine's own threads: jobs and runs that several threads post, stop and wait for at once.

#include <atomic>
#include <thread>
#include <vector>

#include "base/threads/job_thread.h"
#include "base/threads/run_thread.h"
#include "pool_check.h"

namespace ouroboros::check {
namespace {

constexpr std::size_t kPosters = 3;
constexpr std::size_t kPosts = 150;

struct Counts {
  std::atomic<std::size_t> posted{0}, ended{0}, destroyed{0};
  // Not atomic: only the one thread may touch it, which a sanitizer would notice.
  std::size_t steps = 0;
};

class CountedRun : public Run {
 public:
  CountedRun(Counts& counts, std::stop_token stop, std::size_t slices)
      : counts_(counts), stop_(std::move(stop)), slices_(slices) {}
  ~CountedRun() override { counts_.destroyed.fetch_add(1); }

  Slice Step() override {
    ++counts_.steps;
    if (stop_.stop_requested() || slices_-- == 0) return Slice::kDone;
    return slices_ % 2 == 0 ? Slice::kMore : Slice::kMidway;
  }
  void End() override { counts_.ended.fetch_add(1); }

 private:
  Counts& counts_;
  const std::stop_token stop_;
  std::size_t slices_;
};

template <typename Post>
void PostFromAll(const Post& post) {
  std::vector<std::thread> posters;
  for (std::size_t poster = 0; poster < kPosters; ++poster) {
    posters.emplace_back([&post, poster] {
      for (std::size_t i = 0; i < kPosts; ++i) post(poster + i);
    });
  }
  for (std::thread& poster : posters) poster.join();
}

}  // namespace

bool EndsAllRuns() {
  Counts counts;
  const std::size_t made = kPosters * kPosts;
  {
    RunThread thread;
    PostFromAll([&](std::size_t i) {
      std::stop_source stop;
      auto run = std::make_unique<CountedRun>(counts, stop.get_token(), i % 7);
      if (thread.Post(static_cast<RunClass>(i % kRunClasses), stop.get_token(), std::move(run))) {
        counts.posted.fetch_add(1);
      }
      if (i % 3 == 0) stop.request_stop();
    });
  }
  return counts.posted > 0 && counts.ended == counts.posted && counts.destroyed == made &&
         counts.steps >= counts.posted;
}

bool EndsAllJobs() {
  Counts counts;
  {
    JobThread thread;
    PostFromAll([&](std::size_t) {
      const auto job = [&counts] {
        ++counts.steps;
        counts.ended.fetch_add(1);
      };
      if (thread.Post(job)) counts.posted.fetch_add(1);
    });
  }
  return counts.posted > 0 && counts.ended == counts.posted && counts.steps == counts.posted;
}

}  // namespace ouroboros::check
