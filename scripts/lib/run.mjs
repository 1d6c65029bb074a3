import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { progress } from './progress.mjs';
import { childEnvironment, root } from './paths.mjs';
import { explain, Trouble } from './trouble.mjs';

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** Passes a stop on to the tools that are running, so that none outlives us. */
export function stopTools() {
  for (const child of running) child.kill('SIGTERM');
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] defaults to the root
 * @property {Record<string, string | undefined>} [env] added to the environment
 * @property {boolean} [stream] show the output while it comes; otherwise it is only collected
 * @property {number} [limitSeconds] the tool is ended after that long; none by default
 */

/**
 * Runs a tool to its end. Never rejects: a tool that cannot be started has code 127.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    let output = '';
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: childEnvironment({ ...(options.stream && process.stdout.isTTY ? {} : { NO_COLOR: '1' }), ...options.env }),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: command.endsWith('.cmd'),
    });
    running.add(child);
    const limit =
      options.limitSeconds === undefined ? undefined : setTimeout(() => expire(child), options.limitSeconds * 1000);

    for (const [stream, target] of /** @type {const} */ ([
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ])) {
      stream.setEncoding('utf8').on('data', (text) => {
        output = (output + text).slice(-400_000);
        if (options.stream) target.write(text);
      });
    }
    const end = (/** @type {number} */ code, /** @type {string} */ extra = '') => {
      clearTimeout(limit);
      running.delete(child);
      resolve({ code, output: output + extra });
    };
    child.on('error', (error) => end(127, `${command}: ${error.message}`));
    child.on('close', (code, signal) => end(code ?? 1, signal ? `\n${command} was ended by ${signal}` : ''));
  });
}

/**
 * Runs a tool as a long step with progress.
 * @param {string} label
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<string>} its output
 * @throws {Trouble} in one sentence where the cause is known, else with the end of the output
 */
export async function runStep(label, command, args, options = {}) {
  const step = progress(label);
  const { code, output } = await run(command, args, options);
  if (code === 0) {
    step.done();
    return output;
  }
  step.failed();
  throw new Trouble(explain(output) ?? `${label} failed:\n${lastLines(output, 30)}`);
}

/**
 * @param {string} text
 * @param {number} count
 */
export function lastLines(text, count) {
  return stripVTControlCharacters(text).trimEnd().split('\n').slice(-count).join('\n');
}

/** @param {import('node:child_process').ChildProcess} child */
function expire(child) {
  child.kill('SIGTERM');
  setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
}
