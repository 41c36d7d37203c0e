/** What the daemon serves, and how it speaks to editors: handed in, since nothing beside this file knows a model. */

import type { Duplex } from "node:stream";
import type { Assistant } from "../../assistant/assistant.js";
import type { Log } from "../../base/log.js";

export interface Product {
  /** `onHomeLost`: its data home was deleted, moved or replaced, so that it can keep nothing more. */
  readonly openAssistant: (options: {
    readonly log: Log;
    readonly onHomeLost: () => void;
  }) => Promise<Assistant>;
  readonly serveLsp: (options: {
    readonly stream: Duplex;
    readonly assistant: Assistant;
    readonly log: Log;
    readonly version: string;
  }) => { close(): void };
}
