import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { childEnvironment, node24, root } from './paths.mjs';
import { Trouble } from './trouble.mjs';

/** Where the console's own Vite configuration serves it. */
export const viteAddress = 'http://localhost:5173/';

/**
 * Serves the console from its sources, with hot reload.
 * @param {Record<string, string>} variables
 * @param {(trouble: Trouble) => void} onDeath
 * @returns {() => Promise<unknown>} stops it
 */
export function startVite(variables, onDeath) {
  const room = join(root, 'apps', 'console');
  const child = spawn(node24, [join(room, 'node_modules', 'vite', 'bin', 'vite.js')], {
    cwd: room,
    env: childEnvironment(variables),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  let stopping = false;
  ended.then(
    ([code]) => {
      if (!stopping) onDeath(new Trouble(`Vite stopped by itself (exit code ${code}), so everything was stopped.`));
    },
    (error) => onDeath(new Trouble(`Vite could not start: ${error.message}`)),
  );
  return () => {
    stopping = true;
    child.kill('SIGTERM');
    return ended.catch(() => {});
  };
}
