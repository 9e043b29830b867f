// A value that others watch. Nothing here knows what is in it.

export interface Watchable {
  watch(watcher: () => void): () => void;
}

export class Cell<T> implements Watchable {
  #value: T;
  readonly #watchers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(next: T) {
    if (!Object.is(next, this.#value)) {
      this.#value = next;
      for (const watcher of [...this.#watchers]) {
        watcher();
      }
    }
  }

  /** Calls the watcher after every change, until the answer is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

/** A number that only says: something inside changed. */
export class Pulse extends Cell<number> {
  constructor() {
    super(0);
  }

  beat(): void {
    this.value += 1;
  }
}
