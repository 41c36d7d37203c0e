import { expect, test } from "vitest";
import { oneLine } from "./format.js";

test("a text on one line cannot move the cursor, colour the terminal or turn the writing round", () => {
  const shown = (text: string) => oneLine({ text, widthMax: 40 });
  expect(shown("a;\r\n\tb;\rc;\n")).toBe("a;⏎→b;⏎c;⏎");
  expect(shown("\u001b[31mred\u0007\u202e\u2066\u009b")).toBe("�[31mred����");
  expect(shown("é 👩‍👧 ش")).toBe("é 👩‍👧 ش");
});
