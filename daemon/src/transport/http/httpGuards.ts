/**
 * What every HTTP request must show before anything else looks at it. On a TCP port the danger is the user's own
 * browser: a foreign page can make it send requests to 127.0.0.1, even under a foreign host's name. Such a request
 * carries an Origin, a Sec-Fetch-Site or that Host, can set no JSON content type without asking, and has no token.
 */

import type { IncomingHttpHeaders } from "node:http";
import { isSameToken } from "../daemon/token.js";
import { HttpRefusal } from "./httpErrors.js";

/** `port` null: a private socket, whose clients may give any Host. */
export interface Listener {
  readonly token: string;
  readonly port: number | null;
}

interface Shown {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** The reason to refuse, or undefined. */
export function refusalOf({ method, headers }: Shown, listener: Listener): HttpRefusal | undefined {
  if (listener.port !== null && !isOwnHost(headers.host, listener.port)) {
    return new HttpRefusal(403, "host-foreign", `ask 127.0.0.1:${listener.port} by that name`);
  }
  if (headers.origin !== undefined || !isOwnFetch(headers["sec-fetch-site"])) {
    return new HttpRefusal(
      403,
      "origin-foreign",
      "web pages may not ask this daemon; use a program of your own",
    );
  }
  const [, token] = /^Bearer ([0-9a-f]{1,128})$/.exec(headers.authorization ?? "") ?? [];
  if (token === undefined || !isSameToken(token, listener.token)) {
    return new HttpRefusal(401, "token-wrong", "send the token of the daemon's token file as a bearer token");
  }
  if (method === "POST" && !isJson(headers["content-type"])) {
    return new HttpRefusal(415, "content-type", "send the body as application/json");
  }
  return undefined;
}

function isOwnHost(host: string | undefined, port: number): boolean {
  return ["127.0.0.1", "localhost", "[::1]"].some((name) => host?.toLowerCase() === `${name}:${port}`);
}

/** Browsers say from where a request comes; `none` is the user's own typing. Programs say nothing. */
function isOwnFetch(site: string | string[] | undefined): boolean {
  return site === undefined || site === "same-origin" || site === "none";
}

function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? "");
}
