/** A piece of a message. */
export type Segment =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "link"; text: string; href: string }
  | { kind: "file"; text: string; path: string; line: number | null };

const NAME = String.raw`[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}_./-]*\.[\p{L}\p{N}]+`;
const PATTERN = new RegExp(
  [
    "(?<code>`[^`\\n]+`)",
    String.raw`(?<link>https?://[^\s<>"]+)`,
    String.raw`(?<file>${NAME})(?::(?<line>\d{1,6}))?(?::\d{1,6})?`,
  ].join("|"),
  "gu",
);
const TRAILING = /[.,;:!?)\]}'"]+$/;

/** Paths in the room that a written name can mean: the whole path, or its end. */
export function resolve(name: string, paths: readonly string[]): string | null {
  if (paths.includes(name)) return name;
  const ends = paths.filter((path) => path.endsWith(`/${name}`));
  return ends.length === 1 ? (ends[0] ?? null) : null;
}

function fileSegment(
  text: string,
  name: string,
  line: string | undefined,
  paths: readonly string[],
): Segment {
  const path = resolve(name, paths);
  if (path === null) return { kind: "text", text };
  return { kind: "file", text, path, line: line === undefined ? null : Number(line) };
}

function codeSegment(text: string, paths: readonly string[]): Segment {
  const inner = text.slice(1, -1);
  const match = new RegExp(`^(${NAME})(?::(\\d{1,6}))?$`, "u").exec(inner);
  const file = match?.[1] ? fileSegment(inner, match[1], match[2], paths) : null;
  return file?.kind === "file" ? file : { kind: "code", text: inner };
}

/** Finds code, links and files of the room in a message; the rest stays text. */
export function segments(text: string, paths: readonly string[]): Segment[] {
  const found: Segment[] = [];
  let at = 0;
  const plain = (until: number) => {
    if (until > at) found.push({ kind: "text", text: text.slice(at, until) });
  };
  for (const match of text.matchAll(PATTERN)) {
    const groups = match.groups ?? {};
    let whole = match[0];
    if (groups.link) whole = whole.replace(TRAILING, "");
    const segment: Segment = groups.code
      ? codeSegment(whole, paths)
      : groups.link
        ? { kind: "link", text: whole, href: whole }
        : fileSegment(whole, groups.file ?? "", groups.line, paths);
    if (segment.kind === "text") continue;
    plain(match.index);
    found.push(segment);
    at = match.index + whole.length;
  }
  plain(text.length);
  return found;
}
