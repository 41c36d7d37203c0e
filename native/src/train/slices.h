// Parallel loops over long runs of floats, in slices that depend on the length alone: what is summed slice by
// slice has the same bits for any number of threads. No loop takes more than some milliseconds.
#pragma once

#include <cstddef>

#include "ops/compute.h"

namespace ouroboros {

// body(begin, count), in parallel, of all floats.
void ForSlices(const Compute& compute, std::size_t floats,
               FunctionRef<void(std::size_t begin, std::size_t count)> body);
// The total and all that body returns, added to it slice by slice.
double AddSlices(const Compute& compute, std::size_t floats, double total,
                 FunctionRef<double(std::size_t begin, std::size_t count)> body);

}  // namespace ouroboros
