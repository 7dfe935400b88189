/** How numbers, times and values read. */

/** 0.4 s, 12.3 s, 3 min 05 s, 2 h 04 min. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}

/** The seconds from one ISO 8601 time to another; to `now`, in milliseconds, where the second is null. */
export function secondsBetween(from, to, now = Date.now()) {
  return Math.max(0, ((to ? Date.parse(to) : now) - Date.parse(from)) / 1000);
}

/** 08:03:07.250, where the reader is. */
export function timeOfDay(time) {
  const at = new Date(time);
  const padded = (value, digits) => String(value).padStart(digits, "0");
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()].map((value) => padded(value, 2));
  return `${parts.join(":")}.${padded(at.getMilliseconds(), 3)}`;
}

/** What a cause says beyond the error that it begins with. */
export function causeWithout(error, cause) {
  if (!cause?.startsWith(error)) return cause;
  return cause.slice(error.length).replace(/^[\s:.]+/, "");
}

/** 377 KB, 1.2 MB. */
export function bytes(count) {
  if (count === null || count === undefined) return "";
  if (count < 1000) return `${count} B`;
  if (count < 999_500) return `${Math.round(count / 1000)} KB`;
  return `${(count / 1e6).toFixed(count < 9.95e6 ? 1 : 0)} MB`;
}

/** A value as indented JSON; a text as it is. */
export function pretty(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}
