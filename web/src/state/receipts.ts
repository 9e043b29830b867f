// Receipts by their ids: the one that is shown, those before it, in what it differs from another, the prompt behind it.

import type { ReceiptDifference, Receipt, ReceiptSummary, RebuiltPrompt } from "../wire/governor";
import { refusalOf, type Refusal } from "../wire/refusal";
import type { Rest } from "../wire/rest";
import { Cell } from "./cell";
import { Pages } from "./pages";

const SETTLING = [300, 700, 1500, 3000] as const;
const RECEIPTS = "/api/v1/receipts";
const PAGE = 50;

export interface Compared {
  readonly with: string;
  readonly differences?: readonly ReceiptDifference[];
  readonly problem?: Refusal;
}

export interface Prompt {
  readonly leg: number;
  readonly rebuilt?: RebuiltPrompt;
  readonly problem?: Refusal;
}

export class Receipts {
  readonly shown = new Cell<Receipt | undefined>(undefined);
  readonly wanted = new Cell("");
  readonly problem = new Cell<Refusal | undefined>(undefined);
  /** Those of the conversation of the one that is shown, the newest first. */
  readonly others: Pages<ReceiptSummary>;
  readonly compared = new Cell<Compared | undefined>(undefined);
  readonly prompt = new Cell<Prompt | undefined>(undefined);
  readonly #settled = new Map<string, Receipt>();

  constructor(private readonly rest: Rest) {
    this.others = new Pages(rest, RECEIPTS, "receipts");
  }

  /** Shows a receipt by its own id or by its turn's, and again once it is settled. */
  async show(id: string): Promise<void> {
    this.wanted.value = id;
    this.problem.value = undefined;
    this.compared.value = undefined;
    this.prompt.value = undefined;
    for (const pause of [0, ...SETTLING]) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      if (this.wanted.value !== id) {
        return;
      }
      try {
        const receipt = await this.read(id);
        if (this.wanted.value === id) {
          this.#show(receipt);
        }
        if (receipt.settle_time !== undefined) {
          return;
        }
      } catch (error) {
        if (this.wanted.value === id) {
          this.problem.value = refusalOf(error);
          this.shown.value = undefined;
        }
        return;
      }
    }
  }

  async read(id: string): Promise<Receipt> {
    const known = this.#settled.get(id);
    if (known !== undefined) {
      return known;
    }
    const { receipt } = await this.rest.get<{ receipt: Receipt }>(`${RECEIPTS}/${encodeURIComponent(id)}`);
    if (receipt.settle_time !== undefined) {
      this.#settled.set(id, receipt);
    }
    return receipt;
  }

  /** What is known of a receipt is not true any more: somebody rated its answer. */
  async renew(id: string): Promise<void> {
    const known = this.#settled.get(id);
    this.#settled.delete(id);
    if (known !== undefined) {
      this.#settled.delete(known.turn_id);
    }
    if (this.shown.value?.receipt_id === id) {
      this.shown.value = await this.read(id).catch(() => this.shown.value);
    }
  }

  /** The receipt so many places further in the list; a positive step leads to older ones. */
  beside(step: number): ReceiptSummary | undefined {
    const { value: rows = [] } = this.others.rows;
    const at = rows.findIndex((row) => row.receipt_id === this.shown.value?.receipt_id);
    return at < 0 ? undefined : rows[at + step];
  }

  async compare(otherId: string): Promise<void> {
    const { value: shown } = this.shown;
    if (shown === undefined || otherId === "") {
      this.compared.value = undefined;
      return;
    }
    const asked: Compared = { with: otherId };
    this.compared.value = asked;
    const told = await this.#differences(otherId, shown.receipt_id);
    if (this.compared.value === asked) {
      this.compared.value = told;
    }
  }

  /** Has the body of a model call made again; asked for once more it is put away. */
  async rebuild(leg: number): Promise<void> {
    const { value: shown } = this.shown;
    if (shown === undefined || this.prompt.value?.leg === leg) {
      this.prompt.value = undefined;
      return;
    }
    const asked: Prompt = { leg };
    this.prompt.value = asked;
    const told = await this.#prompt(shown.turn_id, leg);
    if (this.prompt.value === asked) {
      this.prompt.value = told;
    }
  }

  #show(receipt: Receipt): void {
    const before = this.shown.value;
    const { value: rows } = this.others.rows;
    this.shown.value = receipt;
    const elsewhere = before?.conversation_id !== receipt.conversation_id;
    if (elsewhere) {
      this.others.clear();
    }
    if (receipt.conversation_id !== "" && (elsewhere || !rows?.some((row) => row.receipt_id === receipt.receipt_id))) {
      void this.others.load({ conversation_id: receipt.conversation_id, page_size: PAGE });
    }
  }

  async #differences(before: string, after: string): Promise<Compared> {
    try {
      const path = `${RECEIPTS}/${encodeURIComponent(before)}:diff`;
      const { differences } = await this.rest.get<{ differences: ReceiptDifference[] }>(path, { other_receipt_id: after });
      return { with: before, differences };
    } catch (error) {
      return { with: before, problem: refusalOf(error) };
    }
  }

  async #prompt(turnId: string, leg: number): Promise<Prompt> {
    try {
      const path = `/api/v1/chat/turns/${encodeURIComponent(turnId)}/prompt`;
      return { leg, rebuilt: await this.rest.get<RebuiltPrompt>(path, { leg }) };
    } catch (error) {
      return { leg, problem: refusalOf(error) };
    }
  }
}
