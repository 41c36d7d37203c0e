/**
 * Contradicting corrections of one place do not pile up: eleven lessons at different places of the shipped model, then
 * thirty at one, as an editor teaches them. All are asked for at their places afterwards.
 */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { NO_LOG } from "../../daemon/src/base/log.js";
import { openAssistant } from "../../daemon/src/compose.js";

type Taught = readonly [path: string, prefix: string, wanted: string];

const OTHERS: readonly Taught[] = [
  ["src/a.ts", "const client = ", "createClient(settings);"],
  ["src/b.ts", "throw new ", "ShopError(code);"],
  ["src/c.ts", "import { test } from ", '"vitest";'],
  ["src/d.ts", "let total = ", "0n;"],
  ["src/e.ts", "export function firstOf(list: string[]) {\n  return ", "list.at(0) ?? none();"],
  ["src/f.ts", "for (const order of ", "await orders.open()) {"],
  ["src/g.ts", "logger.", "warn({ id }, message);"],
  ["src/h.ts", "await database.", "insertOrder(order);"],
  ["src/i.ts", "const text = await ", "readText(path);"],
  ["src/j.ts", "if (user === undefined) ", "return unknownUser(id);"],
  ["src/k.ts", "expect(total)", ".toEqual(12n);"],
];
const CONTRADICTING = Array.from(
  { length: 30 },
  (_, at): Taught => ["src/x.test.ts", 'expect(parse("42"))', `.toA${at}(${at});`],
);

test("the last of thirty is right at its place, and eleven others still hold", async () => {
  const root = await mkdtemp(join(tmpdir(), "ouroboros-contradicting-"));
  const folder = join(root, "shop");
  await mkdir(folder);
  const { signal } = new AbortController();
  const assistant = await openAssistant({
    homeFolder: join(root, "home"),
    version: "0.0.0",
    log: NO_LOG,
    own: { choice: {}, signal },
  });
  const client = assistant.connect({ onState: () => {}, onLearned: () => {} });
  const cursor = ([path, prefix]: Taught) => ({ where: { file: null, folder, path }, prefix, suffix: "" });
  const shown = async (taught: Taught) => {
    const answer = await client.complete({
      ...cursor(taught),
      sessionKey: taught[0],
      isInvoked: true,
      signal,
    });
    return answer.kind === "proposed" ? answer.text : answer.kind;
  };
  for (const taught of [...OTHERS, ...CONTRADICTING]) {
    const kept = await client.correctPlace({ ...cursor(taught), wanted: taught[2] });
    expect((await kept.done).outcome).toMatchObject({ kind: "learned", proven: true });
  }
  const held = [...OTHERS, ...CONTRADICTING.slice(-1)];
  expect(await Promise.all(held.map(shown))).toEqual(held.map(([, , wanted]) => wanted));
  const { corrections } = await client.learned({ file: null, folder });
  const statuses = corrections.map(({ status }) => status);
  expect(statuses).toEqual([
    ...OTHERS.map(() => "learned"),
    ...CONTRADICTING.slice(1).map(() => "superseded"),
    "learned",
  ]);
  client.close();
  await assistant.close();
  await rm(root, { recursive: true, force: true });
}, 300_000);
