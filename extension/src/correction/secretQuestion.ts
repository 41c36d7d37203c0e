/** Asks what becomes of a taught text that seems to hold a secret. */

import * as vscode from "vscode";
import type { SecretsAnswer } from "../../../daemon/src/protocol/corrections.js";
import { errorMessage } from "../messages.js";

const REFUSED_FOR_SECRET = "correction-secret";

/** Whether the daemon refused to keep a text only because of a secret in it. */
export function isAboutSecret(error: unknown): error is Error {
  if (!(error instanceof Error) || !("data" in error)) return false;
  const { data } = error;
  return typeof data === "object" && data !== null && "code" in data && data.code === REFUSED_FOR_SECRET;
}

/** Undefined: nothing is to be taught. */
export async function askAboutSecret(refusal: Error): Promise<SecretsAnswer | undefined> {
  const { t } = vscode.l10n;
  const [placeholder, teach] = [t("Teach with a Placeholder"), t("Teach Anyway")];
  const detail = t(
    "What is taught is kept in the journal on this machine, also after it was undone, and the model may write it again.",
  );
  const chosen = await vscode.window.showWarningMessage(
    errorMessage(refusal),
    { modal: true, detail },
    placeholder,
    teach,
  );
  return chosen === placeholder ? "placeholder" : chosen === teach ? "teach" : undefined;
}
