// What was kept in the prompt and what was left out, lane by lane, with the reason in words.

import { css, html, nothing } from "lit";
import { panel } from "../design/panel";
import { base, controls } from "../design/shared";
import type { Watchable } from "../state/cell";
import { capital, count, plural, words } from "../text/format";
import type { ManifestItem, RankedTool, Receipt } from "../wire/governor";
import { Part } from "./part";

const NAMES: Readonly<Record<string, string>> = {
  system_prompt: "The agent's instructions",
  "policy/data": "The rule that data are not instructions",
  answer: "What the answer had so far",
};
/** A round of tools that the turn made before a call: all of it, or the result of one call. */
const ROUND = /^round\/(\d+)(\/)?/;
const LANES: readonly string[] = ["system_policy", "history", "memory", "tools", "tool_results", "user_message"];
const FEW = 6;
const MOST = 100;

interface Placed {
  readonly item: ManifestItem;
  /** The call for which it was kept or dropped, where it is not the first. */
  readonly leg: number;
}

export class ReceiptItemsPart extends Part {
  static override properties = { receipt: { attribute: false }, whole: { state: true } };
  declare receipt: Receipt;
  /** Lanes of which everything is shown. */
  declare whole: ReadonlySet<string>;

  static override styles = [
    base,
    controls,
    panel,
    css`
      details {
        border-top: 1px solid var(--hairline);
      }
      details:last-of-type {
        border-bottom: 1px solid var(--hairline);
      }
      summary {
        display: flex;
        justify-content: space-between;
        gap: var(--s3);
        padding: var(--s2) 0;
        cursor: pointer;
      }
      summary::before {
        content: "+";
        flex: none;
        width: 10px;
        color: var(--ink-soft);
      }
      details[open] > summary::before {
        content: "−";
      }
      summary span:first-of-type {
        flex: 1;
      }
      details .rows {
        padding-left: 22px;
      }
      details .rows > li:last-child {
        border-bottom: 0;
      }
    `,
  ];

  constructor() {
    super();
    this.whole = new Set();
  }

  protected override watched(): readonly Watchable[] {
    return [this.store.thread.entries];
  }

  protected override render(): unknown {
    const all = placed(this.receipt);
    const dropped = all.filter(({ item }) => !item.kept).length;
    const known = [...LANES, ...new Set(all.map(({ item }) => item.lane).filter((lane) => !LANES.includes(lane)))];
    return html`<section aria-labelledby="items">
        <h2 id="items">Kept and left out <span>${dropped === 0 ? "nothing left out" : `${count(dropped)} left out`}</span></h2>
        ${all.length === 0 ? html`<p class="quiet">Nothing was put together for this turn yet.</p>` : nothing}
        ${known.map((lane) => this.#lane(lane, all.filter(({ item }) => item.lane === lane)))}
      </section>
      ${tools(this.receipt)}`;
  }

  #lane(lane: string, found: readonly Placed[]): unknown {
    if (found.length === 0) {
      return nothing;
    }
    const kept = found.filter(({ item }) => item.kept);
    const tokens = kept.reduce((sum, { item }) => sum + item.tokens, 0);
    const shown = this.whole.has(lane) ? found : found.slice(0, MOST);
    const dropped = found.length - kept.length;
    return html`<details ?open=${found.length <= FEW || lane === "memory"}>
      <summary>
        <span>${capital(words(lane))}</span>
        <span class="quiet">${count(kept.length)} kept${dropped === 0 ? "" : `, ${count(dropped)} left out`} · ${plural(tokens, "token")}</span>
      </summary>
      <ul class="rows">
        ${shown.map((each) => this.#item(each))}
      </ul>
      ${shown.length === found.length
        ? nothing
        : html`<button class="plain" type="button" @click=${() => (this.whole = new Set([...this.whole, lane]))}>Show all ${count(found.length)}</button>`}
    </details>`;
  }

  #item({ item, leg }: Placed): unknown {
    const said = this.store.thread.entries.value.find((entry) => entry.messageId !== "" && entry.messageId === item.item_id);
    return html`<li>
      <div class="pair"><span>${this.#name(item)}${leg === 0 ? "" : ` (call ${leg})`}</span><span>${plural(item.tokens, "token")}</span></div>
      ${said === undefined ? nothing : html`<p class="quiet excerpt">${said.text.slice(0, 240)}</p>`} ${fate(item)}
    </li>`;
  }

  #name(item: ManifestItem): unknown {
    switch (item.lane) {
      case "memory":
        return html`<button class="link" type="button" @click=${() => this.store.showMemory(item.item_id)}>
            Memory <code>${item.item_id.slice(-8)}</code></button
          >${item.version > 1 ? html` <span class="quiet">version ${item.version}</span>` : nothing}`;
      case "user_message":
        return "Your message";
      case "history":
        return NAMES[item.item_id] ?? "An earlier message";
      case "tools":
        return html`Tool <code>${item.item_id}</code>`;
      default:
        return NAMES[item.item_id] ?? roundName(item.item_id) ?? capital(words(item.lane));
    }
  }
}

function roundName(id: string): string | undefined {
  const [, number, slash] = ROUND.exec(id) ?? [];
  return number === undefined ? undefined : `${slash === undefined ? "Tool calls" : "A tool's result"} of round ${number}`;
}

function placed(receipt: Receipt): Placed[] {
  const first = receipt.items.map((item) => ({ item, leg: 0 }));
  const further = receipt.legs.flatMap((leg) => (leg.items ?? []).map((item) => ({ item, leg: leg.leg })));
  return [...first, ...further];
}

function fate(item: ManifestItem): unknown {
  const cut = item.truncated_tokens > 0 ? `, cut by ${plural(item.truncated_tokens, "token")}` : "";
  const reason = item.reason === "" ? "" : `: ${item.reason}`;
  return html`<p class="quiet">${item.kept ? "Kept" : "Left out"}${reason}${cut}</p>`;
}

function tools({ tools: ranked, tool_k: most }: Receipt): unknown {
  if (ranked.length === 0) {
    return nothing;
  }
  return html`<section aria-labelledby="tools">
    <h2 id="tools">Tools by rank <span>at most ${count(most)} on offer</span></h2>
    <ol class="rows">
      ${ranked.map((tool) => row(tool))}
    </ol>
  </section>`;
}

function row(tool: RankedTool): unknown {
  return html`<li>
    <div class="pair"><code>${tool.name}</code><span>${tool.chosen ? "offered" : "not offered"}</span></div>
    <p class="quiet">
      relevance ${tool.relevance.toFixed(2)}, succeeds in ${Math.round(100 * tool.success_rate)} %${tool.reason === "" ? "" : `; ${tool.reason}`}
    </p>
  </li>`;
}

customElements.define("soma-receipt-items", ReceiptItemsPart);
