// JSON as people read it.

/** The same value over several lines; text that is no JSON stays as it is. */
export function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** The fields of an object as pairs of words; undefined when it is something else. */
export function fieldsOf(text: string): readonly (readonly [string, string])[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  return Object.entries(value).map(([name, each]) => [name, typeof each === "string" ? each : JSON.stringify(each, null, 2)]);
}
