/** Ends a command with an exit code of its own, and a sentence where there is something to say. */

export class Exit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number, sentence = "") {
    super(sentence);
    this.name = "Exit";
    this.exitCode = exitCode;
  }
}
