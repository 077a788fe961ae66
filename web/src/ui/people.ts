const COLOURS = 12;

/** The class that sets `--p` to a person's colour; also CodeMirror's and the file tree's. */
export function personClass(number: number): string {
  return `p${((Math.max(1, number) - 1) % COLOURS) + 1}`;
}

/** From the 13th person on colours repeat and need a second mark. */
export function isRinged(number: number): boolean {
  return number > COLOURS;
}

function firstLetter(word: string): string {
  const [first] = new Intl.Segmenter().segment(word);
  return first?.segment.toLocaleUpperCase() ?? "";
}

/** At most two letters: of the first and the last word. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const [first = "", last = ""] = [words[0], words.length > 1 ? words.at(-1) : ""];
  return firstLetter(first) + firstLetter(last);
}

/** The first word, for places where the whole name is near. */
export function givenName(name: string): string {
  return name.trim().split(/\s+/)[0] ?? name;
}
