import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { buildBrowserRooms } from './builds.mjs';
import { runChecks } from './checks.mjs';
import { findChromium } from './chromium.mjs';
import { install } from './install.mjs';
import { node24, root } from './paths.mjs';
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
  const inE2e = (/** @type {string} */ path) => path === 'e2e' || path.startsWith('e2e/');
  const roomPaths = paths.filter((path) => !inE2e(path));
  const e2ePaths = paths.filter(inE2e);
  const all = paths.length === 0;
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
    if (all || paths.some((path) => !path.startsWith('packages/'))) await stage(buildBrowserRooms);
    /** @type {Record<string, string>} */
    const environment = {};
    if (all ? hasE2e : paths.some((path) => inE2e(path) || path.startsWith('apps/'))) {
      await stage(async () => void (environment.CHROMIUM_PATH = await findChromium()));
    }
    if (all || roomPaths.length > 0) await stage(() => vitest('rooms', [], roomPaths, reports, environment));
    if ((all && hasE2e) || e2ePaths.length > 0) {
      const filters = e2ePaths.filter((path) => path !== 'e2e');
      await stage(() => vitest('e2e', ['--config', e2eConfig], filters, reports, environment));
    }
  }
  rmSync(reports, { recursive: true, force: true });
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
  console.log(`${total.passed} passed, ${total.failed} failed`);
}

/**
 * @param {string} name
 * @param {string[]} config
 * @param {string[]} filters
 * @param {string} reports folder for the JSON report
 * @param {Record<string, string>} env
 * @returns {Promise<Sum>}
 */
async function vitest(name, config, filters, reports, env) {
  const report = join(reports, `${name}.json`);
  const args = ['run', ...config, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters];
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
