/** Types of extensionManifest.mjs, for the test that asks whether the manifest is up to date. */
export function generatedManifest(): Promise<Record<string, object>>;
