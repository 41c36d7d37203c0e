/**
 * What the status bar shows, from the state of the connection: a short text, sentences for the tooltip, of which the last names
 * the way out of what is wrong, and a label for screen readers. Pure.
 */

import type { DaemonState, ProjectState } from "../../../daemon/src/protocol/state.js";
import { type LinkState, projectOf } from "../daemon/linkState.js";
import { errorMessage, type Translate } from "../messages.js";

export interface Status {
  /** With codicons, as VS Code writes them. */
  readonly text: string;
  /** `warning`: it works, but not with all that was chosen or taught. */
  readonly severity: "normal" | "warning" | "error";
  readonly tooltip: readonly string[];
  /** For screen readers, without icons. */
  readonly accessibilityLabel: string;
}

interface StatusInput {
  readonly link: LinkState;
  /** The active editor's file. */
  readonly path: string | undefined;
  readonly isTrusted: boolean;
  readonly t: Translate;
}

const PRODUCT = "Ouroboros";

export function statusOf(input: StatusInput): Status {
  const { link, t } = input;
  switch (link.kind) {
    case "idle":
      return normal({ icon: "sparkle", tooltip: [t("Starts when you open a file.")] });
    case "starting":
      return normal({ icon: "loading~spin", tooltip: [t("Starting.")] });
    case "restarting":
      return normal({ icon: "loading~spin", tooltip: [t("The daemon ended and is started again.")] });
    case "failed":
      return failed({ t, message: link.message });
    case "running":
      return runningStatus({ ...input, daemon: link.daemon });
  }
}

function runningStatus(input: StatusInput & { readonly daemon: DaemonState }): Status {
  const { daemon, path, isTrusted, t } = input;
  const project = projectOf(daemon, path) ?? daemon.projects[0];
  const lines = [
    ...modelLines(daemon, t),
    ...(project ? projectLines(project, t) : []),
    ...(isTrusted ? [] : [t("This folder is not trusted: suggestions are made, nothing is learned.")]),
    ...daemon.notices,
  ];
  if (daemon.model.kind === "failed") return failed({ t, message: daemon.model.message, lines });
  if (daemon.model.kind === "loading") return normal({ icon: "loading~spin", tooltip: lines });
  const version = project ? `v${project.adapterVersion}` : "";
  const learning = project?.learning;
  switch (learning?.kind) {
    case "learning":
      return normal({
        icon: "sync~spin",
        detail: learning.step === 0 ? version : `${learning.step}/${learning.stepsMax}`,
        tooltip: [...lines, t("Learning: step {0} of {1}.", learning.step, learning.stepsMax)],
      });
    case "paused": {
      const sentence =
        learning.waiting > 0
          ? t("Learning is paused; corrections that wait: {0}. Resume it from this menu.", learning.waiting)
          : t("Learning is paused. Resume it from this menu.");
      return normal({ icon: "debug-pause", detail: version, tooltip: [...lines, sentence] });
    }
    case "failed":
      return failed({ t, message: learning.message, lines });
    default: {
      const status = normal({ icon: "sparkle", detail: version, tooltip: lines });
      if (daemon.notices.length === 0) return status;
      return { ...status, text: status.text.replace("$(sparkle)", "$(warning)"), severity: "warning" };
    }
  }
}

function modelLines({ model, version }: DaemonState, t: Translate): readonly string[] {
  if (model.kind === "ready") {
    const millions = (model.parameters / 1e6).toFixed(model.parameters < 1e8 ? 1 : 0);
    return [t("Model {0}, {1} million parameters; daemon {2}.", model.name, millions, version)];
  }
  if (model.kind === "loading") return [t("The model is loading.")];
  if (model.kind === "unloaded") return [t("The model sleeps until it is needed.")];
  return [];
}

function projectLines(project: ProjectState, t: Translate): readonly string[] {
  const { name, learned, adapterVersion } = project;
  return [t("Project {0}: adapter version {2}; corrections learned: {1}.", name, learned, adapterVersion)];
}

function normal(parts: {
  readonly icon: string;
  readonly detail?: string;
  readonly tooltip: readonly string[];
}): Status {
  const label = parts.detail ? `${PRODUCT} ${parts.detail}` : PRODUCT;
  const accessibilityLabel = [label, ...parts.tooltip].join(". ").replaceAll("..", ".");
  return {
    text: `$(${parts.icon}) ${label}`,
    severity: "normal",
    tooltip: parts.tooltip,
    accessibilityLabel,
  };
}

function failed(parts: {
  readonly t: Translate;
  readonly message: string;
  readonly lines?: readonly string[];
}): Status {
  const tooltip = [
    ...(parts.lines ?? []),
    errorMessage(parts.message),
    parts.t("The log has more: click here."),
  ];
  const accessibilityLabel = `${PRODUCT}. ${tooltip.join(" ")}`;
  return { text: `$(error) ${PRODUCT}`, severity: "error", tooltip, accessibilityLabel };
}
