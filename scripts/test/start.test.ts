import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { root } from '../lib/paths.mjs';

// The real launcher with the real sandbox, the one process that starts in a moment.

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

test('start serves until SIGTERM, and then leaves no process', async () => {
  const { launcher, port, output } = await start();
  await vi.waitFor(() => expect(output()).toContain(`sandbox on http://localhost:${port}/`), 30_000);
  expect((await fetch(`http://localhost:${port}/healthz`)).status).toBe(200);

  launcher.kill('SIGTERM');
  const [code] = await once(launcher, 'close');
  expect(code).toBe(0);
  await expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow();
});

test('start leaves no process even when it is killed', async () => {
  const { launcher, port, output } = await start();
  await vi.waitFor(() => expect(output()).toContain('Running'), 30_000);
  launcher.kill('SIGKILL');
  await vi.waitFor(() => expect(fetch(`http://localhost:${port}/healthz`)).rejects.toThrow(), 10_000);
});

test('start says in one sentence which port is taken, and how to choose another', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  cleanUps.push(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { launcher, output } = await start(port);
  const [code] = await once(launcher, 'close');
  expect(code).toBe(1);
  expect(output()).toContain(`Port ${port}, which the sandbox needs, is taken`);
  expect(output()).toContain('SANDBOX_PORT=');
});

async function start(taken?: number) {
  const data = mkdtempSync(join(tmpdir(), 'parley-start-'));
  const port = taken ?? (await freePort());
  const launcher = spawn(process.execPath, [join(root, 'scripts', 'start.mjs'), '--only', 'sandbox'], {
    env: { ...process.env, SANDBOX_PORT: String(port), PARLEY_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [launcher.stdout, launcher.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
  cleanUps.push(async () => {
    await end(launcher);
    rmSync(data, { recursive: true, force: true, maxRetries: 10 });
  });
  return { launcher, port, output: () => text };
}

async function end(launcher: ChildProcess) {
  if (launcher.exitCode !== null || launcher.signalCode !== null) return;
  launcher.kill('SIGTERM');
  await once(launcher, 'close');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
