import { describe, expect, test } from "vitest";
import { PLACEHOLDER, screened } from "./secrets.js";

/** Made up here, and never anybody's. */
const drawn = (length: number) =>
  Array.from({ length }, (_, at) => "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY1zA2"[(at * 7 + 3) % 36]).join("");
const SECRETS = {
  "a token of GitHub": [`const token = "ghp_${drawn(36)}";`, `ghp_${drawn(36)}`],
  "a key of AWS": [`{ secretAccessKey: "${drawn(40)}" }`, drawn(40)],
  "a password in a URL": ['connect("postgres://bob:s3cr3tpass@db.shop.test/x");', "s3cr3tpass"],
  "a named literal": ['apiKey: "a1b2c3d4e5f6",', "a1b2c3d4e5f6"],
  "a variable of the environment": ["SHOP_API_KEY=a1b2c3d4e5f6", "a1b2c3d4e5f6"],
  "a private key": [
    `-----BEGIN PRIVATE KEY-----\n${drawn(64)}\n${drawn(64)}\n${drawn(64)}\n-----END PRIVATE KEY-----`,
    drawn(64),
  ],
  "a password": ["password = 'hunter2hunter2'", "hunter2hunter2"],
} as const;

describe("a taught text with", () => {
  test.each(Object.entries(SECRETS))("%s is asked about, and not repeated", async (_name, [text, secret]) => {
    const asked = screened(text);
    await expect(asked).rejects.toMatchObject({ code: "correction-secret" });
    await expect(asked).rejects.not.toThrow(secret);
  });

  test.each(Object.entries(SECRETS))("%s can be taught without it", async (_name, [text, secret]) => {
    const without = await screened(text, "placeholder");
    expect(without).toContain(PLACEHOLDER);
    expect(without).not.toContain(secret);
    expect(await screened(without)).toBe(without);
  });

  test("a secret can be taught as it is", async () => {
    const [text] = SECRETS["a named literal"];
    expect(await screened(text, "teach")).toBe(text);
  });
});

test.each([
  'logger.warn("user not loaded", { id, error });',
  "const apiKey = process.env.SHOP_API_KEY_2;",
  'const apiKey = "YOUR_API_KEY_1";',
  'headers["x-api-key"] = config.key2;',
  'type TokenType = "access2token";',
  'const key = "user";',
  "for (const token of tokens2list) {",
  `password: "\${PASSWORD_2}"`,
  "",
])("%j is nobody's secret", async (text) => {
  expect(await screened(text)).toBe(text);
});
