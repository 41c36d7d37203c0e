/** How the state of the daemon's model reads to a person. */

import { assertNever } from "../../base/errors.js";
import type { ModelState } from "../../protocol/state.js";
import { formatCount } from "../format.js";

export function describeModelState(model: ModelState): string {
  switch (model.kind) {
    case "unloaded":
      return "not loaded; the first request loads it";
    case "loading":
      return "loading";
    case "ready":
      return `${model.isEmbedded ? "the embedded one" : model.name}, ${formatCount(model.parameters)} parameters`;
    case "failed":
      return `cannot be loaded: ${model.message}`;
    default:
      return assertNever(model);
  }
}
