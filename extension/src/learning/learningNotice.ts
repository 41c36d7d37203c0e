/**
 * The text of a notice about trained corrections: no more than is true. Several at once share one notice. Pure.
 */

import type { DidLearn } from "../../../daemon/src/protocol/corrections.js";
import type { Translate } from "../messages.js";

export interface LearningNotice {
  readonly text: string;
  /** Something did not work out as the user wished. */
  readonly isProblem: boolean;
  /** What can be taken back from the notice itself. */
  readonly undo: string | undefined;
}

/** An excerpt longer than this makes a notice that nobody reads. */
const EXCERPT_MAX = 60;

export function noticeOf(events: readonly DidLearn[], t: Translate): LearningNotice | undefined {
  // What was taken back or replaced before its turn is no news to who did so.
  const told = events.filter(({ outcome }) => outcome.kind !== "withdrawn");
  const [first] = told;
  if (!first) return undefined;
  return told.length === 1 ? noticeOfOne(first, t) : noticeOfSeveral(told, t);
}

function noticeOfOne(event: DidLearn, t: Translate): LearningNotice | undefined {
  const { correctionId, outcome, rejected, wanted, replaces } = event;
  switch (outcome.kind) {
    case "learned": {
      const lesson = lessonOf({ rejected, wanted, t });
      const seconds = outcome.seconds.toFixed(1);
      return outcome.proven
        ? {
            text:
              replaces === null
                ? t("Learned: {0} · {1} s", lesson, seconds)
                : t("Learned: {0} · {1} s; it replaces what was taught here before", lesson, seconds),
            isProblem: false,
            undo: correctionId,
          }
        : {
            text: t("Trained, but not proven yet: {0} · {1} s", lesson, seconds),
            isProblem: true,
            undo: correctionId,
          };
    }
    case "not-learned":
      return {
        text:
          wanted === ""
            ? t("Not learned: at that place the model still suggests something.")
            : t("Not learned: instead of {0} the model still writes something else.", quoted(wanted)),
        isProblem: true,
        undo: undefined,
      };
    case "failed":
      return {
        text: t("Kept, and learned later: {0}", outcome.message),
        isProblem: true,
        undo: undefined,
      };
    case "withdrawn":
      return undefined;
  }
}

function lessonOf(parts: {
  readonly rejected: string;
  readonly wanted: string;
  readonly t: Translate;
}): string {
  const { rejected, wanted, t } = parts;
  if (wanted === "") return t("nothing instead of {0}", quoted(rejected));
  return rejected === "" ? quoted(wanted) : `${quoted(rejected)} → ${quoted(wanted)}`;
}

function noticeOfSeveral(events: readonly DidLearn[], t: Translate): LearningNotice {
  const learned = events.filter(({ outcome }) => outcome.kind === "learned");
  const others = events.length - learned.length;
  const isAllOrg = events.every(({ origin }) => origin === "org");
  const count = isAllOrg
    ? t("Samples of sft.org learned: {0}", learned.length)
    : t("Corrections learned: {0}", learned.length);
  const text = others === 0 ? count : t("{0}; not yet: {1}", count, others);
  return { text, isProblem: others > 0, undo: undefined };
}

/** In quotation marks that stay readable in a notice, which shows no markup. */
function quoted(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  const characters = [...line];
  const short = characters.length > EXCERPT_MAX ? `${characters.slice(0, EXCERPT_MAX).join("")}…` : line;
  return `\`${short}\``;
}
