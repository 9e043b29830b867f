// The level of the tenant as the mesh tells it while pages are looked at: one stream for all pages of a browser, taken up
// again with growing pauses.

import type { LevelStatus } from "../wire/governor";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";

const SHORTEST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** A stream that lasted so long ended for no fault of its own. */
const STEADY_MS = 10_000;

const NAME = "soma.level";
const ASKED = "asked";

export class Level {
  /** Undefined until the mesh has told it. */
  readonly status = new Cell<LevelStatus | undefined>(undefined);
  /** Why it is not told just now. */
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly #others = new BroadcastChannel(NAME);
  #source: EventSource | undefined;
  #pause = SHORTEST_PAUSE;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** There while this page wants to know; ends its turn to listen for all. */
  #interest: AbortController | undefined;
  #leads = false;

  constructor(private readonly rest: Rest) {
    document.addEventListener("visibilitychange", () => this.look());
    this.#others.addEventListener("message", (event: MessageEvent<LevelStatus | typeof ASKED>) => this.#hear(event.data));
  }

  /** Watches, or lets it be while nobody looks. */
  look(): void {
    if (document.hidden) {
      this.#interest?.abort();
      this.#interest = undefined;
    } else if (this.#interest === undefined) {
      this.#interest = new AbortController();
      void this.#lead(this.#interest.signal);
    } else if (this.#leads && this.#source === undefined) {
      this.#pause = SHORTEST_PAUSE;
      this.#open();
    }
  }

  /** One page of a browser listens for all that are looked at: it has few connections to a mesh. */
  async #lead(interest: AbortSignal): Promise<void> {
    const leading = async (): Promise<void> => {
      this.#leads = true;
      this.#pause = SHORTEST_PAUSE;
      this.#open();
      await new Promise((resolve) => interest.addEventListener("abort", resolve));
      this.#leads = false;
      this.#close();
    };
    if (!("locks" in navigator)) {
      await leading(); // a page that came without TLS from another machine
      return;
    }
    this.#others.postMessage(ASKED);
    try {
      await navigator.locks.request(NAME, { signal: interest }, leading);
    } catch (error) {
      if (!interest.aborted) {
        throw error;
      }
    }
  }

  #open(): void {
    clearTimeout(this.#timer);
    const source = new EventSource("/api/v1/level:watch");
    const opened = performance.now();
    this.#source = source;
    source.addEventListener("message", (event) => {
      this.#tell((JSON.parse(String(event.data)) as { status: LevelStatus }).status);
    });
    source.addEventListener("error", () => {
      if (source === this.#source) {
        this.#close();
        this.#pause = performance.now() - opened > STEADY_MS ? SHORTEST_PAUSE : this.#pause;
        void this.#ask();
      }
    });
  }

  /** The stream has ended: asks once, which also renews the session, and watches again after a while. */
  async #ask(): Promise<void> {
    const pause = this.#pause * (0.75 + Math.random() / 2);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE);
    this.#timer = setTimeout(() => this.#again(), pause);
    try {
      this.#tell((await this.rest.get<{ status: LevelStatus }>("/api/v1/level")).status);
    } catch (error) {
      this.problem.value = refusalOf(error);
    }
  }

  #again(): void {
    if (this.#leads && this.#source === undefined) {
      this.#open();
    }
  }

  #tell(status: LevelStatus): void {
    this.#show(status);
    this.#others.postMessage(status);
  }

  #hear(told: LevelStatus | typeof ASKED): void {
    if (told !== ASKED) {
      this.#show(told);
    } else if (this.#leads && this.status.value !== undefined) {
      this.#others.postMessage(this.status.value);
    }
  }

  #show(status: LevelStatus): void {
    this.status.value = status;
    this.problem.value = undefined;
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }
}
