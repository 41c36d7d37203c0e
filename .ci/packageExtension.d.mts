/** Types of packageExtension.mjs, for the test of what is shipped. */
export const staging: string;
export function packageExtension(options: { readonly log: string }): Promise<string | undefined>;
