// What one Engine owns: kernels, the pool, and three threads: two that compute, with their lanes, and one
// that loads files. Shared by its models and trainers.
//
// Ownership: the addon's instance data keeps every core until Close(), so the last reference never falls on
// one of the core's own threads. Close() refuses new jobs, asks all to stop and waits for them: at most one
// slice of training, and a file that is being loaded.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <stop_token>

#include "base/threads/job_thread.h"
#include "base/threads/run_thread.h"
#include "base/threads/thread_pool.h"
#include "kernels/kernels.h"
#include "ops/compute.h"
#include "rwkv7/served/served_network.h"
#include "rwkv7/training/model.h"
#include "train/loss.h"

namespace ouroboros::binding {

// A computing thread's way into the pool, and the memory its jobs reuse, slice after slice.
struct Worker {
  Worker(const Kernels& kernels, ThreadPool& pool, Priority priority)
      : lane(pool, priority), compute{kernels, lane} {}
  Lane lane;
  Compute compute;
  LossScratch loss;
};

struct EngineCore {
  EngineCore(const Kernels& chosen, Precision wanted, std::size_t threads)
      : kernels(chosen),
        precision(chosen.gemm_bf16 == nullptr ? Precision::kF32 : wanted),
        pool(threads),
        generate(chosen, pool, Priority::kGenerate),
        train(chosen, pool, Priority::kTrain) {}

  const Kernels& kernels;
  const Precision precision;  // of training's matrix products
  ThreadPool pool;
  Worker generate, train;
  // The generate thread has buffers per class, since a pass makes way for runs of a higher class.
  std::array<ServedBuffers, kRunClasses> buffers;
  Activations train_activations;
  std::atomic<bool> closed = false;
  std::stop_source stop_all;  // asked to stop by Close()
  RunThread generate_thread;
  JobThread train_thread;
  JobThread load_thread;  // so that no completion waits for a file

  // What a training pass runs with; scores of a trainer stay exact.
  Compute training() const { return train.compute.WithPrecision(precision); }

  void Close() {
    closed = true;
    stop_all.request_stop();
    generate_thread.Join();
    train_thread.Join();
    load_thread.Join();
  }
};

}  // namespace ouroboros::binding
