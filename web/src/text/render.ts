// Markdown tokens as elements: text is only ever set as text, no markup of a model is read as markup, and nothing is
// fetched. Links go to http, https and mailto only.

import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import type { Block, Token, Tokens } from "./blocks";
import "../parts/code";

type Shown = TemplateResult | string | typeof nothing;
const SAFE = /^(https?:|mailto:)/i;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** All blocks; one whose source did not change is not rendered again. */
export function renderBlocks(blocks: readonly Block[]): unknown {
  return blocks.map((each) => guard([each.token.type, each.token.raw], () => block(each.token)));
}

function block(token: Token): Shown {
  switch (token.type) {
    case "heading":
      return heading(token as Tokens.Heading);
    case "paragraph":
      return html`<p>${inline((token as Tokens.Paragraph).tokens)}</p>`;
    case "text":
      return html`${inline((token as Tokens.Text).tokens ?? [token])}`;
    case "code":
      return html`<soma-code .text=${(token as Tokens.Code).text} .language=${(token as Tokens.Code).lang ?? ""}></soma-code>`;
    case "blockquote":
      return html`<blockquote>${(token as Tokens.Blockquote).tokens.map(block)}</blockquote>`;
    case "list":
      return list(token as Tokens.List);
    case "table":
      return table(token as Tokens.Table);
    case "hr":
      return html`<hr />`;
    case "html":
      return html`<p>${token.raw}</p>`;
    default:
      return nothing;
  }
}

function heading(token: Tokens.Heading): Shown {
  const text = inline(token.tokens);
  switch (token.depth) {
    case 1:
    case 2:
      return html`<h2>${text}</h2>`;
    case 3:
      return html`<h3>${text}</h3>`;
    default:
      return html`<h4>${text}</h4>`;
  }
}

function list(token: Tokens.List): Shown {
  const items = token.items.map((item) => html`<li>${item.tokens.map(block)}</li>`);
  return token.ordered
    ? html`<ol start=${token.start === "" ? 1 : token.start}>${items}</ol>`
    : html`<ul>${items}</ul>`;
}

function table(token: Tokens.Table): Shown {
  const cells = (row: readonly Tokens.TableCell[]): TemplateResult[] =>
    row.map((cell) => html`<td class=${cell.align ?? ""}>${inline(cell.tokens)}</td>`);
  return html`<div class="table" tabindex="0" role="group" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${token.header.map((cell) => html`<th class=${cell.align ?? ""} scope="col">${inline(cell.tokens)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${token.rows.map((row) => html`<tr>${cells(row)}</tr>`)}
      </tbody>
    </table>
  </div>`;
}

function inline(tokens: readonly Token[]): Shown[] {
  return tokens.map(span);
}

function span(token: Token): Shown {
  switch (token.type) {
    case "strong":
      return html`<strong>${inline((token as Tokens.Strong).tokens)}</strong>`;
    case "em":
      return html`<em>${inline((token as Tokens.Em).tokens)}</em>`;
    case "del":
      return html`<del>${inline((token as Tokens.Del).tokens)}</del>`;
    case "codespan":
      return html`<code>${(token as Tokens.Codespan).text}</code>`;
    case "br":
      return html`<br />`;
    case "link":
      return link(token as Tokens.Link);
    case "image":
      return html`<span class="quiet">[image: ${(token as Tokens.Image).text || "without a description"}]</span>`;
    case "checkbox":
      return (token as Tokens.Checkbox).checked ? "☑ " : "☐ ";
    case "text": {
      const { tokens, text } = token as Tokens.Text;
      return tokens === undefined ? plain(text) : html`${inline(tokens)}`;
    }
    case "escape":
      return (token as Tokens.Escape).text;
    default:
      return token.raw;
  }
}

function link(token: Tokens.Link): Shown {
  const text = inline(token.tokens);
  if (!SAFE.test(token.href)) {
    return html`${text}`;
  }
  return html`<a href=${token.href} target="_blank" rel="noopener noreferrer">${text}</a>`;
}

/** The characters that entities of HTML stand for, as Markdown has them. */
function plain(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (whole: string, ...found: (string | undefined)[]) => {
    const [decimal, hexadecimal, name] = found;
    if (name !== undefined) {
      return NAMED[name] ?? whole;
    }
    const point = decimal === undefined ? parseInt(hexadecimal ?? "", 16) : parseInt(decimal, 10);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
}
