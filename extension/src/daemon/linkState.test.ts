import { expect, test } from "vitest";
import { daemon, project } from "../../test/daemonStates.js";
import { projectOf } from "./linkState.js";

const inner = { ...project, id: "p2", folder: "/home/ada/shop/vendor/part" };
const state = { ...daemon, projects: [project, inner] };

test.each([
  ["/home/ada/shop/src/a.ts", "p1"],
  ["/home/ada/shop/vendor/part/b.ts", "p2"],
  ["/home/ada/shopping/c.ts", undefined],
  [undefined, "p1"],
])("%s belongs to %s", (path, expected) => expect(projectOf(state, path)?.id).toBe(expected));
