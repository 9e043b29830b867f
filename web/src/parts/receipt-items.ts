// What was kept in the prompt and what was left out, with the reason in words.

import { html, nothing } from "lit";
import type { Store } from "../state/store";
import { capital, count, plural, words } from "../text/format";
import type { ManifestItem, RankedTool, Receipt } from "../wire/types";

const NAMES: Readonly<Record<string, string>> = {
  system_prompt: "The agent's instructions",
  "policy/data": "The rule that data are not instructions",
};

export function items(receipt: Receipt, store: Store): unknown {
  const memories = receipt.items.filter((item) => item.lane === "memory");
  const others = receipt.items.filter((item) => item.lane !== "memory");
  const dropped = receipt.items.filter((item) => !item.kept).length;
  return html`
    ${memories.length === 0
      ? nothing
      : html`<section aria-labelledby="memories">
          <h2 id="memories">Memories <span>${plural(memories.filter((item) => item.kept).length, "used", "used")}</span></h2>
          <ul class="rows">
            ${memories.map((item) => memory(item, store))}
          </ul>
        </section>`}
    <section aria-labelledby="items">
      <h2 id="items">Kept and left out <span>${dropped === 0 ? "nothing left out" : `${count(dropped)} left out`}</span></h2>
      <ul class="rows">
        ${others.map((item) => other(item, store))}
      </ul>
    </section>
    ${tools(receipt.tools, receipt.tool_k)}
  `;
}

function memory(item: ManifestItem, store: Store): unknown {
  return html`<li>
    <div class="pair">
      <button class="link" type="button" @click=${() => store.showMemory(item.item_id)}>
        Memory <code>${item.item_id.slice(-8)}</code>
      </button>
      <span>${count(item.tokens)} tokens</span>
    </div>
    ${fate(item)}
  </li>`;
}

function other(item: ManifestItem, store: Store): unknown {
  const said = store.thread.entries.value.find((entry) => entry.messageId !== "" && entry.messageId === item.item_id);
  const name = item.lane === "user_message" ? "Your message" : (NAMES[item.item_id] ?? nameOf(item));
  return html`<li>
    <div class="pair"><span>${name}</span><span>${count(item.tokens)} tokens</span></div>
    ${said === undefined ? nothing : html`<p class="quiet excerpt">${said.text.slice(0, 240)}</p>`} ${fate(item)}
  </li>`;
}

function nameOf(item: ManifestItem): string {
  if (item.lane === "history") {
    return "An earlier message";
  }
  return item.lane === "tools" ? `Tool ${item.item_id}` : capital(words(item.lane));
}

function fate(item: ManifestItem): unknown {
  const cut = item.truncated_tokens > 0 ? `, cut by ${count(item.truncated_tokens)} tokens` : "";
  const reason = item.reason === "" ? "" : `: ${item.reason}`;
  return html`<p class="quiet">${item.kept ? "Kept" : "Left out"}${reason}${cut}</p>`;
}

function tools(ranked: readonly RankedTool[], most: number): unknown {
  if (ranked.length === 0) {
    return nothing;
  }
  return html`<section aria-labelledby="tools">
    <h2 id="tools">Tools <span>at most ${most} on offer</span></h2>
    <ul class="rows">
      ${ranked.map(
        (tool) => html`<li>
          <div class="pair"><code>${tool.name}</code><span>${tool.chosen ? "offered" : "not offered"}</span></div>
          <p class="quiet">
            relevance ${tool.relevance.toFixed(2)}, succeeds in ${Math.round(100 * tool.success_rate)} %${tool.reason === "" ? "" : `; ${tool.reason}`}
          </p>
        </li>`,
      )}
    </ul>
  </section>`;
}
