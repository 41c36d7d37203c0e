/**
 * What the user has just called wrong, so that it is not offered again in the seconds until the model has learned.
 * Holds a few places; pure but for its own list.
 */

/** More corrections than this are never under way at once. */
const PLACES_MAX = 50;

export interface RejectedPlace {
  readonly uri: string;
  /** The line up to the cursor: the line number may change, what stands there matters. */
  readonly before: string;
  readonly text: string;
}

export interface RejectedTexts {
  add(correctionId: string, place: RejectedPlace): void;
  /** The correction is settled or taken back: the model speaks for itself again. */
  forget(correctionId: string): void;
  has(place: RejectedPlace): boolean;
}

export function createRejectedTexts(): RejectedTexts {
  const places = new Map<string, RejectedPlace>();
  return {
    add(correctionId, place) {
      places.set(correctionId, place);
      const [oldest] = places.keys();
      if (places.size > PLACES_MAX && oldest !== undefined) places.delete(oldest);
    },
    forget: (correctionId) => void places.delete(correctionId),
    has: ({ uri, before, text }) =>
      [...places.values()].some(
        (place) => place.uri === uri && place.before === before && place.text === text,
      ),
  };
}
