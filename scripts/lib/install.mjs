import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { hashOf, stamp } from './files.mjs';
import { node24, root, rooms } from './paths.mjs';
import { run, runStep } from './run.mjs';
import { Trouble } from './trouble.mjs';

const pnpmVersion = '12.21.0';
const leastFreeMegabytes = 300;

/**
 * Brings node_modules in line with the lockfile; does nothing when it already is.
 * @throws {Trouble}
 */
export async function install() {
  requireFreeSpace(root);
  const installed = stamp('install');
  const wanted = hashOf(
    ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...rooms().map(({ folder }) => `${folder}/package.json`)],
    `${process.platform} ${process.arch}`,
  );
  if (installed.matches(wanted) && existsSync(node24)) return;

  const [command, ...first] = await pnpm();
  await runStep(
    'Installing packages (the first time takes a minute or two)',
    command,
    [...first, 'install', '--frozen-lockfile'],
    {
      env: {
        CI: 'true', // pnpm must not ask before it replaces a node_modules of another layout
        npm_config_loglevel: 'error', // `npm --silent` would hide from us why npx failed
        ...shortRetries('npm_config_'),
        ...shortRetries('pnpm_config_'),
      },
    },
  );
  if (!existsSync(node24))
    throw new Trouble('Node 24 did not install: delete the folder node_modules, then run the same command again.');
  installed.write(wanted);
}

/**
 * @param {string} path where something will be written
 * @throws {Trouble} when the disk is nearly full
 */
export function requireFreeSpace(path) {
  let there = path;
  while (!existsSync(there)) there = dirname(there);
  const { bavail, bsize } = statfsSync(there);
  const megabytes = Math.floor((bavail * bsize) / 1_000_000);
  if (megabytes >= leastFreeMegabytes) return;
  throw new Trouble(
    `The disk that holds ${there} is full (${megabytes} MB free): Parley wants at least ${leastFreeMegabytes} MB.`,
  );
}

/** Without a network the tools would wait for minutes before they say so.
 * @param {string} prefix of the tool's environment variables */
function shortRetries(prefix) {
  return { [`${prefix}fetch_retry_mintimeout`]: '500', [`${prefix}fetch_retry_maxtimeout`]: '3000' };
}

/** The command that runs pnpm: the one on PATH if it is of our major version, else through npx.
 * @returns {Promise<[string, ...string[]]>} */
async function pnpm() {
  const windows = process.platform === 'win32';
  const own = windows ? 'pnpm.cmd' : 'pnpm';
  // A corepack shim of that name must answer at once or not at all, instead of downloading what it likes.
  const found = await run(own, ['--version'], { env: { COREPACK_ENABLE_NETWORK: '0' }, limitSeconds: 15 });
  const major = pnpmVersion.split('.')[0];
  if (found.code === 0 && found.output.trim().startsWith(`${major}.`)) return [own];
  return [windows ? 'npx.cmd' : 'npx', '--yes', `pnpm@${pnpmVersion}`];
}
