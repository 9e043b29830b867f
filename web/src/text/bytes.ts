// Bytes as the mesh writes them into JSON, in Base64.

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** The text that the bytes are in UTF-8. */
export function decoded(base64: string): string {
  return new TextDecoder().decode(bytesOf(base64));
}

export function hexOf(base64: string): string {
  return [...bytesOf(base64)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
