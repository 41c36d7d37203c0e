#include "base/threads/physical_cores.h"

#include <algorithm>
#include <thread>

#if defined(__linux__)
#include <sched.h>

#include <fstream>
#include <set>
#include <string>
#include <utility>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(_WIN32)
#include <windows.h>

#include <vector>
#endif

namespace ouroboros {
namespace {

#if defined(__linux__)

int Topology(int processor, const char* name) {
  std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(processor) + "/topology/" + name);
  int value = -1;
  file >> value;
  return value;
}

// The processors that this process may run on, those of one core counted once.
std::size_t CoresOfSystem() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  std::set<std::pair<int, int>> cores;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    if (!CPU_ISSET(processor, &allowed)) continue;
    const int core = Topology(processor, "core_id");
    if (core < 0) return 0;
    cores.emplace(Topology(processor, "physical_package_id"), core);
  }
  return cores.size();
}

#elif defined(__APPLE__)

std::size_t CoresOfSystem() {
  int cores = 0;
  std::size_t size = sizeof(cores);
  return sysctlbyname("hw.physicalcpu", &cores, &size, nullptr, 0) == 0 && cores > 0
             ? static_cast<std::size_t>(cores)
             : 0;
}

#elif defined(_WIN32)

std::size_t CoresOfSystem() {
  DWORD bytes = 0;
  GetLogicalProcessorInformation(nullptr, &bytes);
  std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> parts(bytes /
                                                          sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION));
  if (parts.empty() || !GetLogicalProcessorInformation(parts.data(), &bytes)) return 0;
  return static_cast<std::size_t>(std::count_if(parts.begin(), parts.end(), [](const auto& part) {
    return part.Relationship == RelationProcessorCore;
  }));
}

#else

std::size_t CoresOfSystem() { return 0; }

#endif

}  // namespace

std::size_t PhysicalCores() {
  const std::size_t cores = CoresOfSystem();
  return cores > 0 ? cores : std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace ouroboros
