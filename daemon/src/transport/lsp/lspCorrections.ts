/** The requests by which an LSP client teaches, un-teaches, and asks what was taught. */

import type { TextDocument } from "vscode-languageserver-textdocument";
import type { KeptCorrection } from "../../assistant/assistant.js";
import { inExcerpts } from "../../assistant/learnedInFull.js";
import { AppError } from "../../base/errors.js";
import {
  type CorrectParams,
  type CorrectResult,
  correctParamsSchema,
  learnedParamsSchema,
  resetParamsSchema,
  undoParamsSchema,
} from "../../protocol/corrections.js";
import { REQUESTS } from "../../protocol/methods.js";
import type { Range } from "../../protocol/places.js";
import { pauseParamsSchema, stateParamsSchema } from "../../protocol/state.js";
import { type AcceptedAtResult, acceptedAtParamsSchema } from "../../protocol/suggestions.js";
import type { LspSession } from "./lspSession.js";

export function answerCorrections(session: LspSession): void {
  const { connection, client, documents, accepted } = session;

  connection.onRequest(
    REQUESTS.acceptedAt,
    session.guarded(acceptedAtParamsSchema, async ({ textDocument, position }): Promise<AcceptedAtResult> => {
      const document = documents.get(textDocument.uri);
      const found = document && accepted.at(textDocument.uri, document.offsetAt(position));
      if (!document || !found) return null;
      const { completionId, proposed, range } = found;
      const [start, end] = [document.positionAt(range.start), document.positionAt(range.end)];
      return { completionId, proposed, kept: document.getText({ start, end }), range: { start, end } };
    }),
  );
  connection.onRequest(
    REQUESTS.correct,
    session.guarded(correctParamsSchema, async (params): Promise<CorrectResult> => {
      const { correctionId, project, replaces } = await correct(session, params);
      return { correctionId, project, replaces };
    }),
  );
  connection.onRequest(
    REQUESTS.undo,
    session.guarded(undoParamsSchema, ({ uri, correctionId }) =>
      client.undo({ where: session.whereIs(uri), ...(correctionId === undefined ? {} : { correctionId }) }),
    ),
  );
  connection.onRequest(
    REQUESTS.reset,
    session.guarded(resetParamsSchema, ({ uri, action }) =>
      client.reset({ where: session.whereIs(uri), action }),
    ),
  );
  connection.onRequest(
    REQUESTS.learned,
    session.guarded(learnedParamsSchema, async ({ uri }) =>
      inExcerpts(await client.learned(session.whereIs(uri))),
    ),
  );
  connection.onRequest(
    REQUESTS.state,
    session.guarded(stateParamsSchema, ({ uri }) => client.state(session.whereIs(uri))),
  );
  connection.onRequest(
    REQUESTS.pause,
    session.guarded(pauseParamsSchema, async ({ isPaused }) => client.setPaused(isPaused)),
  );
}

async function correct(session: LspSession, params: CorrectParams): Promise<KeptCorrection> {
  const { client, documents, accepted } = session;
  switch (params.kind) {
    case "completion":
      return client.correctCompletion({ ...params, source: "teach" });
    case "accepted": {
      const found = accepted.get(params.completionId);
      if (!found) {
        throw new AppError(
          "completion-unknown",
          "this suggestion is no longer followed; select the text as it should be and correct that",
        );
      }
      const text = documents.mustGet(found.uri).getText();
      const wanted = text.slice(found.range.start, found.range.end);
      return client.correctCompletion({ ...params, wanted, source: "edit" });
    }
    case "selection": {
      const { uri } = params.textDocument;
      const where = session.whereIs(uri);
      return client.correctPlace({
        where,
        ...aroundSelection(documents.mustGet(uri), params.range),
        secrets: params.secrets,
      });
    }
    case "answer": {
      const { folder: uri, ...rest } = params;
      return client.correctAnswer({ ...rest, where: session.whereIs(uri) });
    }
  }
}

/**
 * White space around the selected text is not part of the lesson: an editor has indented the line before it asks, and
 * the line's end stands there already.
 */
function aroundSelection(document: TextDocument, range: Range) {
  const text = document.getText();
  const [from, to] = [document.offsetAt(range.start), document.offsetAt(range.end)];
  const selected = text.slice(from, to);
  const start = from + (selected.length - selected.trimStart().length);
  const end = Math.max(start, to - (selected.length - selected.trimEnd().length));
  return { prefix: text.slice(0, start), suffix: text.slice(end), wanted: text.slice(start, end) };
}
