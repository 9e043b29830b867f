// The level of the tenant as the mesh tells it while the page is looked at: one stream, taken up again with growing pauses.

import type { LevelStatus } from "../wire/governor";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";

const SHORTEST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** A stream that lasted so long ended for no fault of its own. */
const STEADY_MS = 10_000;

export class Level {
  /** Undefined until the mesh has told it. */
  readonly status = new Cell<LevelStatus | undefined>(undefined);
  /** Why it is not told just now. */
  readonly problem = new Cell<Refusal | undefined>(undefined);
  #source: EventSource | undefined;
  #pause = SHORTEST_PAUSE;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly rest: Rest) {
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Watches, or lets it be while nobody looks. */
  look(): void {
    clearTimeout(this.#timer);
    if (document.hidden) {
      this.#close();
    } else if (this.#source === undefined) {
      this.#pause = SHORTEST_PAUSE;
      this.#open();
    }
  }

  #open(): void {
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
    if (!document.hidden && this.#source === undefined) {
      this.#open();
    }
  }

  #tell(status: LevelStatus): void {
    this.status.value = status;
    this.problem.value = undefined;
  }

  #close(): void {
    this.#source?.close();
    this.#source = undefined;
  }
}
