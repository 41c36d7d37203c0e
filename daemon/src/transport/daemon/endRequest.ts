/** The request that the daemon end, from wherever it comes: a signal, a client, nobody's using it, or a
 * data home that is gone. The first counts. */

type EndReason = "signal" | "drain" | "stop" | "idle" | "home-lost";

export class EndRequest {
  /** Resolves with the first reason. */
  readonly asked: Promise<EndReason>;
  #isAsked = false;
  #resolve: (reason: EndReason) => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.asked = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    if (signal.aborted) this.ask("signal");
    signal.addEventListener("abort", () => this.ask("signal"), { once: true });
  }

  get isAsked(): boolean {
    return this.#isAsked;
  }

  ask(reason: EndReason): void {
    this.#isAsked = true;
    this.#resolve(reason);
  }
}
