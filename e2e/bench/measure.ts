import { readFileSync } from 'node:fs';

/** CPU a process has used so far, user and system, all threads, in microseconds. */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Fields 14 and 15 of proc(5), in clock ticks of 10 ms.
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

/** 95 % interval of the median, by resampling the rounds with a fixed seed. */
export function interval(values: readonly number[]): [number, number] {
  let state = 12_345;
  const random = () => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) / 0x7fffffff;
  const medians = Array.from({ length: 2_000 }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)]!)),
  );
  return [quantile(medians, 0.025), quantile(medians, 0.975)];
}

export function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}
