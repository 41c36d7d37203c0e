/**
 * The newest completions that clients were given, with all that is needed to correct one later: the prompt it was asked
 * with, what was written, under which adapter, and what became of it.
 */

import { NewestMap } from "../base/newestMap.js";
import type { CompletionPrompt } from "../prompt/request.js";
import type { SuggestionEvent } from "../protocol/suggestions.js";
import type { Project } from "../store/project.js";

/** A correction follows within minutes; a person sees about one completion a second at most. */
const PROPOSALS_MAX = 1000;

export interface RecordedProposal {
  readonly completionId: string;
  readonly project: Project;
  readonly prompt: CompletionPrompt;
  /** Of the tokenizer that the prompt was made with: a model with another one cannot be taught by it. */
  readonly vocabulary: string;
  readonly text: string;
  readonly adapterVersion: number;
  /** The newest thing that is known of its fate. */
  readonly outcome: SuggestionEvent["event"]["kind"] | "answered";
}

export interface Proposals {
  record(proposal: Omit<RecordedProposal, "outcome">): void;
  settle(event: SuggestionEvent): void;
  get(completionId: string): RecordedProposal | undefined;
}

export function createProposals(): Proposals {
  const proposals = new NewestMap<string, RecordedProposal>(PROPOSALS_MAX);
  return {
    record(proposal) {
      proposals.set(proposal.completionId, { ...proposal, outcome: "answered" });
    },
    settle({ completionId, event }) {
      const proposal = proposals.get(completionId);
      if (proposal) proposals.replace(completionId, { ...proposal, outcome: event.kind });
    },
    get: (completionId) => proposals.get(completionId),
  };
}
