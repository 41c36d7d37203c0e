#include "kernels/kernels.h"

#include <algorithm>
#include <initializer_list>

#include "kernels/sets/tables.h"

namespace ouroboros {
namespace {

struct BaseKernels {
  BaseSet set;
  const Kernels* kernels;
};

struct FeatureKernels {
  BaseSet base;
  Feature feature;
  void (*replace)(Kernels& kernels);
};

// Of this kind of processor, the plainest first.
constexpr std::initializer_list<BaseKernels> kBases = {
    {BaseSet::kScalar, &kScalarKernels},
#if defined(__x86_64__) || defined(_M_X64)
    {BaseSet::kAvx2, &kAvx2Kernels},
    {BaseSet::kAvx512, &kAvx512Kernels},
#elif defined(__aarch64__) || defined(_M_ARM64)
    {BaseSet::kNeon, &kNeonKernels},
#endif
};

// Where two replace the same kernel, the later one wins.
constexpr std::initializer_list<FeatureKernels> kFeatures = {
#if defined(__x86_64__) || defined(_M_X64)
    {BaseSet::kAvx512, Feature::kAvx512Vnni, [](Kernels& kernels) { kernels.packed = kAvx512VnniPacked; }},
    {BaseSet::kAvx512, Feature::kAvx512Bf16, [](Kernels& kernels) { kernels.gemm_bf16 = &kAvx512Bf16Gemm; }},
#elif defined(__aarch64__) || defined(_M_ARM64)
    {BaseSet::kNeon, Feature::kNeonDot, [](Kernels& kernels) { kernels.packed = kNeonDotPacked; }},
#endif
};

struct Table {
  BaseSet base;
  Kernels kernels;
};

std::vector<Table> MakeTables() {
  std::vector<Table> tables;
  for (const auto& [base, kernels] : kBases) {
    if (!IsAvailable(base)) continue;
    tables.push_back({base, *kernels});
    for (const FeatureKernels& feature : kFeatures) {
      if (feature.base != base || !IsAvailable(feature.feature)) continue;
      Table table = tables.back();
      feature.replace(table.kernels);
      tables.push_back(table);
    }
  }
  return tables;
}

const std::vector<Table>& Tables() {
  static const std::vector<Table> tables = MakeTables();
  return tables;
}

}  // namespace

std::vector<BaseSet> AvailableBaseSets() {
  std::vector<BaseSet> sets;
  for (const Table& table : Tables()) {
    if (sets.empty() || sets.back() != table.base) sets.push_back(table.base);
  }
  return sets;
}

const Kernels& KernelsFor(BaseSet wanted) {
  const std::vector<Table>& tables = Tables();
  const auto found =
      std::find_if(tables.rbegin(), tables.rend(), [&](const Table& table) { return table.base == wanted; });
  // Where it is missing, all that there is lies below it, or it is another kind of processor's.
  return found == tables.rend() ? BestKernels() : found->kernels;
}

const Kernels& BestKernels() { return Tables().back().kernels; }

std::vector<const Kernels*> AvailableKernels() {
  std::vector<const Kernels*> kernels;
  for (const Table& table : Tables()) kernels.push_back(&table.kernels);
  return kernels;
}

}  // namespace ouroboros
