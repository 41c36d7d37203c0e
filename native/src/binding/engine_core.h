// What one Engine owns: kernels, the pool, and the two threads with their lanes. Shared by its models and
// trainers.
//
// Ownership: the addon's instance data keeps every core until Close(), so the last reference never falls on
// one of the core's own threads. Close() refuses new jobs, asks all to stop and waits for them: at most one
// slice of training.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/job_thread.h"
#include "base/thread_pool.h"
#include "generate/reader.h"
#include "kernels/kernels.h"
#include "ops/compute.h"
#include "train/loss.h"

namespace ouroboros::binding {

// A thread, its way into the pool, and the memory its jobs reuse.
struct Worker {
  Worker(const Kernels& kernels, ThreadPool& pool, Priority priority)
      : lane(pool, priority), compute{kernels, lane} {}
  Lane lane;
  Compute compute;
  Reader reader;
  LossScratch loss;
};

struct EngineCore {
  EngineCore(const Kernels& chosen, std::size_t threads)
      : kernels(chosen),
        pool(threads),
        generate(chosen, pool, Priority::kGenerate),
        train(chosen, pool, Priority::kTrain) {}

  const Kernels& kernels;
  ThreadPool pool;
  Worker generate, train;
  std::atomic<bool> closed = false;
  std::stop_source stop_all;  // asked to stop by Close()
  JobThread generate_thread, train_thread;

  void Close() {
    closed = true;
    stop_all.request_stop();
    generate_thread.Join();
    train_thread.Join();
  }
};

}  // namespace ouroboros::binding
