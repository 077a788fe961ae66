/** Two rivers that meet. */
export function Brand({ className }: { className?: string }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={20}
      height={20}
      fill="none"
      stroke="currentColor"
      strokeWidth={2}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden
      className={className}
    >
      <path d="M5 3c0 7 7 6 7 13v5M19 3c0 7-7 6-7 13" />
    </svg>
  );
}
