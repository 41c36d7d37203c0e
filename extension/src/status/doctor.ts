/** *Why Is There No Suggestion?*: gathers what this window knows and shows the first reason that holds. */

import * as vscode from "vscode";
import type { GhostText } from "../completion/ghostText.js";
import type { DaemonLink } from "../daemon/daemonLink.js";
import { translate } from "../showMessage.js";
import { type Diagnosis, diagnose } from "./diagnosis.js";

/** Usually VS Code asks within a fraction of this after a key. */
const UNASKED_MS = 1_500;
/** Extensions that suggest inline as well, by their ids. */
const OTHERS = ["github.copilot", "continue.continue", "tabbyml.vscode-tabby", "codeium.codeium"];

interface Examined {
  readonly link: DaemonLink;
  readonly ghostText: GhostText;
}

export async function showDiagnosis(examined: Examined): Promise<void> {
  const { sentence, fix } = examine(examined);
  const chosen = await vscode.window.showInformationMessage(sentence, ...(fix ? [fix.title] : []));
  if (fix && chosen === fix.title) await vscode.commands.executeCommand(fix.command, ...fix.arguments);
}

function examine({ link, ghostText }: Examined): Diagnosis {
  const document = vscode.window.activeTextEditor?.document;
  const { askedAtMs = 0, keyAtMs } = ghostText.lately;
  const isInlineSuggestEnabled = vscode.workspace
    .getConfiguration("editor.inlineSuggest", document ?? null)
    .get("enabled", true);
  return diagnose({
    link: link.state,
    document: document && {
      language: document.languageId,
      isSuggestible: ["file", "untitled"].includes(document.uri.scheme),
    },
    disabled: document && ghostText.disabledIn(document),
    isInlineSuggestEnabled,
    isNotAsked:
      keyAtMs !== undefined && Date.now() - keyAtMs > UNASKED_MS && keyAtMs - askedAtMs > UNASKED_MS,
    otherProviders: OTHERS.flatMap((id) => nameOfExtension(id) ?? []),
    t: translate,
  });
}

function nameOfExtension(id: string): string | undefined {
  const name: unknown = vscode.extensions.getExtension(id)?.packageJSON?.displayName;
  return typeof name === "string" ? name : undefined;
}
