const LINES: readonly [number, number, number][] = [
  [8, 16, 14],
  [8, 24, 10],
  [8, 32, 14],
  [40, 14, 34],
  [48, 22, 46],
  [48, 30, 28],
  [56, 38, 52],
  [48, 46, 22],
  [40, 72, 40],
];

/** A room in little: files, two people's carets in one text, output. */
export function PairPicture({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 144 84" aria-hidden className={className}>
      <rect x="1" y="1" width="142" height="82" rx="5" className="fill-surface-2 stroke-line" />
      <path d="M30 1v82M30 62h113" className="fill-none stroke-line" />
      <g className="stroke-text-3 opacity-55" strokeWidth="2" strokeLinecap="round">
        {LINES.map(([x, y, width]) => (
          <path key={`${x} ${y}`} d={`M${x} ${y}h${width}`} />
        ))}
      </g>
      <path d="M96 18v8" strokeWidth="2" className="stroke-p1" />
      <rect x="96" y="11" width="18" height="7" rx="1.5" className="fill-p1" />
      <path d="M78 34v8" strokeWidth="2" className="stroke-p2" />
      <rect x="78" y="27" width="18" height="7" rx="1.5" className="fill-p2" />
    </svg>
  );
}
