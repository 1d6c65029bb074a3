/** The last line of a proof: `loops=6 lost=0 …`, in the order given. */
export function summary(counts: Readonly<Record<string, number | string>>): string {
  return Object.entries(counts)
    .map(
      ([name, value]) => `${name}=${typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(1) : value}`,
    )
    .join(' ');
}

/** Says what was violated, the first few in full. */
export function complaint(violations: readonly string[], replay: string): string {
  const shown = violations.slice(0, 10).map((line) => `- ${line}`);
  const more = violations.length > shown.length ? [`  … and ${violations.length - shown.length} more`] : [];
  return [`${violations.length} violations; again with: ${replay}`, ...shown, ...more].join('\n');
}
