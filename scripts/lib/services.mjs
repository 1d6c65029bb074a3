import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { childEnvironment, node24, root } from './paths.mjs';
import { explainDeath, Trouble } from './trouble.mjs';

const healthSeconds = 60;
const stopSeconds = 10;
const followParent = pathToFileURL(join(root, 'scripts', 'lib', 'follow-parent.mjs')).href;

/** The processes of a running Parley, in the order in which they start. */
export const services = /** @type {const} */ ([
  { name: 'sandbox', what: 'the sandbox', portVariable: 'SANDBOX_PORT' },
  { name: 'api', what: 'the desk', portVariable: 'DESK_PORT' },
  { name: 'bot', what: 'the bot', portVariable: 'BOT_PORT' },
]);

/** Comes before them with `STORE=cosmos` and no account named: what it holds is gone when it ends. */
export const emulator = /** @type {const} */ ({
  name: 'cosmos',
  what: 'the Cosmos emulator',
  portVariable: 'COSMOS_PORT',
});

/** @typedef {(typeof services)[number] | typeof emulator} Service */

/**
 * @param {readonly Service[]} wanted
 * @param {Record<Service['name'], number>} ports
 * @throws {Trouble} when somebody already listens on one of them
 */
export async function requireFreePorts(wanted, ports) {
  for (const { name, what, portVariable } of wanted) {
    const port = ports[name];
    const answers = await Promise.all([listens('127.0.0.1', port), listens('::1', port)]);
    if (!answers.includes(true)) continue;
    const ours = await isHealthy(port);
    throw new Trouble(
      `Port ${port}, which ${what} needs, is taken${ours ? ', probably by a Parley that is already running' : ''}: ` +
        `stop what uses it, or choose another port with ${portVariable}=${port + 10}.`,
    );
  }
}

/**
 * Starts the processes one after the other, each once the one before is healthy.
 * @param {object} options
 * @param {readonly Service[]} options.wanted
 * @param {Record<Service['name'], number>} options.ports
 * @param {string} options.logs folder of the log files
 * @param {Record<string, string>} options.variables environment of all of them
 * @param {boolean} options.verbose show every log line, not just warnings
 * @param {string[]} [options.nodeArguments]
 * @param {(trouble: Trouble) => void} options.onDeath called once if one of them ends by itself, even while starting
 */
export async function startServices({ wanted, ports, logs, variables, verbose, nodeArguments = [], onDeath }) {
  mkdirSync(logs, { recursive: true });
  /** @type {ReturnType<typeof startProcess>[]} */
  const processes = [];
  let stopping = false;
  const stop = async () => {
    stopping = true;
    await Promise.all(processes.map((each) => each.stop()));
  };

  const start = async () => {
    for (const service of wanted) {
      if (stopping) return;
      const file = entryOf(service);
      const entry = join(root, file);
      if (!existsSync(entry)) throw new Trouble(`${file} is missing: this copy of Parley is not complete.`);
      const started = startProcess({ service, entry, logs, variables, verbose, nodeArguments });
      processes.push(started);
      void started.ended.then((trouble) => {
        if (stopping) return;
        stopping = true;
        onDeath(trouble);
      });
      await Promise.race([started.ended, untilHealthy(service, ports[service.name])]);
    }
  };
  return { start, stop };
}

/** @param {Service} service */
function entryOf({ name }) {
  return name === 'cosmos' ? 'packages/stores/src/emulator/main.ts' : `apps/${name}/src/main.ts`;
}

/**
 * @param {{ service: Service, entry: string, logs: string, variables: Record<string, string>, verbose: boolean, nodeArguments: string[] }} options
 */
function startProcess({ service, entry, logs, variables, verbose, nodeArguments }) {
  const logPath = join(logs, `${service.name}.log`);
  if (existsSync(logPath)) renameSync(logPath, join(logs, `${service.name}.previous.log`));
  const log = createWriteStream(logPath);
  log.on('error', () => {}); // a full disk must not take the desk down through its log file
  /** @type {string[]} */
  const last = [];

  const child = spawn(node24, ['--import', followParent, ...nodeArguments, entry], {
    cwd: root,
    env: childEnvironment(variables),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32', // Ctrl-C is ours to pass on, so that each process gets one signal
  });
  for (const [stream, isError] of /** @type {const} */ ([
    [child.stdout, false],
    [child.stderr, true],
  ])) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      log.write(`${line}\n`);
      last.push(line);
      if (last.length > 15) last.shift();
      const shown = readable(line, isError, verbose);
      if (shown !== undefined) console.log(`${service.name.padEnd(7)} │ ${shown}`);
    });
  }

  /** @type {Promise<Trouble>} */
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(new Trouble(`${capital(service.what)} could not start: ${error.message}`)));
    child.on('close', (code, signal) => {
      const cause = explainDeath(last.join('\n')) ?? signal ?? `exit code ${code}`;
      const lines = last.map((line) => `  ${readable(line, true, true)}`).join('\n');
      resolve(
        new Trouble(
          `${capital(service.what)} stopped by itself (${cause}), so everything was stopped. Its last lines, from ${logPath}:\n${lines}`,
        ),
      );
    });
  });
  return { ended, stop: () => stopProcess(child, ended) };
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {Promise<unknown>} ended
 */
async function stopProcess(child, ended) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), stopSeconds * 1000);
  await ended;
  clearTimeout(late);
}

/**
 * @param {Service} service
 * @param {number} port
 */
async function untilHealthy({ what, name }, port) {
  const deadline = Date.now() + healthSeconds * 1000;
  // The emulator speaks https with a certificate of its own; it is ready once it listens.
  while (!(await (name === 'cosmos' ? listens('127.0.0.1', port) : isHealthy(port)))) {
    if (Date.now() > deadline) {
      throw new Trouble(
        `${capital(what)} did not become healthy on port ${port} within ${healthSeconds} s: see ${name}.log in the logs folder.`,
      );
    }
    await sleep(50);
  }
}

/** @param {number} port */
async function isHealthy(port) {
  try {
    const answer = await fetch(`http://localhost:${port}/healthz`, { signal: AbortSignal.timeout(2000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

/**
 * @param {string} host
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function listens(host, port) {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => end(false));
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });
}

const levels = /** @type {Record<number, string>} */ ({
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
});

/**
 * A log line for people. JSON lines become `level message`; quiet levels are dropped unless all are wanted.
 * @param {string} line
 * @param {boolean} isError it came on standard error
 * @param {boolean} all
 * @returns {string | undefined}
 */
export function readable(line, isError, all) {
  /** @type {{ level?: unknown, msg?: unknown, err?: { message?: unknown } } | undefined} */
  let record;
  try {
    record = line.startsWith('{') ? JSON.parse(line) : undefined;
  } catch {
    record = undefined;
  }
  const fromNode = /^\(node:\d+\)|^\(Use `node /.test(line); // deprecations: for developers, not for operators
  if (typeof record?.level !== 'number') return all || (isError && !fromNode) ? line : undefined;
  if (!all && record.level < 40) return undefined;
  const reason = record.err?.message;
  const message = typeof record.msg === 'string' ? record.msg : line;
  const addition = typeof reason === 'string' && !message.includes(reason) ? ` (${reason})` : '';
  return `${levels[record.level] ?? record.level} ${message}${addition}`;
}

/** @param {string} text */
function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
