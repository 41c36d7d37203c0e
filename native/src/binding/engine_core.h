// What one Engine owns: kernels, the pool, and three threads: two that compute, with their lanes, and one
// that loads files. Shared by its models and trainers.
//
// Ownership: the addon's instance data keeps every core until Close(), so the last reference never falls on
// one of the core's own threads. Close() refuses new jobs, asks all to stop and waits for them: at most one
// slice of training, and a file that is being loaded. It then gives back all memory, that of models and
// trainers too, however long JavaScript keeps their handles.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/threads/job_thread.h"
#include "base/threads/run_thread.h"
#include "base/threads/thread_pool.h"
#include "kernels/kernels.h"
#include "ops/compute.h"
#include "rwkv7/served/served_network.h"
#include "rwkv7/training/model.h"
#include "tensor/free_memory.h"
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

// Whoever keeps large memory behind a handle. The collector of JavaScript does not see its size, and an idle
// process collects nothing.
struct Holder {
  Holder() = default;
  virtual ~Holder() = default;
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  // On the JavaScript thread, when no other one works for the engine any more.
  virtual void GiveBack() = 0;
};

struct EngineCore {
  EngineCore(const Kernels& chosen, Precision wanted, std::size_t threads)
      : kernels(chosen),
        precision(chosen.gemm_bf16 == nullptr ? Precision::kF32 : wanted),
        pool(threads),
        generate(std::in_place, chosen, pool, Priority::kGenerate),
        train(std::in_place, chosen, pool, Priority::kTrain) {}

  const Kernels& kernels;
  const Precision precision;  // of training's matrix products
  ThreadPool pool;
  std::optional<Worker> generate, train;  // until Close()
  // The generate thread has buffers per class, since a pass makes way for runs of a higher class.
  std::array<ServedBuffers, kRunClasses> buffers;
  Activations train_activations;
  std::atomic<bool> closed = false;
  std::stop_source stop_all;  // asked to stop by Close()
  RunThread generate_thread;
  JobThread train_thread;
  JobThread load_thread;  // so that no completion waits for a file

  // What a training pass runs with; scores of a trainer stay exact.
  Compute training() const { return train->compute.WithPrecision(precision); }

  // The train thread's own memory, on that thread: it grows again with the next training.
  void RenewTraining() {
    train.emplace(kernels, pool, Priority::kTrain);
    train_activations = Activations();
  }

  // On the JavaScript thread.
  void Hold(const std::shared_ptr<Holder>& holder) {
    std::erase_if(holders_, [](const std::weak_ptr<Holder>& other) { return other.expired(); });
    holders_.push_back(holder);
  }

  void Close() {
    closed = true;
    stop_all.request_stop();
    generate_thread.Join();
    train_thread.Join();
    load_thread.Join();
    for (const std::weak_ptr<Holder>& holder : holders_) {
      if (const std::shared_ptr<Holder> held = holder.lock()) held->GiveBack();
    }
    holders_.clear();
    buffers = {};
    train_activations = Activations();
    generate.reset();
    train.reset();
    ReleaseFreeMemory();
  }

 private:
  std::vector<std::weak_ptr<Holder>> holders_;
};

}  // namespace ouroboros::binding
