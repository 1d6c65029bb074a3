import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'vite';

/** Builds the widget as it is shipped, into a folder of the test's own. */
export async function buildWidget(): Promise<{ directory: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-widget-'));
  const configFile = join(import.meta.dirname, '..', 'vite.config.ts');
  // As shipped: Vite would take over the test runner's idea of the environment.
  const environment = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  await build({ configFile, logLevel: 'warn', mode: 'production', build: { outDir: directory, emptyOutDir: true } });
  process.env['NODE_ENV'] = environment;
  return { directory, remove: () => rm(directory, { recursive: true, force: true }) };
}
