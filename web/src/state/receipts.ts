// Receipts by their ids; the one that is shown, and where it stands.

import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import type { Receipt } from "../wire/types";
import { Cell } from "./cell";

const SETTLING = [300, 700, 1500, 3000] as const;

export class Receipts {
  readonly shown = new Cell<Receipt | undefined>(undefined);
  readonly wanted = new Cell("");
  readonly problem = new Cell<Refusal | undefined>(undefined);
  readonly #settled = new Map<string, Receipt>();

  constructor(private readonly rest: Rest) {}

  /** Shows a receipt by its own id or by its turn's, and again once it is settled. */
  async show(id: string): Promise<void> {
    this.wanted.value = id;
    this.problem.value = undefined;
    for (const pause of [0, ...SETTLING]) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.wanted.value !== id) {
        return;
      }
      try {
        const receipt = await this.read(id);
        if (this.wanted.value === id) {
          this.shown.value = receipt;
        }
        if (receipt.settle_time !== undefined) {
          return;
        }
      } catch (error) {
        this.problem.value = refusalOf(error);
        this.shown.value = undefined;
        return;
      }
    }
  }

  async read(id: string): Promise<Receipt> {
    const known = this.#settled.get(id);
    if (known !== undefined) {
      return known;
    }
    const { receipt } = await this.rest.get<{ receipt: Receipt }>(`/api/v1/receipts/${encodeURIComponent(id)}`);
    if (receipt.settle_time !== undefined) {
      this.#settled.set(id, receipt);
    }
    return receipt;
  }
}
