/** The view's icons, drawn as strokes on a grid of 16, in the colour of the text around them. */

export const ICONS = {
  send: "M8 13V3.5M3.8 7.2 8 3l4.2 4.2",
  stop: "M4.5 4.5h7v7h-7z",
  edit: "M10.8 2.8 13.2 5.2 5.4 13H3v-2.4zM9.2 4.4l2.4 2.4",
  copy: "M5.5 5.5h7v7.5h-7zM3.5 10.5v-8h7",
  insert: "M8 2v7.5M4.8 6.4 8 9.6l3.2-3.2M2.5 13h11",
  check: "M3 8.5 6.5 12 13 4.5",
  cross: "M4 4l8 8M12 4l-8 8",
  clock: "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 5v3.2l2.2 1.3",
  warning: "M8 2.5 14 13H2zM8 6.5v3M8 11.2v.3",
} as const;

export type IconName = keyof typeof ICONS;
