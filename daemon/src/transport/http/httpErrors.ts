/** What an HTTP client is told of a failure: a status, a stable code and one sentence, and nothing of the inside. */

import { AppError, type AppErrorCode } from "../../base/errors.js";
import { EngineError } from "../../engine/engine.js";
import type { ErrorAnswer } from "../../protocol/routes.js";

/** Refused by the server, before the daemon has done anything. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = "HttpRefusal";
    this.status = status;
    this.code = code;
  }
}

/** A daemon that ends answers nothing more; the next one does. */
export function draining(): HttpRefusal {
  return new HttpRefusal(503, "draining", "this daemon is about to end; ask again");
}

interface HttpFailure {
  readonly status: number;
  readonly answer: ErrorAnswer;
}

/** The client's own mistake, or a state it can wait for; every other code is the daemon's trouble: 500. */
const STATUS_OF: Readonly<Partial<Record<AppErrorCode, number>>> = {
  "request-invalid": 400,
  "input-invalid": 400,
  "input-too-large": 413,
  "correction-empty": 400,
  "correction-too-long": 413,
  "correction-invalid": 400,
  "correction-invisible": 400,
  "correction-unshown": 400,
  "correction-secret": 422,
  "record-too-long": 413,
  "correction-unknown": 404,
  "completion-unknown": 404,
  "correction-undone": 409,
  "nothing-to-undo": 409,
  "taught-since": 409,
  "project-full": 409,
  "project-unclear": 409,
  "journal-busy": 503,
  "learning-busy": 503,
  "learning-closed": 503,
  "client-closed": 503,
  "home-unwritable": 507,
  "journal-write": 507,
  "adapter-write": 507,
  "catalog-write": 507,
};

export function httpFailure(error: unknown): HttpFailure {
  if (error instanceof HttpRefusal) return failure(error.status, error);
  if (error instanceof AppError) return failure(STATUS_OF[error.code] ?? 500, error);
  // Work that was under way when the daemon had to end finds its engine closed.
  if (error instanceof EngineError && error.code === "closed") return httpFailure(draining());
  if (error instanceof EngineError) return failure(500, error);
  return (
    bodyFailure(error) ?? failure(500, { code: "internal", message: "the daemon failed; its log says where" })
  );
}

function failure(status: number, answer: ErrorAnswer): HttpFailure {
  return { status, answer: { code: answer.code, message: answer.message } };
}

/** The body parser's refusals carry a type. Their own words would quote the body. */
function bodyFailure(error: unknown): HttpFailure | undefined {
  if (!(error instanceof Error) || !("type" in error)) return undefined;
  switch (error.type) {
    case "entity.too.large":
      return failure(413, { code: "body-too-large", message: "the body is too large; send less text" });
    case "entity.parse.failed":
      return failure(400, { code: "request-invalid", message: "the body is not valid JSON; mend it" });
    case "encoding.unsupported":
    case "charset.unsupported":
      return failure(415, { code: "content-type", message: "send plain UTF-8, without compression" });
    case "request.aborted":
    case "request.size.invalid":
      return failure(400, { code: "request-invalid", message: "the body ended early; send all of it" });
    default:
      return undefined;
  }
}
