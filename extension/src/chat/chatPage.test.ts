import { expect, test } from "vitest";
import { chatPage } from "./chatPage.js";

const page = chatPage({
  nonce: "abc123",
  script: "https://files/chat.js",
  style: "https://files/chat.css",
  source: "https://files",
  language: "zh-cn",
  strings: { send: '"><script>alert(1)</script>' },
});

test("allows nothing but its own script and style", () => {
  const policy = /Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? "";
  expect(policy.split("; ")).toEqual([
    "default-src 'none'",
    "script-src 'nonce-abc123'",
    "style-src 'nonce-abc123' https://files",
    "base-uri 'none'",
    "form-action 'none'",
  ]);
});

test("a sentence stays within its attribute", () => {
  expect(page.match(/<script/g)).toHaveLength(1);
  expect(page).toContain("&quot;&gt;&lt;script&gt;");
});
