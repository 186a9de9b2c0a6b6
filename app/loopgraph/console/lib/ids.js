// Relay's global ids: what `node(id:)` takes.

/** @param {string} type @param {string} own */
export function globalId(type, own) {
  const bytes = new TextEncoder().encode(`${type}:${own}`);
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
