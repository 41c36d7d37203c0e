/**
 * How many bytes the daemon keeps of each kind beside the model itself; `ouro status` shows what it holds of each. Nothing
 * of this is all there is of it: what goes is read, loaded or computed again when it is next needed.
 */

const MIB = 1024 * 1024;

/** States of open documents and conversations. Beside a model's weights this is little on a machine that runs an editor. */
export const STATES_BYTES_MAX = 256 * MIB;
/** Adapters of open projects: 30 MB each where the embedded model is taught, so eight projects; of a LoRA, dozens. */
export const ADAPTERS_BYTES_MAX = 256 * MIB;
/** What the base says before training, States and logits: 64 States and 16 windows of the embedded model. */
export const BASE_STATES_BYTES_MAX = 32 * MIB;
export const REFERENCES_BYTES_MAX = 64 * MIB;
/** Completions that may still be corrected, with the text around them: the newest thousand of a few KB. */
export const GIVEN_BYTES_MAX = 32 * MIB;
