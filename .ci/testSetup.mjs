// vitest's global setup: the command line that the flow tests run is bundled once, before the first of them starts.
export { bundle as setup } from "./build.mjs";
