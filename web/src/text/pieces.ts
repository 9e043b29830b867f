// An answer as pieces in order: text, the calls of tools where they were asked for, and the seams where somebody else
// went on writing. Only the text that still grows is read again.

import { Blocks, type Block } from "./blocks";

interface Placed {
  readonly at: number;
}

export type Piece<Tool, Seam> =
  | { kind: "text"; blocks: readonly Block[] }
  | { kind: "tools"; tools: readonly Tool[] }
  | { kind: "seam"; seam: Seam };

export class Pieces<Tool extends Placed, Seam extends Placed> {
  readonly #read: Blocks[] = [];

  /** The pieces of a text; `whole` reads all of it anew, as is right once it does not grow any more. */
  of(text: string, tools: readonly Tool[], seams: readonly Seam[], whole: boolean): Piece<Tool, Seam>[] {
    const pieces: Piece<Tool, Seam>[] = [];
    const cuts = [...new Set(tools.map((tool) => Math.min(tool.at, text.length)))].sort((one, other) => one - other);
    [0, ...cuts].forEach((from, place) => {
      if (place > 0) {
        pieces.push({ kind: "tools", tools: tools.filter((tool) => Math.min(tool.at, text.length) === from) });
      }
      const to = cuts[place] ?? text.length;
      const reader = (this.#read[place] ??= new Blocks());
      const part = text.slice(from, to);
      const blocks = whole ? reader.whole(part) : reader.of(part);
      const inside = seams.filter((seam) => seam.at >= from && (seam.at < to || place === cuts.length));
      pieces.push(...withSeams<Tool, Seam>(blocks, inside, from));
    });
    return pieces.filter((piece) => piece.kind !== "text" || piece.blocks.length > 0);
  }
}

/** A paragraph is parted where the seam is; anything else stays whole, and the seam stands below it. */
function withSeams<Tool, Seam extends Placed>(blocks: readonly Block[], seams: readonly Seam[], from: number): Piece<Tool, Seam>[] {
  const pieces: Piece<Tool, Seam>[] = [];
  let left = [...blocks];
  for (const seam of seams) {
    const at = seam.at - from;
    const place = left.findIndex((block) => block.from + block.token.raw.length > at);
    const block = place < 0 ? undefined : left[place];
    const before = place < 0 ? left : left.slice(0, place);
    const after = place < 0 ? [] : left.slice(place);
    if (block !== undefined && at > block.from) {
      const [head, tail] = parted(block, at - block.from);
      before.push(...head);
      after.splice(0, 1, ...tail);
    }
    pieces.push({ kind: "text", blocks: before }, { kind: "seam", seam });
    left = after;
  }
  pieces.push({ kind: "text", blocks: left });
  return pieces;
}

function parted(block: Block, at: number): [readonly Block[], readonly Block[]] {
  if (block.token.type !== "paragraph" && block.token.type !== "text") {
    return [[block], []];
  }
  const moved = (text: string, by: number): Block[] =>
    new Blocks().of(text).map((part) => ({ token: part.token, from: part.from + block.from + by }));
  return [moved(block.token.raw.slice(0, at), 0), moved(block.token.raw.slice(at), at)];
}
