/** One file of a package, wherever the package came from. */
export interface PackageFile {
  /** Path inside the package, with `/` between names. */
  readonly path: string;
  readonly bytes: Uint8Array;
}
