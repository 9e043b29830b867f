// One memory: its text, where it comes from, how it got its score, forgetting it.

import { css, html, nothing } from "lit";
import { base, controls, notices } from "../design/shared";
import { panel } from "../design/panel";
import { enumWords, moment, plural } from "../text/format";
import { refusalOf } from "../wire/refusal";
import type { Memory, MemoryHit, ScoreParts } from "../wire/types";
import { confirmed } from "./confirm";
import { Part } from "./part";

export class MemoryCardPart extends Part {
  static override properties = { memory: { attribute: false }, hit: { attribute: false }, open: { state: true } };
  declare memory: Memory;
  declare hit: MemoryHit | undefined;
  declare open: boolean;

  static override styles = [
    base,
    controls,
    notices,
    panel,
    css`
      :host {
        padding: var(--s3) 0;
        border-top: 1px solid var(--hairline);
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .text.cut {
        display: -webkit-box;
        white-space: pre-wrap;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 4;
      }
      .score {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0 var(--s5);
        margin: var(--s2) 0;
        color: var(--ink-soft);
        font-size: var(--size-tiny);
      }
      .score div {
        display: grid;
        grid-template-columns: 64px 1fr 28px;
        align-items: center;
        gap: var(--s2);
      }
      .score .took {
        fill: var(--lane-memory);
      }
      .foot {
        display: flex;
        align-items: center;
        gap: var(--s1);
        margin-top: var(--s1);
      }
      .foot > span {
        flex: 1;
      }
      .foot button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      dl {
        margin: var(--s2) 0;
      }
    `,
  ];

  constructor() {
    super();
    this.open = false;
  }

  protected override render(): unknown {
    const { memory, hit } = this;
    const source = enumWords(memory.source_class, "SOURCE_CLASS_");
    return html`
      <p class=${this.open ? "text" : "text cut"}>${memory.text}</p>
      ${hit === undefined ? nothing : score(hit)}
      <div class="foot">
        <span class="quiet tiny">${enumWords(memory.kind, "MEMORY_KIND_")} · ${source}</span>
        <button class="plain" type="button" aria-expanded=${this.open} @click=${() => (this.open = !this.open)}>Details</button>
        <button class="plain" type="button" @click=${() => void this.#forget()}>Forget</button>
      </div>
      ${this.open ? details(memory) : nothing}
    `;
  }

  async #forget(): Promise<void> {
    const { memory } = this;
    const recalled = memory.access_count === 0 ? "It was never recalled" : `It was recalled ${plural(memory.access_count, "time")}`;
    const sure = await confirmed({
      title: "Forget this memory?",
      text: `“${memory.text.slice(0, 160)}” will be deleted for good, with its vector and its words in the search. ${recalled}; answers that used it and their receipts stay as they are.`,
      act: "Forget it",
    });
    if (!sure) {
      return;
    }
    try {
      await this.store.memories.forget(memory);
    } catch (error) {
      this.store.memories.problem.value = refusalOf(error);
    }
    this.store.layout.announce(this.store.memories.report.value);
  }
}

function score(hit: MemoryHit): unknown {
  const { vector, lexical, recency, importance }: ScoreParts = hit.parts;
  const parts: readonly (readonly [string, number | undefined])[] = [
    ["meaning", vector],
    ["words", lexical],
    ["recency", recency],
    ["weight", importance],
  ];
  return html`<div class="score" role="group" aria-label=${`Score ${hit.score.toFixed(2)}`}>
    ${parts.map(
      ([name, value]) => html`<div>
        <span>${name}</span>
        <svg class="bar" height="4" aria-hidden="true">
          <rect class="track" width="100%" height="4" rx="2"></rect>
          <rect class="took" width=${`${100 * Math.min(1, Math.max(0, value ?? 0))}%`} height="4" rx="2"></rect>
        </svg>
        <span class="number">${value === undefined ? "–" : value.toFixed(2)}</span>
      </div>`,
    )}
  </div>`;
}

function details(memory: Memory): unknown {
  const rows: readonly (readonly [string, unknown])[] = [
    ["Learned", moment(memory.learn_time)],
    ["Lives with", memory.namespace],
    ["About", memory.subject],
    ["Said by", memory.speaker],
    ["Trust", memory.trust.toFixed(2)],
    ["Importance", memory.importance.toFixed(2)],
    ["Recalled", plural(memory.access_count, "time")],
    ["Size", plural(memory.token_count, "token")],
    ["Labels", memory.tags.join(", ")],
    ["Search", memory.index_state === "INDEX_STATE_INDEXED" ? "by meaning and words" : "by words, until the index caught up"],
    ["Id", html`<code>${memory.memory_id}</code>`],
  ];
  return html`<dl>
    ${rows.filter(([, value]) => value !== "").map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}
  </dl>`;
}

customElements.define("soma-memory-card", MemoryCardPart);
