// Markdown as blocks, grown piece by piece: what stands before the last block is never read again while text comes.
// Knows nothing of elements.

import { Lexer, type Token } from "marked";

export type { Token, Tokens } from "marked";

export interface Block {
  readonly token: Token;
  readonly from: number;
}

export class Blocks {
  #text = "";
  #blocks: Block[] = [];

  /** The blocks of a text; quick when it only grew since the last call. */
  of(text: string): readonly Block[] {
    if (text === this.#text) {
      return this.#blocks;
    }
    if (text.length > this.#text.length && text.startsWith(this.#text)) {
      this.#grow(text);
    } else {
      this.#blocks = lex(text, 0);
    }
    this.#text = text;
    return this.#blocks;
  }

  /** The same, all of it read anew: links that were defined late are found then. */
  whole(text: string): readonly Block[] {
    this.#text = "";
    return this.of(text);
  }

  #grow(text: string): void {
    const last = this.#blocks.findLastIndex((block) => block.token.type !== "space");
    const from = this.#blocks[last]?.from ?? 0;
    this.#blocks = [...this.#blocks.slice(0, Math.max(0, last)), ...lex(text.slice(from), from)];
  }
}

function lex(text: string, from: number): Block[] {
  const blocks: Block[] = [];
  for (const token of new Lexer({ gfm: true }).lex(text)) {
    blocks.push({ token, from });
    from += token.raw.length;
  }
  return blocks;
}
