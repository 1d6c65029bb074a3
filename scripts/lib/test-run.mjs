import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { buildBrowserRooms } from './builds.mjs';
import { runChecks } from './checks.mjs';
import { findChromium } from './chromium.mjs';
import { install } from './install.mjs';
import { node24, root, rooms } from './paths.mjs';
import { run, stopTools } from './run.mjs';
import { onStop } from './signals.mjs';
import { Trouble } from './trouble.mjs';

const limitSeconds = 35 * 60; // for one runner: a test that hangs must end as a failure, not as silence
const e2eConfig = 'e2e/vitest.config.ts';

/** @typedef {{ passed: number, failed: number }} Sum */

/**
 * Runs all that proves Parley right, or only the tests below some paths, and prints the sums as the last line.
 * @param {string[]} args paths, relative to the current folder
 */
export async function testRun(args) {
  onStop(() => {
    stopTools();
    process.exit(130);
  });
  const paths = args.map((path) => relative(root, resolve(path)).replaceAll('\\', '/')).filter((path) => path !== '');
  const all = paths.length === 0;
  const inE2e = all || paths.some((path) => path === 'e2e' || path.startsWith('e2e/'));
  const withPages = inE2e || paths.some((path) => path.startsWith('apps'));
  const hasE2e = existsSync(join(root, e2eConfig));
  const reports = mkdtempSync(join(tmpdir(), 'parley-test-'));

  /** @type {Sum} */
  const total = { passed: 0, failed: 0 };
  const stage = async (/** @type {() => Promise<Sum | void>} */ work) => {
    try {
      const sum = await work();
      total.passed += sum?.passed ?? 0;
      total.failed += sum?.failed ?? 0;
      return true;
    } catch (error) {
      console.error(error instanceof Trouble ? error.message : error);
      total.failed += 1;
      return false;
    }
  };

  if (await stage(install)) {
    if (all) await stage(() => runChecks());
    if (withPages) await stage(buildBrowserRooms);
    /** @type {Record<string, string>} */
    const environment = {};
    if (withPages && rooms().some(({ manifest }) => 'playwright' in { ...manifest.devDependencies })) {
      await stage(async () => void (environment.CHROMIUM_PATH = await findChromium()));
    }
    const filters = all ? [] : ['--passWithNoTests', ...paths]; // each runner has only some of the paths
    await stage(() => vitest('rooms', filters, reports, environment));
    if (inE2e && hasE2e) await stage(() => vitest('e2e', ['--config', e2eConfig, ...filters], reports, environment));
  }
  rmSync(reports, { recursive: true, force: true });
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
  console.log(`${total.passed} passed, ${total.failed} failed`);
}

/**
 * @param {string} name
 * @param {string[]} options
 * @param {string} reports folder for the JSON report
 * @param {Record<string, string>} env
 * @returns {Promise<Sum>}
 */
async function vitest(name, options, reports, env) {
  const report = join(reports, `${name}.json`);
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...options];
  const { code } = await run(node24, [join(root, 'node_modules', 'vitest', 'vitest.mjs'), ...args], {
    env,
    stream: true,
    limitSeconds,
  });
  const sum = existsSync(report) ? sumOf(JSON.parse(readFileSync(report, 'utf8'))) : { passed: 0, failed: 0 };
  if (code !== 0 && sum.failed === 0) {
    console.error(
      `The ${name} runner ended with exit code ${code} without naming a failed test: that counts as one failure.`,
    );
    sum.failed = 1;
  }
  return sum;
}

/**
 * @param {{ testResults: { status: string, assertionResults: { status: string }[] }[] }} report
 * @returns {Sum} a file that could not even be loaded is one failure
 */
function sumOf({ testResults }) {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return {
    passed: tests.filter(({ status }) => status === 'passed').length,
    failed: tests.filter(({ status }) => status === 'failed').length + broken.length,
  };
}
