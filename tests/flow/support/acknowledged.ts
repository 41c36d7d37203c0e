/** Lessons that are taught while something goes wrong, and what the journal says of those that were acknowledged. */

import { join } from "node:path";
import { readJournal } from "../../../daemon/src/journal/segments.js";
import type { LspClient } from "./lspClient.js";

/** Corrects a document of its own in `project`. Resolves with the correction's id once it is acknowledged. */
export async function teach(client: LspClient, project: string, lesson: number): Promise<string> {
  const wanted = `value${lesson}();`;
  const before = `const lesson${lesson} = `;
  const document = client.open(join(project, `lesson${lesson}.ts`), `${before}${wanted}\n`);
  const range = {
    start: document.positionAt(before.length),
    end: document.positionAt(before.length + wanted.length),
  };
  const corrected = client.correct({ kind: "selection", textDocument: { uri: document.uri }, range });
  const gone = client.ended.then(() => Promise.reject(new Error("the daemon has gone")));
  return (await Promise.race([corrected, gone])).correctionId;
}

/** How often the journal in `folder` holds each correction, how often it says that it was trained, and what is unsound. */
export async function accountOf(folder: string) {
  const kept = new Map<string, number>();
  const trained = new Map<string, number>();
  const wanted: string[] = [];
  const count = (counts: Map<string, number>, id: string) => counts.set(id, (counts.get(id) ?? 0) + 1);
  const { damage } = await readJournal({
    folder,
    onRecord: (record) => {
      if (record.kind === "correction") {
        count(kept, record.id);
        wanted.push(record.wanted.text);
      }
      if (record.kind === "trained" && record.purpose === "new") count(trained, record.correctionId);
    },
  });
  return { kept, trained, wanted, damage };
}
