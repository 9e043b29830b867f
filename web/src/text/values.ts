// A tree of values as lines that people can read and compare: “levels, L1, tool k” and its value.

import { decimal, words } from "./format";

export type Lines = ReadonlyMap<string, string>;

export interface Change {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

// What tells rows of a list apart, instead of their place in it; the first that a row has all of.
const NAMINGS: readonly (readonly string[])[] = [["dependency", "state"], ["lane"], ["level"]];
const PREFIX = /^(DEGRADATION_LEVEL|DEPENDENCY_STATE|LANE_PROFILE)_/;

export function linesOf(value: unknown): Lines {
  const lines = new Map<string, string>();
  read(value, [], lines);
  return lines;
}

/** The lines that differ, in the order of the later tree. */
export function changesOf(before: unknown, after: unknown): Change[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  const names = [...new Set([...now.keys(), ...old.keys()])];
  return names
    .map((name) => ({ name, before: old.get(name) ?? "none", after: now.get(name) ?? "none" }))
    .filter((change) => change.before !== change.after);
}

function read(value: unknown, path: readonly string[], lines: Map<string, string>): void {
  if (Array.isArray(value)) {
    value.forEach((row: unknown, place) => readRow(row, path, place, lines));
  } else if (isTree(value)) {
    for (const [key, each] of Object.entries(value)) {
      read(each, [...path, words(key)], lines);
    }
  } else {
    lines.set(path.join(", "), leaf(value));
  }
}

function readRow(row: unknown, path: readonly string[], place: number, lines: Map<string, string>): void {
  const naming = isTree(row) ? NAMINGS.find((keys) => keys.every((key) => key in row)) : undefined;
  if (!isTree(row) || naming === undefined) {
    read(row, [...path, String(place + 1)], lines);
    return;
  }
  const name = naming.map((key) => leaf(row[key])).join(" ");
  const rest = Object.entries(row).filter(([key]) => !naming.includes(key));
  read(Object.fromEntries(rest), [...path, name], lines);
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function leaf(value: unknown): string {
  if (typeof value === "number") {
    return decimal(value);
  }
  const text = String(value);
  return PREFIX.test(text) ? lower(text.replace(PREFIX, "")) : words(text);
}

function lower(name: string): string {
  return /^L\d$/.test(name) ? name : words(name.toLowerCase());
}
