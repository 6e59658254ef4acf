/**
 * Fields of parsed items, which may hold anything.
 *
 * Easy to get wrong: a field of the wrong type is treated as absent here. Where that would widen what an item means
 * (a validity that cannot be read), the caller asks for the raw value.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function textField(item: JsonObject, key: string): string | null {
  const value = Object.hasOwn(item, key) ? item[key] : null;
  return typeof value === 'string' ? value : null;
}

/** The strings of an array, at most the first hundred. */
export function textsField(item: JsonObject, key: string): readonly string[] {
  const value = Object.hasOwn(item, key) ? item[key] : null;
  return Array.isArray(value) ? value.slice(0, 100).filter((text) => typeof text === 'string') : [];
}

/** The objects of an array. */
export function objectsField(item: JsonObject, key: string): readonly JsonObject[] {
  const value = Object.hasOwn(item, key) ? item[key] : null;
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Booleans as programs write them: `true`, `1`, `"1"`, `"true"`. */
export function flagField(item: JsonObject, key: string): boolean {
  const value = Object.hasOwn(item, key) ? item[key] : null;
  return value === true || value === 1 || value === '1' || value === 'true';
}
