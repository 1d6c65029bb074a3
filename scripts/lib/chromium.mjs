import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { node24, root, rooms } from './paths.mjs';
import { run, runStep } from './run.mjs';
import { Trouble } from './trouble.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * The browser for the browser tests: CHROMIUM_PATH, one on PATH, Playwright's own, or a newly installed one.
 * @returns {Promise<string>} path of the executable
 * @throws {Trouble} when there is none and none can be had
 */
export async function findChromium() {
  const here = process.env.CHROMIUM_PATH || onPath();
  if (here !== undefined) return here;
  const playwright = await playwrightChromium();
  if (playwright !== undefined && existsSync(playwright)) return playwright;

  if (isDebian() && process.getuid?.() === 0) {
    await runStep('Installing Chromium: package lists', 'apt-get', ['update', '-q']);
    await runStep(
      'Installing Chromium',
      'apt-get',
      ['install', '-y', '-q', '--no-install-recommends', 'chromium', 'fonts-liberation'],
      {
        env: { DEBIAN_FRONTEND: 'noninteractive' },
      },
    );
    const installed = onPath();
    if (installed !== undefined) return installed;
  }
  if (playwright !== undefined) {
    await run(node24, [playwrightCli(), 'install', 'chromium'], { stream: true, limitSeconds: 600 });
    if (existsSync(playwright)) return playwright;
  }
  throw new Trouble(
    'The browser tests need Chromium and none was found: install chromium or Google Chrome, or set CHROMIUM_PATH.',
  );
}

function onPath() {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function playwrightChromium() {
  const cli = playwrightCli();
  if (!existsSync(cli)) return undefined;
  const entry = JSON.stringify(join(cli, '..', 'index.js'));
  const { code, output } = await run(node24, ['--eval', `console.log(require(${entry}).chromium.executablePath())`]);
  return code === 0 ? output.trim() : undefined;
}

function playwrightCli() {
  for (const { folder, manifest } of rooms()) {
    if (!('playwright' in { ...manifest.dependencies, ...manifest.devDependencies })) continue;
    return join(root, folder, 'node_modules', 'playwright', 'cli.js');
  }
  return '';
}

function isDebian() {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
}
