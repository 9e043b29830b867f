// Numbers, money, times and names as people read them.

const WHOLE = new Intl.NumberFormat("en");
const SHORT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2, roundingMode: "floor" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const A_DAY = 86_400_000;

export function count(value: number | string | undefined): string {
  return WHOLE.format(Number(value ?? 0));
}

/** A large number in few characters: 19.9M. */
export function short(value: number): string {
  return value < 100_000 ? WHOLE.format(value) : SHORT.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${WHOLE.format(value)} ${value === 1 ? one : many}`;
}

export function money(micros: string | number | undefined): string {
  const value = Number(micros ?? 0) / 1_000_000;
  if (value === 0) {
    return "free";
  }
  return `$${value < 0.01 ? value.toFixed(6).replace(/0{1,2}$/, "") : value.toFixed(value < 1 ? 4 : 2)}`;
}

export function milliseconds(value: number): string {
  if (value >= 1000) {
    return `${(value / 1000).toFixed(2)} s`;
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}

/** `tool_results` as “tool results”. */
export function words(name: string): string {
  return name.replaceAll("_", " ");
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The value of an enum without its prefix, as words. */
export function enumWords(name: string, prefix: string): string {
  return words(name.replace(prefix, "").toLowerCase());
}

export function levelName(level: string): string {
  return level.replace("DEGRADATION_LEVEL_", "");
}

export function clock(time: Date): string {
  return CLOCK.format(time);
}

export function moment(time: Date | string): string {
  return MOMENT.format(new Date(time));
}

/** Today, Yesterday, or the day. */
export function dayOf(time: string, now = new Date()): string {
  const days = Math.round((startOfDay(now) - startOfDay(new Date(time))) / A_DAY);
  return days <= 0 ? "Today" : days === 1 ? "Yesterday" : DAY.format(new Date(time));
}

function startOfDay(time: Date): number {
  return new Date(time).setHours(0, 0, 0, 0);
}

/** The first words of a text, for a title. */
export function firstWords(text: string, most = 8): string {
  const all = text.trim().split(/\s+/);
  const cut = all.slice(0, most).join(" ").slice(0, 80);
  return all.length > most ? `${cut} …` : cut;
}
