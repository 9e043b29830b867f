// The way from one receipt of a conversation to the others: one further, all of them as a list, one to compare with.

import { css, html, nothing } from "lit";
import { icon } from "../design/icons";
import { panel } from "../design/panel";
import { base, controls, notices } from "../design/shared";
import type { Watchable } from "../state/cell";
import { count, levelName, money, moment } from "../text/format";
import type { ReceiptSummary } from "../wire/governor";
import { copyText } from "./clipboard";
import { Part } from "./part";

export class ReceiptWalkPart extends Part {
  static override properties = { copied: { state: true } };
  declare copied: boolean;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      :host {
        margin-bottom: var(--s3);
      }
      .way {
        display: flex;
        align-items: center;
        gap: var(--s1);
      }
      .way p {
        flex: 1;
      }
      .way button.icon {
        width: 28px;
        min-height: 28px;
      }
      .way .copy {
        min-height: 28px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      summary {
        width: fit-content;
        min-height: 24px;
        color: var(--accent);
        cursor: pointer;
      }
      [role="listbox"] {
        position: relative;
        max-height: 216px;
        margin: var(--s1) 0;
        border: 1px solid var(--hairline);
        border-radius: var(--corner);
        overflow-y: auto;
      }
      [role="option"] {
        display: flex;
        justify-content: space-between;
        gap: var(--s2);
        min-height: 28px;
        padding: var(--s1) var(--s2);
        cursor: pointer;
      }
      [role="option"] + [role="option"] {
        border-top: 1px solid var(--hairline);
      }
      [role="option"][aria-selected="true"] {
        background: var(--accent-soft);
        box-shadow: inset 2px 0 var(--accent);
      }
      select {
        width: 100%;
        margin-top: var(--s1);
        font-size: var(--size-small);
      }
    `,
  ];

  constructor() {
    super();
    this.copied = false;
  }

  protected override watched(): readonly Watchable[] {
    const { receipts } = this.store;
    return [receipts.shown, receipts.others.rows, receipts.others.problem, receipts.compared];
  }

  /** Keeps the chosen one in sight of its list; the panel itself stays where it is. */
  protected override updated(): void {
    const chosen = this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]');
    const list = chosen?.parentElement;
    if (chosen !== null && list) {
      const { offsetTop: top, offsetHeight: height } = chosen;
      list.scrollTop = Math.min(top, Math.max(list.scrollTop, top + height - list.clientHeight));
    }
  }

  protected override render(): unknown {
    const { rows: found, problem, hasMore } = this.store.receipts.others;
    const rows = found.value ?? [];
    return html`
      <div class="way">
        ${this.#step(1, "left", "Older receipt")}
        <p class="quiet" role="status">${this.#place(rows, hasMore)}</p>
        ${this.#step(-1, "right", "Newer receipt")}
        <button class="plain copy" type="button" @click=${() => void this.#copy()}>
          ${icon(this.copied ? "done" : "copy")} ${this.copied ? "Copied" : "Copy as JSON"}
        </button>
      </div>
      ${problem.value === undefined ? nothing : html`<p class="problem" role="alert">${problem.value.message}</p>`}
      ${rows.length < 2 ? nothing : html`${this.#list(rows, hasMore)} ${this.#comparing(rows)}`}
    `;
  }

  #step(step: number, sign: "left" | "right", name: string): unknown {
    const beside = this.store.receipts.beside(step);
    return html`<button
      class="plain icon"
      type="button"
      aria-label=${name}
      title=${name}
      ?disabled=${beside === undefined}
      @click=${() => this.#show(beside)}
    >
      ${icon(sign)}
    </button>`;
  }

  #place(rows: readonly ReceiptSummary[], hasMore: boolean): string {
    const { value: shown } = this.store.receipts.shown;
    const at = rows.findIndex((row) => row.receipt_id === shown?.receipt_id);
    if (at < 0) {
      return shown?.plan_time === undefined ? "" : moment(shown.plan_time);
    }
    return rows.length === 1 && !hasMore ? "The only one of this conversation" : `${count(rows.length - at)} of ${count(rows.length)}${hasMore ? " of the last" : ""}`;
  }

  #list(rows: readonly ReceiptSummary[], hasMore: boolean): unknown {
    const { value: shown } = this.store.receipts.shown;
    const at = rows.findIndex((row) => row.receipt_id === shown?.receipt_id);
    return html`<details>
      <summary>Receipts of this conversation</summary>
      <div
        role="listbox"
        tabindex="0"
        aria-label="Receipts of this conversation, the newest first"
        aria-activedescendant=${at < 0 ? nothing : `receipt-${at}`}
        @keydown=${(event: KeyboardEvent) => this.#onKey(event, rows, at)}
      >
        ${rows.map(
          (row, place) => html`<div id=${`receipt-${place}`} role="option" aria-selected=${place === at} @click=${() => this.#show(row)}>
            <span class="cut">${moment(row.plan_time)} · ${levelName(row.level)}</span>
            <span class="quiet">${spent(row)}</span>
          </div>`,
        )}
      </div>
      ${hasMore ? html`<button class="plain" type="button" @click=${() => void this.store.receipts.others.more()}>Show older</button>` : nothing}
    </details>`;
  }

  #comparing(rows: readonly ReceiptSummary[]): unknown {
    const { receipts } = this.store;
    const others = rows.filter((row) => row.receipt_id !== receipts.shown.value?.receipt_id);
    const chosen = receipts.compared.value?.with ?? "";
    return html`<select aria-label="Compare with" @change=${(event: Event) => void receipts.compare((event.target as HTMLSelectElement).value)}>
      <option value="" ?selected=${chosen === ""}>Compare with …</option>
      ${others.map(
        (row) => html`<option value=${row.receipt_id} ?selected=${row.receipt_id === chosen}>
          ${moment(row.plan_time)}, ${levelName(row.level)}, ${spent(row)}
        </option>`,
      )}
    </select>`;
  }

  #show(row: ReceiptSummary | undefined): void {
    if (row !== undefined) {
      void this.store.receipts.show(row.receipt_id);
    }
  }

  #onKey(event: KeyboardEvent, rows: readonly ReceiptSummary[], at: number): void {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#show(rows[to]);
    }
  }

  async #copy(): Promise<void> {
    this.copied = await copyText(JSON.stringify(this.store.receipts.shown.value, null, 2));
    this.store.layout.announce(this.copied ? "Copied." : "The browser did not allow copying.");
    setTimeout(() => (this.copied = false), 2000);
  }
}

function spent(row: ReceiptSummary): string {
  return row.settle_time === undefined ? "not settled" : `${count(row.tokens)} tokens, ${money(row.cost_micros)}`;
}

customElements.define("soma-receipt-walk", ReceiptWalkPart);
