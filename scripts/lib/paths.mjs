import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(fileURLToPath(new URL('../..', import.meta.url)));

const windows = process.platform === 'win32';

/** The Node 24 that the lockfile pins; everything of ours runs on it, whatever Node started us. */
export const node24 = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');

/**
 * The environment for our child processes: the pinned Node and the tools of the root come first.
 * @param {Record<string, string | undefined>} [extra]
 */
export function childEnvironment(extra = {}) {
  const first = [join(root, 'node_modules', 'node', 'bin'), join(root, 'node_modules', '.bin')];
  const pathKey = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const path = [...first, process.env[pathKey] ?? ''].join(windows ? ';' : ':');
  return { ...process.env, ...extra, [pathKey]: path };
}

/**
 * Every room of the workspace that is there now.
 * @returns {{ folder: string, manifest: Record<string, any> }[]} folders relative to the root, with `/`
 */
export function rooms() {
  const folders = ['apps', 'packages']
    .flatMap((group) => {
      const path = join(root, group);
      return existsSync(path) ? readdirSync(path).map((name) => `${group}/${name}`) : [];
    })
    .concat('e2e')
    .filter((folder) => existsSync(join(root, folder, 'package.json')));
  return folders.sort().map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
  }));
}
