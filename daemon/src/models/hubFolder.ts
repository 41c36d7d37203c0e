/**
 * A model as a folder that other tools know (formats.md D7): model.safetensors with official names, vocab.txt, and
 * what Hugging Face's libraries ask for beside them.
 */

import { join } from "node:path";
import { writeFileAtomic } from "../base/atomicFile.js";
import type { ModelInfo, Tokenizer } from "../engine/engine.js";
import { VOCABULARY_FILE } from "./modelFiles.js";
import { worldFormat } from "./worldFormat.js";

export const HUB_MODEL_FILE = "model.safetensors";

/** Contexts that RWKV-7 models were trained on; there is no limit to what they read. */
const CONTEXT_TOKENS = 4096;
const PARAGRAPH = "\n\n";

interface HubDescription {
  readonly name: string;
  readonly info: Omit<ModelInfo, "hash" | "parameters">;
  readonly tokenizer: Tokenizer;
  /** The model it was made from, for the README. */
  readonly source: string;
  /** Kept from the source's config.json, where it says so. */
  readonly completionForm: string | undefined;
}

/** Everything but the tensors. */
export async function writeHubFiles(folder: string, description: HubDescription): Promise<void> {
  const { tokenizer } = description;
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  const endToken = endTokenOf(tokenizer);
  await writeFileAtomic(join(folder, VOCABULARY_FILE), vocabularyText(tokenizer));
  await writeFileAtomic(join(folder, "config.json"), json(configOf(description, endToken)));
  await writeFileAtomic(join(folder, "generation_config.json"), json(generationOf(endToken)));
  await writeFileAtomic(join(folder, "tokenizer_config.json"), json(TOKENIZER_CONFIG));
  await writeFileAtomic(join(folder, "README.md"), readmeOf(description));
}

/** The end of a paragraph, as World models use it; where that is no one token, the end of the document. */
function endTokenOf(tokenizer: Tokenizer): number {
  const tokens = tokenizer.encode(PARAGRAPH);
  return tokens.length === 1 ? (tokens[0] ?? 0) : 0;
}

function configOf({ info, completionForm }: HubDescription, endToken: number): object {
  return {
    model_type: "rwkv7",
    architectures: ["RWKV7Model"],
    n_layer: info.layers,
    n_embd: info.width,
    vocab_size: info.vocabularySize,
    head_size_a: info.headSize,
    ctx_len: CONTEXT_TOKENS,
    dim_att_lora: info.loraRanks.w,
    dim_gate_lora: info.loraRanks.g,
    dim_mv_lora: info.loraRanks.v,
    bos_token_id: null,
    eos_token_id: endToken,
    pad_token_id: 0,
    use_cache: true,
    tie_word_embeddings: false,
    my_testing: "x070",
    transformers_version: "rwkvtune-0.1.0",
    ...(completionForm !== undefined && { completionForm }),
  };
}

function generationOf(endToken: number): object {
  return {
    bos_token_id: null,
    eos_token_id: endToken,
    pad_token_id: 0,
    do_sample: true,
    temperature: 1,
    top_p: 0.5,
    top_k: 0,
    repetition_penalty: 1,
    max_length: CONTEXT_TOKENS,
  };
}

const TOKENIZER_CONFIG = {
  tokenizer_class: "RWKV_TOKENIZER",
  model_max_length: CONTEXT_TOKENS,
  bos_token: null,
  pad_token: null,
  unk_token: null,
  eos_token: PARAGRAPH,
  add_bos_token: false,
  add_eos_token: false,
  clean_up_tokenization_spaces: false,
  chat_template:
    "{% for message in messages %}{{ message['role'] | capitalize }}: {{ message['content'] }}\n\n{% endfor %}" +
    "{% if add_generation_prompt %}Assistant:{% endif %}",
};

function readmeOf({ name, source }: HubDescription): string {
  return `# ${name}\n\nAn RWKV-7 (x070) model, imported from \`${source}\` by \`ouro model import\`.\n`;
}

/** In the World text format. */
function vocabularyText(tokenizer: Tokenizer): string {
  const entries = Array.from({ length: tokenizer.size }, (_, id) => ({ id, bytes: tokenizer.bytesOf(id) }));
  return worldFormat(
    entries.flatMap(({ id, bytes }) => (bytes === undefined || id === 0 ? [] : [{ id, bytes }])),
  );
}
