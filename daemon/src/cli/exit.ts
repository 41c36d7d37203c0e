/** Ends a command with an exit code of its own, and a message where there is something to show. */

export class Exit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number, message = "") {
    super(message);
    this.name = "Exit";
    this.exitCode = exitCode;
  }
}
