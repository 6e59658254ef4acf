/** Numbers for people: `1,210,731`, `21.4 MB`, `0.5 %`. Units are decimal, as disks and networks are sold. */

/** Grouped by thousands. `Intl` is not used: it costs milliseconds at start-up and follows the locale. */
export const count = (value: number): string => String(Math.trunc(value)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 feed`, `2 feeds`. */
export const counted = (value: number, noun: string, plural = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : plural}`;

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[unit] ?? 'B'}`;
}

/** A part of a whole; `-` of nothing. Rounded down, so that 100 % means all. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '-';
  return `${(Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}
