/** The reference as a subject of the conformance runner. Reads safetensors only. */

import type { Subject } from "../../../daemon/src/lab/conformance/subject.js";
import { referenceInspector } from "./inspector.js";
import { readSafetensors } from "./safetensors.js";
import { occurrencesAfterEach, probabilitiesOf } from "./sampling.js";
import { createTokenizer } from "./tokenizer.js";
import { readVocabulary } from "./vocabulary.js";

export function referenceSubject(): Subject {
  return {
    inspector: referenceInspector(),
    readTensors: (path) => new Map(Object.entries(readSafetensors(path))),
    samplingProbabilities: probabilitiesOf,
    occurrencesAfterEach,
    openTokenizer: (path) => createTokenizer(readVocabulary(path)),
  };
}
