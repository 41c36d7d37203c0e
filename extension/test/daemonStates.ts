/** States of a daemon for tests: a usual one, to be varied. */

import type { DaemonState, ProjectState } from "../../daemon/src/protocol/state.js";

export const project: ProjectState = {
  id: "p1",
  name: "shop",
  folder: "/home/ada/shop",
  adapterVersion: 37,
  learned: 5,
  learning: { kind: "idle" },
};

export const daemon: DaemonState = {
  version: "0.1.0",
  pid: 4711,
  home: "/home/someone/.local/share/ouroboros",
  model: { kind: "ready", name: "embedded", isEmbedded: true, parameters: 7_419_136, canConverse: false },
  projects: [project],
  notices: [],
};
