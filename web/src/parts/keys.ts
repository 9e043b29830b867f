// How the keys of this machine are called.

export function isMac(): boolean {
  return /mac|iphone|ipad/i.test(navigator.userAgent);
}
