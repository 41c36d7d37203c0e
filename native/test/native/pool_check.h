// The pool of workers and the engine's own threads under stress, made for the thread sanitizer, which sees
// what a wrong number need not show.
#pragma once

#include <cstddef>

namespace ouroboros::check {

// How many of its checks failed; each is printed.
std::size_t CheckPool();

// Parts of it, in threads_check.cc: whether all that was posted ended, once, on one thread.
bool EndsAllRuns();
bool EndsAllJobs();

}  // namespace ouroboros::check
