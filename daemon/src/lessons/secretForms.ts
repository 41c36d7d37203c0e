/**
 * The forms of secrets that services give out, as secretlint knows them: one rule a service. Not its preset, whose one
 * bundled file holds other packages without their licences. Imported only when something is first taught.
 */

import { lintSource } from "@secretlint/core";
import { creator as anthropic } from "@secretlint/secretlint-rule-anthropic";
import { creator as aws } from "@secretlint/secretlint-rule-aws";
import { creator as basicauth } from "@secretlint/secretlint-rule-basicauth";
import { creator as databaseConnectionString } from "@secretlint/secretlint-rule-database-connection-string";
import { creator as gcp } from "@secretlint/secretlint-rule-gcp";
import { creator as github } from "@secretlint/secretlint-rule-github";
import { creator as gitlab } from "@secretlint/secretlint-rule-gitlab";
import { creator as npm } from "@secretlint/secretlint-rule-npm";
import { creator as openai } from "@secretlint/secretlint-rule-openai";
import { creator as sendgrid } from "@secretlint/secretlint-rule-sendgrid";
import { creator as shopify } from "@secretlint/secretlint-rule-shopify";
import { creator as slack } from "@secretlint/secretlint-rule-slack";

const RULES = [
  anthropic,
  aws,
  basicauth,
  databaseConnectionString,
  gcp,
  github,
  gitlab,
  npm,
  openai,
  sendgrid,
  shopify,
  slack,
];

/** A text that has the form of a secret. */
export interface SecretForm {
  /** The rule's id: the last word is the service. */
  readonly rule: string;
  /** What the rule says the secret is; it may reach beyond it. */
  readonly parts: readonly string[];
  /** In UTF-16 units; it may begin at the name of a variable. */
  readonly range: readonly [number, number];
}

export async function secretForms(text: string): Promise<readonly SecretForm[]> {
  const { messages } = await lintSource({
    source: { content: text, filePath: "lesson.txt", ext: ".txt", contentType: "text" },
    options: {
      config: { rules: RULES.map((rule) => ({ id: rule.meta.id, rule })) },
      noPhysicFilePath: true,
    },
  });
  return messages.map(({ ruleId, data, range: [from, to] }) => ({
    rule: ruleId,
    parts: Object.values(data ?? {}).filter((part): part is string => typeof part === "string"),
    range: [from, to],
  }));
}
