// The window of a turn as bars that add up: six lanes, the message, the framing, the answer, what stayed free.

import { css, html, nothing, svg } from "lit";
import { panel } from "../design/panel";
import { base, controls } from "../design/shared";
import { divisionOf, LANES, legsWithLanes, piecesOf, type Division, type Piece } from "../text/window";
import { count, plural, words } from "../text/format";
import type { ModelLeg, Receipt } from "../wire/governor";
import { Part } from "./part";

export class ReceiptLanesPart extends Part {
  static override properties = { receipt: { attribute: false }, place: { state: true } };
  declare receipt: Receipt;
  declare place: number;

  static override styles = [
    base,
    controls,
    panel,
    css`
      .lane {
        display: grid;
        grid-template-columns: 96px minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--s2);
        min-height: 24px;
      }
      .lane.sum {
        border-top: 1px solid var(--hairline);
      }
      .lane .number {
        min-width: 92px;
      }
      .plan {
        fill: none;
        stroke: var(--lane);
        stroke-width: 1;
      }
      .use {
        fill: var(--lane);
      }
      .whole rect {
        fill: var(--lane);
        stroke: var(--ground);
        stroke-width: 0.5;
      }
      .whole rect.free {
        fill: var(--pressed);
      }
      .system_policy {
        --lane: var(--lane-system-policy);
      }
      .history {
        --lane: var(--lane-history);
      }
      .memory {
        --lane: var(--lane-memory);
      }
      .tools {
        --lane: var(--lane-tools);
      }
      .tool_results {
        --lane: var(--lane-tool-results);
      }
      .buffer {
        --lane: var(--lane-buffer);
      }
      .message,
      .framing,
      .answer {
        --lane: var(--ink-soft);
      }
      .answer {
        --lane: var(--ink);
      }
      figure {
        display: grid;
        grid-template-columns: 64px minmax(0, 1fr);
        align-items: center;
        gap: var(--s2);
        min-height: 24px;
      }
      .calls {
        display: flex;
        flex-wrap: wrap;
        gap: var(--s1);
        margin-bottom: var(--s1);
      }
      .calls button {
        min-height: 26px;
        padding: 0 var(--s2);
        font-size: var(--size-tiny);
      }
      .calls button[aria-pressed="true"] {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
    `,
  ];

  constructor() {
    super();
    this.place = 0;
  }

  protected override willUpdate(changed: Map<string, unknown>): void {
    if (changed.has("receipt")) {
      this.place = 0;
    }
  }

  protected override render(): unknown {
    const legs = legsWithLanes(this.receipt);
    const leg = legs[this.place] ?? this.receipt.legs[0];
    const planned = divisionOf(this.receipt, undefined);
    const used = leg === undefined ? undefined : divisionOf(this.receipt, leg);
    const largest = Math.max(1, ...LANES.flatMap((lane) => [planned.lanes[lane], used?.lanes[lane] ?? 0]));
    return html`<section aria-labelledby="lanes">
      <h2 id="lanes">Lanes <span>used / planned tokens</span></h2>
      ${legs.length > 1 ? this.#calls(legs) : nothing}
      ${whole("Planned", planned)} ${used === undefined ? nothing : whole("Used", used)}
      <ul>
        ${LANES.map((lane) => row(lane, used?.lanes[lane], planned.lanes[lane], largest))} ${sums(used, planned)}
      </ul>
    </section>`;
  }

  #calls(legs: readonly ModelLeg[]): unknown {
    return html`<div class="calls" role="group" aria-label="Model call">
      ${legs.map(
        (leg, place) => html`<button type="button" aria-pressed=${place === this.place} @click=${() => (this.place = place)}>Call ${leg.leg}</button>`,
      )}
    </div>`;
  }
}

function whole(name: string, division: Division): unknown {
  const pieces = piecesOf(division);
  const sum = pieces.reduce((before, piece) => before + piece.tokens, 0);
  const said = pieces.filter((piece) => piece.tokens > 0).map((piece) => `${piece.name} ${count(piece.tokens)}`);
  let at = 0;
  return html`<figure class="whole">
    <figcaption class="quiet">${name}</figcaption>
    <svg class="bar" height="14" role="img" aria-label=${`${name}: ${said.join(", ")}; ${plural(sum, "token")} together`}>
      ${pieces.map((piece) => {
        const from = at;
        at += piece.tokens;
        return piece.tokens === 0 ? nothing : segment(piece, from, sum);
      })}
    </svg>
  </figure>`;
}

function segment(piece: Piece, from: number, sum: number): unknown {
  return svg`<rect class=${piece.kind} x=${percent(from, sum)} width=${percent(piece.tokens, sum)} height="14"><title>${piece.name}: ${count(piece.tokens)}</title></rect>`;
}

function row(lane: string, used: number | undefined, planned: number, most: number): unknown {
  return html`<li class=${`lane ${lane}`}>
    <span>${words(lane)}</span>
    <svg class="bar" height="12" aria-hidden="true">
      ${(used ?? 0) > 0 ? svg`<rect class="use" y="0.5" width=${percent(used ?? 0, most)} height="11" rx="2"></rect>` : ""}
      ${planned > 0 ? svg`<rect class="plan" x="0.5" y="0.5" width=${percent(planned, most)} height="11" rx="2"></rect>` : ""}
    </svg>
    <span class="number">${planned === 0 && !used ? html`<span class="quiet">none</span>` : pair(used, planned)}</span>
  </li>`;
}

/** What the lanes come to, and how the rest of the window is filled up. */
function sums(used: Division | undefined, planned: Division): unknown {
  const rows: readonly (readonly [string, number | undefined, number | undefined])[] = [
    ["All lanes", used?.sum, planned.sum],
    ["Message", used?.message, planned.message],
    ["Framing", used?.framing, undefined],
    ["Answer", used?.answer, planned.answer],
    ["Free", used?.free, planned.free],
    ["Window", used?.window, planned.window],
  ];
  const shown = planned.window === 0 ? rows.slice(0, 4) : rows;
  return shown.map(
    ([name, spent, most]) => html`<li class="lane sum"><span>${name}</span><span></span><span class="number">${pair(spent, most)}</span></li>`,
  );
}

function pair(used: number | undefined, planned: number | undefined): string {
  return `${used === undefined ? "–" : count(used)} / ${planned === undefined ? "–" : count(planned)}`;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(2)}%`;
}

customElements.define("soma-receipt-lanes", ReceiptLanesPart);
