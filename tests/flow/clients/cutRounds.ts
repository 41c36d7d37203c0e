/**
 * Rounds in which one client is lost with requests in flight while another works on: all that the other asks must be
 * answered, by the same daemon. What is drawn follows from the seed alone.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";
import { locateDataHome } from "../../../daemon/src/base/dataHome.js";
import { permutation, type Random, seededRandom } from "../../../daemon/src/base/random.js";
import { chatResultSchema } from "../../../daemon/src/protocol/chat.js";
import { correctResultSchema, learnedResultSchema } from "../../../daemon/src/protocol/corrections.js";
import { REQUESTS } from "../../../daemon/src/protocol/methods.js";
import { shakeHands } from "../../../daemon/src/transport/daemon/clientHandshake.js";
import { locateRuntime, platformOf } from "../../../daemon/src/transport/daemon/runtimeFolder.js";
import { createHttpClient } from "../../../daemon/src/transport/http/httpClient.js";
import { runCli, scratchFolder } from "../support/cli.js";
import { writeTinyModel } from "../support/tinyModel.js";
import { type Cut, connectAndCut, type Doors, KINDS, WAYS } from "./clientToCut.js";

const DELAY_MS_MAX = 250;
/** An answer of the other client on a machine that is busy. */
const PATIENCE_MS = 30_000;
/** Lessons of the other client are few: what it teaches is trained while others are cut. */
const ROUNDS_PER_LESSON = 10;

interface Outcome {
  readonly cut: Cut;
  /** Undefined: the other client was answered, by the daemon that ran before. */
  readonly fault: string | undefined;
}

/** One of every kind and way before any comes again. */
function drawCuts(rounds: number, random: Random): readonly Cut[] {
  const all = KINDS.flatMap((kind) => WAYS.map((way) => ({ kind, ...way })));
  const order = permutation(all.length, random);
  return Array.from({ length: rounds }, (_, round) => {
    const drawn = all[order[round % all.length] ?? 0];
    if (!drawn) throw new RangeError("nothing to draw");
    return { ...drawn, round, delayMs: random.below(DELAY_MS_MAX + 1) };
  });
}

/** A data home with a daemon that has loaded a small model. */
export async function startDaemon() {
  const scratch = scratchFolder();
  const folder = join(scratch.path, "shop");
  mkdirSync(join(folder, ".git"), { recursive: true });
  const home = locateDataHome({ OURO_HOME: join(scratch.path, "ouro-home") });
  const runtime = locateRuntime(home, platformOf(process.env));
  const ouro = (...args: readonly string[]) => runCli({ args, home: scratch.path, folder });
  await ouro("model", "use", await writeTinyModel(join(scratch.path, "model")));
  const { stdout, stderr } = await ouro("start", "--json");
  if (stderr !== "") throw new Error(stderr);
  const { lspSocket, httpSocket } = runtime;
  const doors: Doors = {
    lspSocket,
    httpSocket,
    token: readFileSync(runtime.token, "utf8"),
    folder,
    home: home.root,
  };
  const pid = Number(JSON.parse(stdout).pid);
  const http = createHttpClient({ socketPath: httpSocket, token: doors.token });
  const end = async () => {
    await ouro("stop");
    scratch.remove();
  };
  return { doors, pid, http, runtime, ouro, end };
}

/** An LSP client that has opened one document, on the daemon's own socket. */
export async function connectWell({ lspSocket, token, folder }: Doors) {
  const handshake = await shakeHands({ socketPath: lspSocket, token, version: "0.0.1", want: "lsp" });
  if (handshake.kind !== "welcome") throw new Error(`the daemon let nobody in: ${handshake.kind}`);
  const { stream } = handshake;
  const connection = createProtocolConnection(
    new StreamMessageReader(stream),
    new StreamMessageWriter(stream),
  );
  connection.onError(() => {});
  // Disposed, it fails what waits for an answer.
  stream.once("close", () => connection.dispose());
  connection.listen();
  // It comes paused.
  stream.resume();
  const rootUri = pathToFileURL(folder).href;
  await connection.sendRequest("initialize", { processId: null, rootUri, capabilities: {} });
  await connection.sendNotification("initialized", {});
  const uri = pathToFileURL(join(folder, "well.ts")).href;
  const textDocument = { uri, languageId: "typescript", version: 1, text: "const answer = " };
  await connection.sendNotification("textDocument/didOpen", { textDocument });
  return {
    stream,
    connection,
    complete: () =>
      connection.sendRequest<unknown>("textDocument/inlineCompletion", {
        textDocument: { uri },
        position: { line: 0, character: 15 },
        context: { triggerKind: 1 },
      }),
    learned: async () =>
      learnedResultSchema.parse(await connection.sendRequest(REQUESTS.learned, { uri: rootUri })),
    chat: async () => {
      const turns = [{ role: "user", text: "What is this?" }];
      const params = { chatId: "well", folder: rootUri, turns };
      return chatResultSchema.parse(await connection.sendRequest(REQUESTS.chat, params));
    },
    correct: async (wanted: string) => {
      const turns = [{ role: "user", text: "Which round?" }];
      const params = { kind: "answer", folder: rootUri, turns, rejected: "None.", wanted };
      return correctResultSchema.parse(await connection.sendRequest(REQUESTS.correct, params));
    },
  };
}

/** Each round's outcome; it ends with the first fault, since a daemon that is gone faults in all that follow. */
export async function cutRounds(rounds: number, seed: number): Promise<readonly Outcome[]> {
  const { doors, pid, http, end } = await startDaemon();
  const outcomes: Outcome[] = [];
  try {
    const other = await connectWell(doors);
    for (const cut of drawCuts(rounds, seededRandom(seed))) {
      const asked = [
        other.complete(),
        other.learned(),
        ...(cut.round % 2 === 0 ? [other.chat()] : []),
        ...(cut.round % ROUNDS_PER_LESSON === 0 ? [other.correct(`Round ${cut.round}, of course.`)] : []),
        http.complete({ folder: doors.folder, path: "b.ts", prefix: "let b = " }, never),
      ];
      const fault = await inTime(Promise.all([connectAndCut(doors, cut), ...asked]))
        // What the client leaves behind is met by whoever asks next.
        .then(() => inTime(Promise.all([other.complete(), other.learned(), http.health()])))
        .then(([, , now]) => (now.pid === pid ? undefined : `process ${now.pid} answers in place of ${pid}`))
        .catch(String);
      outcomes.push({ cut, fault });
      if (fault !== undefined) break;
    }
    other.stream.destroy();
  } finally {
    await end();
  }
  return outcomes;
}

const never = new AbortController().signal;

async function inTime<T>(answered: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the other client was not answered")), PATIENCE_MS);
  });
  return Promise.race([answered, late]).finally(() => clearTimeout(timer));
}
