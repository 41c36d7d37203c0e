#include "rwkv7/served/numbers_check.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/threads/thread_pool.h"
#include "files/dtype.h"
#include "rwkv7/served/served_network.h"

namespace ouroboros {
namespace {

// As many as a panel's product takes at once: hardly dearer than one.
constexpr std::size_t kTokens = 8;

}  // namespace

bool ComputesNumbers(const ServedModel& model, const Kernels& kernels, std::size_t threads) {
  const Shape& shape = model.shape();
  std::array<std::uint32_t, kTokens> tokens;
  for (std::size_t i = 0; i < kTokens; ++i) {
    tokens[i] = static_cast<std::uint32_t>(i * (shape.vocabulary - 1) / (kTokens - 1));
  }
  ThreadPool pool(threads);
  Lane lane(pool, Priority::kGenerate);
  const Compute compute{kernels, lane};
  ServedBuffers buffers;
  ServedNetwork network(compute, shape, model.weights(), buffers);
  std::unique_ptr<NetworkState> state = network.Import(State::Zero(shape));
  const PassSequence sequence = {tokens, state.get()};
  network.Begin({&sequence, 1});
  for (std::size_t layer = 0; layer < shape.layers; ++layer) network.Layer(layer);
  network.End();
  Buffer logits(kTokens * shape.vocabulary);
  network.Logits(logits.data(), 0, kTokens);
  const State after = network.Export(std::move(state));
  const Buffer* const all[] = {&logits, &after.att_shift, &after.ffn_shift, &after.wkv};
  return std::ranges::all_of(all, [](const Buffer* numbers) { return AllFinite(numbers->span()); });
}

}  // namespace ouroboros
