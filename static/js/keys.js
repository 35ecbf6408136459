// Names that nobody else gives: `crypto.randomUUID` is there in secure contexts alone, and not over plain HTTP by a name.

export function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
