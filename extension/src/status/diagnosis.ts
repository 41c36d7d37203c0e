/**
 * Why no suggestion comes, in one sentence, with the one command that mends it. The first reason that holds is
 * shown: each hides those behind it. Pure.
 */

import type { DisabledReason } from "../completion/disabledReason.js";
import type { LinkState } from "../daemon/linkState.js";
import type { Translate } from "../messages.js";

export interface Symptoms {
  readonly link: LinkState;
  /** Undefined: no editor is active. */
  readonly document: { readonly language: string; readonly isSuggestible: boolean } | undefined;
  readonly disabled: DisabledReason | undefined;
  /** VS Code's own switch for suggestions of all extensions. */
  readonly isInlineSuggestEnabled: boolean;
  /** Keys were typed and VS Code asked for nothing: another extension's suggestion, or a snooze. */
  readonly isNotAsked: boolean;
  readonly otherProviders: readonly string[];
  readonly t: Translate;
}

interface Fix {
  readonly title: string;
  readonly command: string;
  readonly arguments: readonly unknown[];
}

export interface Diagnosis {
  readonly sentence: string;
  readonly fix: Fix | undefined;
}

export function diagnose(symptoms: Symptoms): Diagnosis {
  return (
    daemonDiagnosis(symptoms) ?? editorDiagnosis(symptoms) ?? { sentence: healthy(symptoms), fix: undefined }
  );
}

function daemonDiagnosis({ link, t }: Symptoms): Diagnosis | undefined {
  const restart: Fix = { title: t("Restart"), command: "ouroboros.restart", arguments: [] };
  const log: Fix = { title: t("Show Log"), command: "ouroboros.showLog", arguments: [] };
  switch (link.kind) {
    case "failed":
      return { sentence: t("The daemon does not run: {0}", link.message), fix: restart };
    case "starting":
    case "restarting":
      return { sentence: t("The daemon is starting; suggestions come in a moment."), fix: undefined };
    case "idle":
      return { sentence: t("The daemon starts with the first file that you edit."), fix: undefined };
    case "running": {
      const { model } = link.daemon;
      if (model.kind === "failed") {
        return { sentence: t("The model cannot be used: {0}", model.message), fix: log };
      }
      if (model.kind !== "loading") return undefined;
      return { sentence: t("The model is loading; suggestions come in a moment."), fix: undefined };
    }
  }
}

function editorDiagnosis(symptoms: Symptoms): Diagnosis | undefined {
  const { document, disabled, t } = symptoms;
  if (!document) return { sentence: t("No text editor is active: open a file and type."), fix: undefined };
  if (!document.isSuggestible) {
    return {
      sentence: t("This kind of document gets no suggestions: only files and new, unsaved texts do."),
      fix: undefined,
    };
  }
  const openSetting = (setting: string): Fix => ({
    title: t("Open Setting"),
    command: "workbench.action.openSettings",
    arguments: [setting],
  });
  if (!symptoms.isInlineSuggestEnabled) {
    const sentence = t("VS Code's own setting switches off all inline suggestions.");
    return { sentence, fix: openSetting("editor.inlineSuggest.enabled") };
  }
  if (disabled === "setting") {
    const sentence = t("Suggestions are switched off for {0}.", document.language);
    return { sentence, fix: openSetting("ouroboros.completion.enabled") };
  }
  if (disabled === "glob") {
    const sentence = t("This file is one of those that get no suggestions, so that no secret is read.");
    return { sentence, fix: openSetting("ouroboros.completion.disabledGlobs") };
  }
  if (disabled === "correcting") {
    return { sentence: t("A correction is being written; finish it or press Escape."), fix: undefined };
  }
  if (!symptoms.isNotAsked) return undefined;
  const fix: Fix = {
    title: t("End the Snooze"),
    command: "editor.action.inlineSuggest.cancelSnooze",
    arguments: [],
  };
  return {
    sentence: t("VS Code asks for no suggestions: they are snoozed, or this editor hides them."),
    fix,
  };
}

function healthy({ otherProviders, t }: Symptoms): string {
  return otherProviders.length === 0
    ? t("All is well: the model had nothing to suggest here that it is sure of.")
    : t("All is well here, but {0} suggests too, and VS Code shows one of us.", otherProviders.join(", "));
}
