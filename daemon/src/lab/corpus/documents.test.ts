import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { DocumentWriter, readDocuments } from "./documents.js";

it("gives back every text, line ends of Unicode, and lines longer than a piece of the file, included", async () => {
  const texts = ["a\nb\r\nc\n", "one\u2028two\u2029three\u0085four", "", "long ".repeat(100_000)];
  const documents = texts.map((text, index) => ({
    package: "own",
    path: `${index}.txt`,
    language: "text",
    split: "train" as const,
    text,
  }));
  const folder = await mkdtemp(join(tmpdir(), "ouro-documents-"));
  const writer = await DocumentWriter.open(folder);
  await writer.write(documents);
  await writer.finish();
  const read: unknown[] = [];
  for await (const document of readDocuments(folder)) read.push(document);
  expect(read).toEqual(documents);
  await rm(folder, { recursive: true });
});
