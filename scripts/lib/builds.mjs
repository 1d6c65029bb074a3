import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, hashOf, stamp } from './files.mjs';
import { node24, root, rooms } from './paths.mjs';
import { runStep } from './run.mjs';

/**
 * Builds the browser rooms whose sources changed since their last build.
 * @throws {import('./trouble.mjs').Trouble}
 */
export async function buildBrowserRooms() {
  const all = rooms();
  for (const { folder, manifest } of all) {
    if (!['apps/console', 'apps/widget'].includes(folder) || manifest.scripts?.build === undefined) continue;
    const sources = withDependencies(folder, all)
      .flatMap(filesBelow)
      .filter((path) => !path.includes('.test.'));
    const built = stamp(`build-${folder.replace('/', '-')}`);
    const wanted = hashOf([...sources, 'pnpm-lock.yaml', 'tsconfig.base.json']);
    if (built.matches(wanted) && existsSync(join(root, folder, 'dist'))) continue;
    await runStep(`Building ${folder}`, node24, ['--run', 'build'], { cwd: join(root, folder) });
    built.write(wanted);
  }
}

/**
 * @param {string} folder
 * @param {ReturnType<typeof rooms>} all
 * @returns {string[]} the room and every room it imports, directly or not
 */
function withDependencies(folder, all) {
  const found = new Set([folder]);
  for (const each of found) {
    const { dependencies = {}, devDependencies = {} } = all.find((room) => room.folder === each)?.manifest ?? {};
    for (const room of all) {
      if (room.manifest.name in { ...dependencies, ...devDependencies }) found.add(room.folder);
    }
  }
  return [...found];
}
