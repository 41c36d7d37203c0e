import { describe, expect, test } from "vitest";
import { readMessageOptions } from "./messageOptions.js";
import { parseOrg } from "./parseOrg.js";

function optionsOf(...properties: string[]) {
  const text = ["* A", ":PROPERTIES:", ...properties, ":END:"].join("\n");
  const [node] = parseOrg({ text, path: "sft.org" }).samples.flat();
  return node && readMessageOptions(node, "sft.org");
}

describe("the properties of a message", () => {
  test("have the format's defaults", () => {
    expect(optionsOf()).toEqual({
      Prefix: "",
      Postfix: "",
      temperature: 0.2,
      TopP: 0.2,
      MinLoss: 0.5,
      TrainTimes: 1,
      TokenCount: 0,
      TokenBan: [0],
      TokenStop: [65535, 65530],
      NextRole: "request",
      isOver: true,
    });
  });

  test.each([
    [":temperature: .75", { temperature: 0.75 }],
    [":Temperature: 9", { temperature: 0.2 }],
    [":TokenBan: 0  11 261", { TokenBan: [0, 11, 261] }],
    [":TokenStop:", { TokenStop: [] }],
    [":Prefix: a  b ", { Prefix: "a  b" }],
    [":isOver: FALSE", { isOver: false }],
    [":isOver: True", { isOver: true }],
    [":CUSTOM_ID: anything", {}],
  ])("%s", (property, expected) => expect(optionsOf(property)).toMatchObject(expected));

  test.each([
    [":TopP: high", "a property TopP that must be a number such as 0.5"],
    [":TokenBan: a b", "a property TokenBan that must be token ids with spaces between them"],
    [":isOver: 1", "a property isOver that must be True or False"],
  ])("%s is refused", (property, message) =>
    expect(() => optionsOf(property)).toThrow(`the headline in line 1 of sft.org has ${message}`),
  );
});
