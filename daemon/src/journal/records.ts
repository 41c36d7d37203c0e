/**
 * What the journal may hold: a closed, versioned union. A record carries all that replaying it needs; texts are
 * there for people and for another vocabulary, tokens are what was learned. Reading and writing lines: `line.ts`.
 */

import { z } from "zod";

/**
 * Raised with any change that an older reader could misunderstand; that reader then refuses the journal. Version 1
 * knew neither the source `org` nor aims: all was to be recalled.
 */
export const RECORD_VERSION = 2 as const;

const Token = z.int().nonnegative().max(0xffff_ffff);
const Hash = z.string().regex(/^[0-9a-f]{64}$/);
/** 0 is the base without an adapter. */
const Version = z.int().nonnegative();
const CorrectionId = z.string().regex(/^[0-9a-z]{1,64}$/);
const Passage = z.strictObject({ text: z.string(), tokens: z.array(Token) });

/** An adapter belongs to one checkpoint, one vocabulary and one project. */
const Scope = z.strictObject({
  project: z.string().min(1),
  model: Hash,
  vocabulary: Hash,
});

const Heading = { v: z.union([z.literal(1), z.literal(RECORD_VERSION)]), at: z.iso.datetime(), scope: Scope };

/** How an event is trained. Recorded whole, so that replay does not depend on today's defaults. */
const Recipe = z.strictObject({
  parameters: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("whole") }),
    z.strictObject({
      kind: z.literal("lora"),
      rank: z.int().positive(),
      alpha: z.number().positive(),
      targets: z.array(
        z.enum(["att.receptance", "att.key", "att.value", "att.output", "ffn.key", "ffn.value"]),
      ),
    }),
  ]),
  optimizer: z.strictObject({
    beta1: z.number(),
    beta2: z.number(),
    epsilon: z.number(),
    weightDecay: z.number(),
    clip: z.number(),
    groups: z.enum(["uniform", "official"]),
  }),
  learningRate: z.number().positive(),
  stepsMax: z.int().positive(),
  marginNats: z.number().nonnegative(),
  replayPerStep: z.int().nonnegative(),
  anchorsPerStep: z.int().nonnegative(),
  spanWeight: z.number().positive(),
  afterWeight: z.number().nonnegative(),
});

/** How people are shown what was to be learned, by which it is proven; a completion with the text round its cursor. */
const Shown = z.discriminatedUnion("as", [
  z.strictObject({
    as: z.literal("completion"),
    prefix: z.string(),
    suffix: z.string(),
    /** Text before the cursor that the model writes once more. */
    healedPrefix: z.string(),
  }),
  z.strictObject({ as: z.literal("answer") }),
]);

const CorrectionRecord = z.strictObject({
  ...Heading,
  kind: z.literal("correction"),
  id: CorrectionId,
  projectName: z.string(),
  /** How the user said it: `teach` in so many words, `edit` by changing what was accepted, `org` in sft.org. */
  source: z.enum(["teach", "edit", "org"]),
  /** `recall`: the same prompt must give the wanted text. `read`: a text to become familiar with. */
  aim: z.enum(["recall", "read"]).default("recall"),
  prompt: Passage,
  /** Index into the prompt's tokens from which the adapter acts; the base alone reads what is before. */
  boundary: z.int().nonnegative(),
  rejected: Passage,
  wanted: Passage,
  /** The token that ends a completion, where the prompt's form has one. */
  end: Token.nullable(),
  /** What stands after the corrected text, where no token ends it. */
  following: z.array(Token),
  /** Absent where an older version wrote the record, and where nothing is shown: then the tokens are the proof. */
  shown: Shown.optional(),
});

const TrainedRecord = z.strictObject({
  ...Heading,
  kind: z.literal("trained"),
  correctionId: CorrectionId,
  /** `new` moves the project to `adapterTo`; `again` prepares an undo or a repair, which then moves it. */
  purpose: z.enum(["new", "again"]),
  outcome: z.enum(["learned", "limit", "diverged"]),
  adapterFrom: Version,
  /** Equal to `adapterFrom` where nothing was published. */
  adapterTo: Version,
  /** Of the adapter file `adapterTo`; absent for the base. */
  adapterSha256: Hash.nullable(),
  seed: z.int().nonnegative().max(0xffff_ffff),
  instructionSet: z.string(),
  /** Of the matrix products; f32 where an older version wrote the record. */
  precision: z.enum(["f32", "bf16"]).optional(),
  recipe: Recipe,
  anchorsHash: Hash,
  steps: z.int().nonnegative(),
  /** First index of the wanted tokens that was trained and tested (`learning/training/example.ts`). */
  spanStart: z.int().nonnegative(),
  /** Mean nats per token of the span. */
  lossBefore: z.number(),
  lossAfter: z.number(),
  /** Smallest lead over the span of the wanted token before any other. */
  marginAfter: z.number(),
  replayed: z.array(CorrectionId),
  anchors: z.array(z.string()),
  /** What the model wrote greedily for the same prompt, from the adapter file alone. */
  proof: z.strictObject({ matches: z.boolean(), tokens: z.array(Token) }),
  durationMs: z.number().nonnegative(),
});

const Applied = z.strictObject({
  correctionId: CorrectionId,
  from: Version,
  to: Version,
  sha256: Hash.nullable(),
  spanStart: z.int().nonnegative(),
});

/** A change of the lineage, the applied corrections: the first `kept` stay, then come `reapplied`. */
const LineageChange = {
  kept: z.int().nonnegative(),
  reapplied: z.array(Applied),
  adapterTo: Version,
};

const UndoneRecord = z.strictObject({
  ...Heading,
  ...LineageChange,
  kind: z.literal("undone"),
  correctionId: CorrectionId,
});

/** Adapter files that had been lost were made again, with other bits (another processor) or other versions. */
const RestoredRecord = z.strictObject({ ...Heading, ...LineageChange, kind: z.literal("restored") });

export const JournalRecord = z.discriminatedUnion("kind", [
  CorrectionRecord,
  TrainedRecord,
  UndoneRecord,
  RestoredRecord,
]);

export type JournalRecord = z.infer<typeof JournalRecord>;
export type CorrectionRecord = z.infer<typeof CorrectionRecord>;
export type TrainedRecord = z.infer<typeof TrainedRecord>;
export type UndoneRecord = z.infer<typeof UndoneRecord>;
export type RestoredRecord = z.infer<typeof RestoredRecord>;
export type Recipe = z.infer<typeof Recipe>;
export type Scope = z.infer<typeof Scope>;
/** One correction that the current adapter holds: trained from version `from` to version `to`. */
export type Applied = z.infer<typeof Applied>;
