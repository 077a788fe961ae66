const CODE = /^[\p{L}\p{N}][\p{L}\p{N}._~-]*$/u;

/** The code in a pasted link or typed by hand, or null when there is none in it. */
export function codeIn(text: string): string | null {
  const trimmed = text.trim();
  const path = /(?:^|\/)r\/([^/?#\s]+)/.exec(trimmed);
  const code = path?.[1] ? decode(path[1]) : trimmed;
  return code && CODE.test(code) ? code : null;
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The path of a room's page. */
export function roomPath(code: string): string {
  return `/r/${encodeURIComponent(code)}`;
}
