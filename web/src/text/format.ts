// Numbers, money, times and names as people read them.

const WHOLE = new Intl.NumberFormat();
const SHORT = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2, roundingMode: "floor" });
const DOLLARS = [2, 4, 6].map((digits) => dollarFormat(Math.min(digits, 4), digits));
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const A_DAY = 86_400_000;

export function count(value: number | string | undefined): string {
  return WHOLE.format(Number(value ?? 0));
}

/** A number as it stands; what is not whole without the noise of its last places. */
export function decimal(value: number): string {
  return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
}

/** A large number in few characters: 19.9M. */
export function short(value: number): string {
  return value < 100_000 ? WHOLE.format(value) : SHORT.format(value);
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${WHOLE.format(value)} ${value === 1 ? one : many}`;
}

export function money(micros: string | number | undefined): string {
  return Number(micros ?? 0) === 0 ? "free" : dollars(micros);
}

/** An amount of money, also where it is none; small ones with more places. */
export function dollars(micros: string | number | undefined): string {
  const value = Number(micros ?? 0) / 1_000_000;
  const size = Math.abs(value);
  return (DOLLARS[size >= 1 || size === 0 ? 0 : size >= 0.01 ? 1 : 2] ?? WHOLE).format(value);
}

/** A length of time in the largest unit that says it: 12 s, 5 minutes, 13 hours. */
export function lasting(seconds: number): string {
  if (seconds < 100) {
    return `${WHOLE.format(Math.ceil(seconds))} s`;
  }
  if (seconds < 100 * 60) {
    return plural(Math.ceil(seconds / 60), "minute");
  }
  return seconds < 72 * 3600 ? plural(Math.ceil(seconds / 3600), "hour") : plural(Math.ceil(seconds / 86_400), "day");
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

function dollarFormat(least: number, most: number): Intl.NumberFormat {
  return new Intl.NumberFormat(undefined, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    minimumFractionDigits: least,
    maximumFractionDigits: most,
  });
}
