import { expect, test } from "vitest";
import { statedLicence } from "./statedLicence.js";

function stated(registry: "npm" | "pypi" | "crates" | "folder", files: Readonly<Record<string, string>>) {
  return statedLicence(
    registry,
    Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.from(text) })),
  );
}

const BSD_2 =
  "Redistribution and use in source and binary\nforms, with or without modification, are permitted";
const BSD_3 = `${BSD_2} provided that: Neither the name of the copyright holder nor its contributors may be used`;
const MIT = "Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software";
const ISC =
  "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.";
const ZERO_BSD =
  "Permission to use, copy, modify, and/or distribute this software for any purpose is granted.";

const wheel = (metadata: string, licence = "") => ({
  "a-1.dist-info/METADATA": `Metadata-Version: 2.4\n${metadata}\n\nreadme`,
  "a-1.dist-info/licenses/LICENSE.txt": licence,
});

test.each([
  ["npm", { "package.json": '{"license":"MIT"}' }, "MIT"],
  ["npm", { "package.json": '{"license":{"type":"ISC"}}' }, "ISC"],
  ["npm", { "package.json": '{"name":"a"}' }, undefined],
  ["npm", { "package.json": "{" }, undefined],
  ["npm", {}, undefined],
  ["crates", { "Cargo.toml": '[package]\nlicense = "MIT/Apache-2.0"' }, "MIT OR Apache-2.0"],
  ["crates", { "Cargo.toml": '[package]\nlicense-file = "LICENSE"' }, undefined],
  ["crates", { "Cargo.toml": "[package" }, undefined],
  ["pypi", wheel("License-Expression: MIT OR Apache-2.0\nLicense: something"), "MIT OR Apache-2.0"],
  ["pypi", wheel("License: Apache License 2.0"), "Apache-2.0"],
  ["pypi", wheel("Classifier: License :: OSI Approved :: MIT License"), "MIT"],
  [
    "pypi",
    wheel(
      "License: Copyright (c) Somebody\n Permission is\nClassifier: License :: OSI Approved :: MIT License",
    ),
    "MIT",
  ],
  ["pypi", wheel("Classifier: License :: OSI Approved :: BSD License", BSD_3), "BSD-3-Clause"],
  ["pypi", wheel("License: BSD", BSD_2), "BSD-2-Clause"],
  ["pypi", wheel("License: BSD", "All rights reserved."), undefined],
  [
    "pypi",
    wheel(
      "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: Apache Software License",
    ),
    "MIT AND Apache-2.0",
  ],
  [
    "pypi",
    wheel(
      "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
    ),
    undefined,
  ],
  ["pypi", wheel("Name: a"), undefined],
  ["folder", { "package.json": '{"license":"MIT"}' }, "MIT"],
  ["folder", { LICENSE: MIT }, "MIT"],
  ["folder", { "LICENSE.md": ISC }, "ISC"],
  ["folder", { COPYING: ZERO_BSD }, "0BSD"],
  ["folder", { LICENSE: `${MIT}\n${BSD_3}` }, undefined],
  ["folder", { "docs/LICENSE": MIT }, undefined],
] as const)("%s with %j is under %s", (registry, files, expected) => {
  expect(stated(registry, files)).toBe(expected);
});
