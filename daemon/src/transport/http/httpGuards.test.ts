import type { IncomingHttpHeaders } from "node:http";
import { describe, expect, test } from "vitest";
import { refusalOf } from "./httpGuards.js";

const TOKEN = "a".repeat(64);
const own = { authorization: `Bearer ${TOKEN}`, host: "127.0.0.1:4000" };
const onPort = { token: TOKEN, port: 4000 };
const onSocket = { token: TOKEN, port: null };

function check(listener: typeof onPort | typeof onSocket, headers: IncomingHttpHeaders, method = "GET") {
  return refusalOf({ method, headers }, listener)?.code ?? "let in";
}

describe("on a port", () => {
  test.each<[string, IncomingHttpHeaders, string]>([
    ["its own address", {}, "let in"],
    ["its own name", { host: "localhost:4000" }, "let in"],
    ["its own name in capitals", { host: "LocalHost:4000" }, "let in"],
    ["the other address family", { host: "[::1]:4000" }, "let in"],
    ["another name that leads here", { host: "attacker.example:4000" }, "host-foreign"],
    ["a name that begins alike", { host: "localhost.attacker.example:4000" }, "host-foreign"],
    ["another port", { host: "127.0.0.1:4001" }, "host-foreign"],
    ["no port", { host: "127.0.0.1" }, "host-foreign"],
    ["no host", { host: undefined }, "host-foreign"],
    ["a page's origin", { origin: "https://attacker.example" }, "origin-foreign"],
    ["a local page's origin", { origin: "http://127.0.0.1:4000" }, "origin-foreign"],
    ["an opaque origin", { origin: "null" }, "origin-foreign"],
    ["a fetch of another site", { "sec-fetch-site": "cross-site" }, "origin-foreign"],
    ["a fetch of a sister site", { "sec-fetch-site": "same-site" }, "origin-foreign"],
    ["the address bar", { "sec-fetch-site": "none" }, "let in"],
    ["no token", { authorization: undefined }, "token-wrong"],
    ["a wrong token", { authorization: `Bearer ${"b".repeat(64)}` }, "token-wrong"],
    ["half a token", { authorization: `Bearer ${TOKEN.slice(32)}` }, "token-wrong"],
    ["another scheme", { authorization: `Basic ${TOKEN}` }, "token-wrong"],
    ["a bare token", { authorization: TOKEN }, "token-wrong"],
    ["two tokens", { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` }, "token-wrong"],
  ])("%s", (_name, headers, expected) => {
    expect(check(onPort, { ...own, ...headers })).toBe(expected);
  });
});

describe("a body", () => {
  test.each([
    ["application/json", "let in"],
    ["application/json; charset=utf-8", "let in"],
    ["Application/JSON", "let in"],
    ["text/plain", "content-type"],
    ["application/x-www-form-urlencoded", "content-type"],
    ["multipart/form-data; boundary=application/json", "content-type"],
    ["application/jsonp", "content-type"],
    ["text/plain; application/json", "content-type"],
    [undefined, "content-type"],
  ])("of type %s", (type, expected) => {
    expect(check(onPort, { ...own, "content-type": type }, "POST")).toBe(expected);
    expect(check(onSocket, { ...own, "content-type": type }, "POST")).toBe(expected);
  });
});

describe("on the private socket", () => {
  test.each<[string, IncomingHttpHeaders, string]>([
    ["any host", { host: "whatever" }, "let in"],
    ["no token", { authorization: undefined }, "token-wrong"],
    ["a page's origin", { origin: "https://attacker.example" }, "origin-foreign"],
  ])("%s", (_name, headers, expected) => {
    expect(check(onSocket, { ...own, ...headers })).toBe(expected);
  });
});
