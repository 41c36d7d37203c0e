/** The schemas of the golden set's JSON files: scalar results and hyper-parameters. Unknown fields are ignored. */

import { z } from "zod";

const Losses = z.array(z.number()).min(2);
const Betas = z.tuple([z.number(), z.number()]);

const CurveCard = z.object({
  lr: z.number(),
  betas: Betas,
  eps: z.number(),
  weight_decay: z.number(),
  losses_before_step_1_to_5_and_after_5: Losses,
});
export type CurveCard = z.infer<typeof CurveCard>;

const AdamWCurveCard = CurveCard.extend({
  grad_clip: z.number().nullish(),
  l2wrap: z.boolean().optional(),
  grad_norms_pre_clip: z.array(z.number()).optional(),
});
export type AdamWCurveCard = z.infer<typeof AdamWCurveCard>;

const ChunkSums = z.array(z.tuple([z.number(), z.number()])).min(1);

/** `X.json`. */
export const ModelCard = z.object({
  config: z.object({ n_layer: z.number(), n_embd: z.number() }).loose().optional(),
  weights: z.object({ fp32: z.string() }).loose().optional(),
  forward: z
    .record(z.string(), z.object({ T: z.number().optional(), weights: z.string().optional() }))
    .optional(),
  train: z
    .object({
      ce: z
        .object({
          loss: z.number(),
          n_unmasked: z.number().optional(),
          grad_global_norm: z.number().optional(),
        })
        .optional(),
      l2wrap: z.object({ loss: z.number() }).optional(),
      state: z.object({ loss: z.number(), adam_state_only: CurveCard.optional() }).optional(),
      batch: z.object({ loss: z.number() }).optional(),
    })
    .optional(),
  infctx: z
    .object({
      full_labels: z.object({ loss: z.number(), per_chunk_sum_ce_and_count: ChunkSums }).optional(),
      masked: z
        .object({
          loss_global_mean: z.number(),
          loss_peft_chunk_mean: z.number().optional(),
          per_chunk_sum_ce_and_count: ChunkSums.optional(),
        })
        .optional(),
    })
    .optional(),
  adapters: z
    .object({
      lora: z.object({ alpha: z.number(), loss: z.number(), adamw: CurveCard.optional() }).optional(),
    })
    .optional(),
  adamw: z
    .object({ uniform: AdamWCurveCard.optional(), official_groups: AdamWCurveCard.optional() })
    .optional(),
});
export type ModelCard = z.infer<typeof ModelCard>;

/** `__metadata__.hyper` of `adamw_standalone.safetensors`. */
export const StandaloneCard = z.object({
  betas: Betas,
  eps: z.number(),
  lr_wd: z.record(z.string(), z.tuple([z.number(), z.number()])),
  steps: z.int().positive(),
});

const Counts = z.record(z.string(), z.number());

/** `sampling.json`. */
export const SamplingCard = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      logits: z.array(z.number()),
      temperature: z.number(),
      top_p: z.number(),
      top_k: z.int(),
      alpha_presence: z.number(),
      alpha_frequency: z.number(),
      occurrence: Counts,
      token_ban: z.array(z.int()),
      repetition_penalty: z.number(),
      repetition_tokens: z.array(z.int()),
      probs: z.array(z.number()),
    }),
  ),
  occurrence_trace: z
    .object({
      token_strings: z.record(z.string(), z.string()),
      generated: z.array(z.int()),
      alpha_decay: z.number(),
      occurrence_after_each_token: z.array(Counts),
    })
    .optional(),
});

/** `tokenizer/*_cases.json`. */
export const TokenizerCard = z.object({
  vocab: z.object({ name: z.string(), sha256: z.string().optional() }),
  cases: z.array(z.object({ bytes_hex: z.string(), text: z.string().nullable(), ids: z.array(z.int()) })),
});
export type SamplingCard = z.infer<typeof SamplingCard>;
export type TokenizerCard = z.infer<typeof TokenizerCard>;
