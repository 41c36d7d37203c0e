/** What a project has taught a model, as clients are told: in full to programs, in excerpts to editors. */

import { excerpt } from "../base/excerpt.js";
import type { LearnedList } from "../learning/learning.js";
import { describeNotice } from "../learning/notices.js";
import type { LearnedInFull, LearnedResult, ResetResult } from "../protocol/corrections.js";
import type { Project } from "../store/project.js";

export function learnedInFull(project: Project, list: LearnedList): LearnedInFull {
  return {
    project: { id: project.id, name: project.name },
    adapterVersion: list.adapterVersion,
    notices: list.notices.map(describeNotice),
    corrections: list.learned().map(({ correction, status, trained }) => ({
      correctionId: correction.id,
      at: correction.at,
      status,
      rejected: correction.rejected.text,
      wanted: correction.wanted.text,
      proven: trained?.proof.matches ?? null,
      seconds: trained ? trained.durationMs / 1000 : null,
      steps: trained?.steps ?? null,
      lossBefore: trained?.lossBefore ?? null,
      lossAfter: trained?.lossAfter ?? null,
      marginAfter: trained?.marginAfter ?? null,
    })),
  };
}

/** As many as a person reads before saying yes. */
const NEWEST_SHOWN_MAX = 5;

/** `corrections`: what was, or would be, taken or given back, oldest first. */
export function resetResult(
  project: Project,
  { adapterVersion }: LearnedList,
  corrections: ReturnType<LearnedList["learned"]>,
): ResetResult {
  const count = (isCounted: (each: (typeof corrections)[number]) => boolean) =>
    corrections.filter(isCounted).length;
  return {
    project: { id: project.id, name: project.name },
    adapterVersion,
    corrections: corrections.length,
    pending: count(({ status }) => status === "pending"),
    samples: count(({ correction }) => correction.source === "org"),
    newest: corrections
      .slice(-NEWEST_SHOWN_MAX)
      .reverse()
      .map(({ correction }) => excerpt(correction.wanted.text)),
  };
}

export function inExcerpts({ project, adapterVersion, corrections }: LearnedInFull): LearnedResult {
  return {
    project,
    adapterVersion,
    corrections: corrections.map(({ correctionId, at, status, rejected, wanted, proven, seconds }) => ({
      correctionId,
      at,
      status,
      rejected: excerpt(rejected),
      wanted: excerpt(wanted),
      proven,
      seconds,
    })),
  };
}
