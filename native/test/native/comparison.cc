#include "comparison.h"

#include <algorithm>
#include <limits>

#include "kernels/sets/tables.h"

namespace ouroboros::check {

void Comparison::Check(const std::string& what, FunctionRef<void(Run&)> body, double tolerance) {
  current_ = std::string(kernels_.name) + ": " + what;
  for (const std::size_t slack : {0, 3}) {
    ++seed_;
    ++checked_;
    actual_.Begin(seed_, slack);
    expected_.Begin(seed_, slack);
    Run actual(kernels_, actual_);
    Run expected(kScalarKernels, expected_);
    body(actual);
    body(expected);
    double worst = actual_.WorstError(expected_);
    for (std::size_t i = 0; i < expected.results.size(); ++i) {
      worst = std::max(worst, ErrorOf(actual.results[i], expected.results[i]));
    }
    if (worst <= tolerance) continue;
    ++failed_;
    std::printf("FAILED %s: %s, slack %zu: differs by %g, %g is allowed\n", kernels_.name, what.c_str(),
                slack, worst, tolerance);
  }
}

}  // namespace ouroboros::check
