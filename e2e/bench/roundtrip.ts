import { availableParallelism } from 'node:os';
import { cpuOf, interval, median, quantile, rounded } from './measure.ts';
import type { StackName } from './protocol.ts';
import { startStacks, type RunningStacks } from './running.ts';
import { systemCalls } from './system-calls.ts';

export type RoundtripOptions = {
  rounds: number;
  sliceMs: number;
  inFlight: number;
  prefill: number;
  latencyMs: number;
  cipher: 'sqlcipher' | 'aegis';
};

type Slice = { messages: number; perSecond: number; cpu: number };

/**
 * User turn posted → frame at the consultant, and reply posted → callback received, on all stacks in interleaved slices.
 * @returns the exit code: 1 when a text was wrong or missing, two identical servers did not come out alike, or an aim is missed
 */
export async function roundtrip({
  rounds,
  sliceMs,
  inFlight,
  prefill,
  latencyMs,
  cipher,
}: RoundtripOptions): Promise<number> {
  const stacks = await startStacks({ inFlight, prefill, cipher, log });
  try {
    const order: StackName[] = ['floor', 'least', 'parley', 'usual', 'twin'];
    const slices = new Map<StackName, Slice[]>(order.map((name) => [name, []]));
    let wrong = 0;
    for (const name of order) await slice(stacks, name, 500);
    for (let round = 0; round < rounds; round++) {
      for (const name of round % 2 ? order.toReversed() : order) {
        const { result, wrong: mistakes } = await slice(stacks, name, sliceMs);
        wrong += mistakes;
        if (round >= 2) slices.get(name)!.push(result);
      }
      log(
        `round ${round + 1} of ${rounds}: ${order.map((name) => `${name} ${Math.round(slices.get(name)!.at(-1)?.perSecond ?? 0)}/s`).join(', ')}`,
      );
    }

    const ratios = (of: (slice: Slice) => number, a: StackName, b: StackName) =>
      slices.get(a)!.map((one, n) => of(one) / of(slices.get(b)![n]!));
    const cpu = ratios((one) => one.cpu, 'parley', 'floor');
    const toLeast = ratios((one) => one.cpu, 'parley', 'least');
    const least = ratios((one) => one.cpu, 'least', 'floor');
    const throughput = ratios((one) => one.perSecond, 'parley', 'usual');
    const twins = {
      cpu: median(ratios((one) => one.cpu, 'twin', 'floor')),
      throughput: median(ratios((one) => one.perSecond, 'twin', 'floor')),
    };

    const peer = median(slices.get('usual')!.map(({ perSecond }) => perSecond));
    const latency: Record<string, unknown> = {};
    for (const name of ['floor', 'least', 'parley', 'usual'] as const) {
      const measured = await stacks.openLoop(name, latencyMs, Math.max(50, peer / 2));
      wrong += measured.wrong;
      latency[name] = {
        p50: rounded(measured.p50),
        p99: rounded(measured.p99),
        generatorLagP99: rounded(measured.lagP99),
        messages: measured.count,
        skipped: measured.skipped,
      };
    }
    const calls = await systemCalls(stacks, ['floor', 'least', 'parley', 'usual'], log);

    for (const name of order) {
      const mine = slices.get(name)!;
      log(
        JSON.stringify({
          stack: name,
          perSecond: rounded(median(mine.map((one) => one.perSecond)), 0),
          cpuPerMessage: rounded(median(mine.map((one) => one.cpu)), 1),
          messages: mine.reduce((sum, one) => sum + one.messages, 0),
          systemCallsPerMessage: calls[name] ?? null,
        }),
      );
    }
    const alike = Math.abs(twins.cpu - 1) <= 0.1 && Math.abs(twins.throughput - 1) <= 0.1;
    const summary = {
      benchmark: 'roundtrip',
      cpuRatioToFloor: rounded(median(cpu)),
      cpuRatioToFloorInterval: interval(cpu).map((value) => rounded(value)),
      cpuRatioToFloorP10P90: [rounded(quantile(cpu, 0.1)), rounded(quantile(cpu, 0.9))],
      leastCpuRatioToFloor: rounded(median(least)),
      leastCpuRatioToFloorInterval: interval(least).map((value) => rounded(value)),
      cpuRatioToLeast: rounded(median(toLeast)),
      cpuRatioToLeastInterval: interval(toLeast).map((value) => rounded(value)),
      throughputRatioToUsualStack: rounded(median(throughput)),
      throughputRatioToUsualStackInterval: interval(throughput).map((value) => rounded(value)),
      cpuRatioToUsualStack: rounded(median(ratios((one) => one.cpu, 'parley', 'usual'))),
      twins: { cpu: rounded(twins.cpu), throughput: rounded(twins.throughput), alike },
      latencyMs: latency,
      latencyAtPerSecond: rounded(Math.max(50, peer / 2), 0),
      systemCallsPerMessage: calls,
      wrong,
      rounds: rounds - 2,
      inFlight,
      cipher,
      prefilledConversations: prefill,
      node: process.version,
      cores: availableParallelism(),
      pinned: stacks.pinned,
    };
    if (!alike)
      log(
        'Two identical servers came out more than 10 % apart: the machine is too noisy for a verdict. Repeat with more --rounds.',
      );
    const missed = [
      ...(summary.cpuRatioToLeast > 2 ? ['more than twice the CPU of the least stack'] : []),
      ...(summary.throughputRatioToUsualStack < 2 ? ['less than twice the throughput of the usual stack'] : []),
    ];
    for (const aim of missed) log(`An aim is missed: ${aim}.`);
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return wrong === 0 && alike && missed.length === 0 ? 0 : 1;
  } finally {
    await stacks.close();
  }
}

async function slice(stacks: RunningStacks, name: StackName, ms: number): Promise<{ result: Slice; wrong: number }> {
  const pid = stacks.pid(name);
  const before = cpuOf(pid);
  const { messages, seconds, wrong } = await stacks.closedLoop(name, ms);
  const used = cpuOf(pid) - before;
  return { result: { messages, perSecond: messages / seconds, cpu: used / messages }, wrong };
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
