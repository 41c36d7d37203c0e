// A network that can be read with: the forward pass in parts, so that others can go between two layers.
//
// A pass is Begin, then all layers in order, then End; nothing else may use the network's memory in the
// meantime. Where and with what it computes, and where its States lie, is not seen here, so that another
// device can stand behind it. Tokens must lie within the vocabulary. Thread safety: one caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "rwkv7/shape.h"
#include "rwkv7/state.h"

namespace ouroboros {

// A State where a network works on it. Only networks of its kind look inside.
class NetworkState {
 public:
  virtual ~NetworkState() = default;
};

// A sequence's part in a pass, and the State before it, which End makes the one after it. A pass that does
// not end leaves its States of no use.
struct PassSequence {
  std::span<const std::uint32_t> tokens;
  NetworkState* state;
};

class Network {
 public:
  virtual ~Network() = default;
  virtual const Shape& shape() const = 0;
  virtual std::unique_ptr<NetworkState> Import(State state) const = 0;
  virtual State Export(std::unique_ptr<NetworkState> state) const = 0;

  // The rows of a pass are the tokens of its sequences, one sequence after another.
  virtual void Begin(std::span<const PassSequence> sequences) = 0;
  virtual void Layer(std::size_t layer) = 0;
  virtual void End() = 0;
  // logits[rows, V] of rows [first, first + rows) of the pass that ended last; until the next one begins.
  virtual void Logits(float* logits, std::size_t first, std::size_t rows) = 0;
};

}  // namespace ouroboros
