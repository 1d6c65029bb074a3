import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import type { StackName } from './protocol.ts';
import type { RunningStacks } from './running.ts';

/** System calls per message under load, counted by strace; nothing where it is not installed or not allowed. */
export async function systemCalls(
  stacks: RunningStacks,
  names: readonly StackName[],
  log: (line: string) => void,
): Promise<Partial<Record<StackName, number>>> {
  if (spawnSync('strace', ['-V']).status !== 0) {
    log('strace is not installed: system calls are not counted.');
    return {};
  }
  const counts: Partial<Record<StackName, number>> = {};
  for (const name of names) {
    const tracer = spawn('strace', ['-c', '-f', '-q', '-p', String(stacks.pid(name))], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let output = '';
    tracer.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    await stacks.closedLoop(name, 500);
    const { messages } = await stacks.closedLoop(name, 1_500);
    const first = output;
    tracer.kill('SIGINT');
    await once(tracer, 'exit');
    const total = /^\s*100\.00\s+[\d.]+\s+(?:\d+\s+)?(\d+)/m.exec(output.slice(first.length));
    // The first half second is traced too; it is counted in proportion.
    if (total) counts[name] = Number((Number(total[1]) / (messages * (2_000 / 1_500))).toFixed(2));
    else log(`strace could not follow ${name}: ${output.trim().split('\n').at(-1) ?? ''}`);
  }
  return counts;
}
