#include "rwkv7/parameters/tensor_names.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/error.h"

namespace ouroboros {
namespace {

struct NameRow {
  std::string_view official, gguf, fla;
};

// Outside of blocks, and block 0's ln0.
constexpr NameRow kModelRows[] = {
    {"emb.weight", "token_embd.weight", "model.embeddings.weight"},
    {"blocks.0.ln0.weight", "token_embd_norm.weight", "model.layers.0.pre_norm.weight"},
    {"blocks.0.ln0.bias", "token_embd_norm.bias", "model.layers.0.pre_norm.bias"},
    {"ln_out.weight", "output_norm.weight", "model.norm.weight"},
    {"ln_out.bias", "output_norm.bias", "model.norm.bias"},
    {"head.weight", "output.weight", "lm_head.weight"},
};

// Within a block, after its number.
constexpr NameRow kBlockRows[] = {
    {"ln1.weight", "attn_norm.weight", "attn_norm.weight"},
    {"ln1.bias", "attn_norm.bias", "attn_norm.bias"},
    {"ln2.weight", "attn_norm_2.weight", "ffn_norm.weight"},
    {"ln2.bias", "attn_norm_2.bias", "ffn_norm.bias"},
    {"att.k_k", "time_mix_k_k.weight", "attn.k_k"},
    {"att.k_a", "time_mix_k_a.weight", "attn.k_a"},
    {"att.r_k", "time_mix_r_k.weight", "attn.r_k"},
    {"att.receptance.weight", "time_mix_receptance.weight", "attn.r_proj.weight"},
    {"att.key.weight", "time_mix_key.weight", "attn.k_proj.weight"},
    {"att.value.weight", "time_mix_value.weight", "attn.v_proj.weight"},
    {"att.output.weight", "time_mix_output.weight", "attn.o_proj.weight"},
    {"att.ln_x.weight", "time_mix_ln.weight", "attn.g_norm.weight"},
    {"att.ln_x.bias", "time_mix_ln.bias", "attn.g_norm.bias"},
    {"ffn.x_k", "channel_mix_lerp_k.weight", "ffn.x_k"},
    {"ffn.key.weight", "channel_mix_key.weight", "ffn.key.weight"},
    {"ffn.value.weight", "channel_mix_value.weight", "ffn.value.weight"},
};

constexpr std::string_view kMixLetters = "rwkvag";
static_assert(kMixLetters.size() == kMixVectors);

std::string_view In(Naming naming, const NameRow& row) {
  return naming == Naming::kGguf ? row.gguf : row.fla;
}

// att.w0, att.w1, att.w2 and their like.
std::optional<StoredName> FactorName(Naming naming, std::string_view rest) {
  if (!rest.starts_with("att.") || rest.size() != 6) return std::nullopt;
  const char letter = rest[4], place = rest[5];
  if (std::string_view("wavg").find(letter) == std::string_view::npos || place < '0' || place > '2') {
    return std::nullopt;
  }
  StoredName stored;
  stored.is_transposed = place != '0';
  if (naming == Naming::kGguf) {
    stored.name = std::string("time_mix_") + letter + place + ".weight";
  } else {
    constexpr std::array<const char*, 3> kParts = {"2.bias", "0.weight", "2.weight"};
    stored.name =
        std::string("attn.") + letter + "_lora.lora." + kParts[static_cast<std::size_t>(place - '0')];
  }
  return stored;
}

std::vector<StoredName> MixNames(Naming naming, std::string_view rest) {
  if (!rest.starts_with("att.x_") || rest.size() != 7) return {};
  const std::size_t slice = kMixLetters.find(rest[6]);
  if (slice == std::string_view::npos) return {};
  if (naming == Naming::kGguf) return {{"time_mix_lerp_fused.weight", false, true, slice}};
  return {{std::string("attn.x_") + rest[6]}, {"attn.x_x", false, true, slice}};
}

std::vector<StoredName> NamesInBlock(Naming naming, std::string_view rest) {
  const auto* row = std::ranges::find(kBlockRows, rest, &NameRow::official);
  if (row != std::ranges::end(kBlockRows)) return {{std::string(In(naming, *row))}};
  if (std::optional<StoredName> factor = FactorName(naming, rest)) return {*std::move(factor)};
  return MixNames(naming, rest);
}

}  // namespace

const char* BlockPrefix(Naming naming) {
  constexpr std::array<const char*, 3> kPrefixes = {"blocks.", "blk.", "model.layers."};
  return kPrefixes[static_cast<std::size_t>(naming)];
}

std::vector<StoredName> StoredNamesOf(Naming naming, std::string_view official_name) {
  if (naming == Naming::kOfficial) return {{std::string(official_name)}};
  for (const NameRow& row : kModelRows) {
    if (row.official == official_name) return {{std::string(In(naming, row))}};
  }
  const std::string_view prefix = BlockPrefix(Naming::kOfficial);
  OURO_CHECK(official_name.starts_with(prefix));
  const std::string_view block = official_name.substr(prefix.size());
  const std::size_t number_size = block.find('.') + 1;  // with its point
  std::vector<StoredName> names = NamesInBlock(naming, block.substr(number_size));
  OURO_CHECK(!names.empty());
  for (StoredName& stored : names) {
    stored.name = BlockPrefix(naming) + std::string(block.substr(0, number_size)) + stored.name;
  }
  return names;
}

}  // namespace ouroboros
