// What every part of the page is: an element that has the store and renders again when what it watches changes.

import { LitElement, type PropertyDeclarations } from "lit";
import type { Watchable } from "../state/cell";
import type { Store } from "../state/store";

export class Part extends LitElement {
  static override properties: PropertyDeclarations = { store: { attribute: false } };
  declare store: Store;
  #stops: (() => void)[] = [];

  /** The cells whose changes render this part again. */
  protected watched(): readonly Watchable[] {
    return [];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stops = this.watched().map((cell) => cell.watch(() => this.requestUpdate()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.#stops) {
      stop();
    }
    this.#stops = [];
  }
}
