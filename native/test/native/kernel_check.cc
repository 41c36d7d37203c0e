// A program of its own, without Node: compares every kernel of each instruction set that this processor has,
// and SHA-256, with the portable one, and puts the pool of workers under stress. So it can be built for
// another processor and run on an emulator of it, and for the thread sanitizer.
// `kernel_check kernels|sha256|pool` does one of them.

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "comparison.h"
#include "kernels/sets/tables.h"
#include "pool_check.h"
#include "sha256_check.h"

namespace ouroboros::check {
namespace {

const Comparison* running = nullptr;

// A fence was touched. Not much is safe in here, but the program ends anyway, and the name is what matters.
void TellWhere(int) {
  if (running != nullptr) std::printf("FAILED %s: touches what is not its own\n", running->current().c_str());
  std::fflush(stdout);
  std::_Exit(1);
}

std::size_t CheckKernels() {
  std::signal(SIGSEGV, TellWhere);
  std::signal(SIGBUS, TellWhere);
  std::size_t failed = 0;
  const Kernels* checked = &kScalarKernels;
  for (const Kernels* const kernels : AvailableKernels()) {
    // Of what features replace, only packed products are compared here; bf16 rounds, and has tests of its
    // own.
    const bool is_other_base = kernels->elementwise.dot != checked->elementwise.dot;
    if (!is_other_base && kernels->packed.multiply == checked->packed.multiply) continue;
    Comparison comparison(*kernels);
    running = &comparison;
    if (is_other_base) {
      CheckVectors(comparison);
      CheckRegions(comparison);
      CheckWkv(comparison);
      CheckGemm(comparison);
    }
    CheckPacked(comparison);
    checked = kernels;
    std::printf("%s: %zu of %zu calls as with scalar\n", kernels->name,
                comparison.checked() - comparison.failed(), comparison.checked());
    failed += comparison.failed();
    running = nullptr;
  }
  return failed;
}

}  // namespace
}  // namespace ouroboros::check

int main(int count, char** arguments) {
  const auto is_wanted = [&](const char* part) { return count < 2 || std::strcmp(arguments[1], part) == 0; };
  std::size_t failed = 0;
  if (is_wanted("kernels")) failed += ouroboros::check::CheckKernels();
  if (is_wanted("sha256")) {
    failed += ouroboros::check::CheckSha256();
    std::printf("sha256: done\n");
  }
  if (is_wanted("pool")) {
    failed += ouroboros::check::CheckPool();
    std::printf("pool: done\n");
  }
  return failed == 0 ? 0 : 1;
}
