/**
 * Texts that look like secrets: what is taught is kept in the journal and goes into weights, so a key in it is asked
 * about first. Kinds with a form of their own are secretlint's to know; a literal that is named like a secret is found
 * here. An honest text may look like one, and a secret like anything: this warns, it does not guard.
 */

import { AppError } from "../base/errors.js";
import type { SecretsAnswer } from "../protocol/corrections.js";

/** What stands in a taught text in the place of a secret. */
export const PLACEHOLDER = "YOUR_SECRET";

const NAMED =
  /\b[\w.-]*(?:key|token|secret|passw(?:or)?d|credentials?)["'`]?\s*[:=]>?\s*(["'`])([^"'`\s]{8,})\1/gi;
/** As in a file of environment variables. */
const VARIABLE = /\b[A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD)()=([^\s"'`;,(){}<>$]{8,})(?=[\s;,]|$)/g;
/** Also of which only the beginning was selected. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;
/** What people write where a secret would stand. */
const STAND_IN = /your|example|placeholder|changeme|xxx|\$\{|<|\.\.\./i;
/** A form that was found may reach over what closes the literal. */
const CLOSERS = /["'`;,)\]}\s]+$/;

interface FoundSecret {
  /** For people. */
  readonly kind: string;
  /** The secret itself, as far as it is known. */
  readonly text: string;
}

/**
 * The text to teach. `ask`, the default: throws `correction-secret` where there is a secret; `placeholder`: puts
 * `PLACEHOLDER` in its place, and throws where it could not be cut out; `teach`: the text as it is.
 */
export async function screened(text: string, answer: SecretsAnswer = "ask"): Promise<string> {
  if (answer === "teach") return text;
  const found = await findSecrets(text);
  const [first] = found;
  if (!first) return text;
  if (answer === "placeholder") {
    const without = found.reduce((rest, secret) => rest.replaceAll(secret.text, PLACEHOLDER), text);
    if ((await findSecrets(without)).length === 0) return without;
  }
  throw new AppError(
    "correction-secret",
    `the corrected text seems to hold a secret (${first.kind}), which would be kept in the journal; teach it with a placeholder or as it is (\`--secrets placeholder\` or \`teach\` at the command line)`,
  );
}

async function findSecrets(text: string): Promise<readonly FoundSecret[]> {
  const keys = [...text.matchAll(PRIVATE_KEY)].map(([key]) => ({ kind: "a private key", text: key }));
  return [...keys, ...(await knownForms(text)), ...namedLiterals(text)];
}

function namedLiterals(text: string): readonly FoundSecret[] {
  return [...text.matchAll(NAMED), ...text.matchAll(VARIABLE)].flatMap(([, , value = ""]) => {
    const isMixed = /\d/.test(value) && /[a-z]/i.test(value);
    return isMixed && !STAND_IN.test(value)
      ? [{ kind: "a literal that is named like one", text: value }]
      : [];
  });
}

async function knownForms(text: string): Promise<readonly FoundSecret[]> {
  const { secretForms } = await import("./secretForms.js");
  return (await secretForms(text)).map(({ rule, parts, range }) => {
    const secret = parts
      .map((part) => part.replace(CLOSERS, ""))
      .find((part) => part !== "" && text.includes(part));
    return { kind: rule.replace(/^.*secretlint-rule-/, ""), text: secret ?? text.slice(...range) };
  });
}
