import { expect, test } from "vitest";
import { daemon, project } from "../test/daemonStates.js";
import { projectOf } from "./linkState.js";

const inner = { ...project, id: "p2", folder: "/work/shop/vendor/part" };
const state = { ...daemon, projects: [project, inner] };

test.each([
  ["/work/shop/src/a.ts", "p1"],
  ["/work/shop/vendor/part/b.ts", "p2"],
  ["/work/shopping/c.ts", undefined],
  [undefined, "p1"],
])("%s belongs to %s", (path, expected) => expect(projectOf(state, path)?.id).toBe(expected));
