import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildBrowserRooms } from './builds.mjs';
import { readEnvironment } from './environment.mjs';
import { install, requireFreeSpace } from './install.mjs';
import { stopTools } from './run.mjs';
import { emulator, requireFreePorts, services, startServices } from './services.mjs';
import { onStop } from './signals.mjs';
import { startVite, viteAddress } from './vite.mjs';
import { Trouble } from './trouble.mjs';
import { welcome } from './welcome.mjs';

const usage = `Usage: npm start -- [--only api,sandbox,bot] [--no-open] [--verbose]
Ports come from DESK_PORT (4300), SANDBOX_PORT (4400) and BOT_PORT (4500), the data folder from PARLEY_DATA (.parley);
all may be set in the shell or in a file named .env. With STORE=cosmos and no COSMOS_ENDPOINT, a Cosmos emulator starts on
COSMOS_PORT (4600); what it holds is gone when it ends.`;

/**
 * Runs Parley in this terminal until a signal, or until one of its processes ends.
 * @param {{ watch: boolean }} mode `watch`: restart on changes, and serve the console with Vite
 */
export async function launch({ watch }) {
  /** @type {(() => Promise<unknown>)[]} */
  const stops = [];
  let leaving = false;
  const leave = async (/** @type {number} */ code) => {
    if (leaving) return;
    leaving = true;
    stopTools();
    await Promise.all(stops.map((stop) => stop()));
    process.exit(code);
  };
  onStop((signal) => {
    if (!leaving && stops.length > 0) console.log('\nStopping …');
    void leave(stops.length === 0 ? 130 : signal === 'SIGHUP' ? 129 : 0);
  });
  const fail = (/** @type {unknown} */ error) => {
    if (leaving) return;
    console.error(error instanceof Trouble ? `\n${error.message}` : error);
    void leave(1);
  };

  try {
    const options = readOptions();
    const { ports, data, variables, ...environment } = readEnvironment();
    const desk = options.wanted.some(({ name }) => name === 'api');
    const wanted = environment.emulator && desk ? [emulator, ...options.wanted] : options.wanted;
    requireFreeSpace(data);
    await requireFreePorts(wanted, ports);
    await install();
    if (!watch && desk) await buildBrowserRooms();

    const parley = await startServices({
      wanted,
      ports,
      variables,
      logs: join(data, 'logs'),
      verbose: options.verbose,
      nodeArguments: watch ? ['--watch', '--watch-preserve-output'] : [],
      onDeath: fail,
    });
    stops.push(parley.stop);
    await parley.start();
    if (leaving) return;
    if (watch) stops.push(startVite(variables, fail));
    if (options.wanted.length < services.length) return console.log(`Running: ${addresses(options.wanted, ports)}`);
    const consoleAddress = watch ? viteAddress : `http://localhost:${ports.api}/`;
    console.log(await welcome(ports, data, consoleAddress, wanted.includes(emulator)));
    if (options.open) openInBrowser(consoleAddress);
  } catch (error) {
    fail(error);
  }
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        'no-open': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const names = values.only?.split(',') ?? services.map(({ name }) => name);
    const unknown = names.find((name) => !services.some((service) => service.name === name));
    if (unknown !== undefined) throw new Error(`--only does not know "${unknown}".`);
    return {
      wanted: services.filter(({ name }) => names.includes(name)),
      verbose: values.verbose,
      open: !values['no-open'],
    };
  } catch (error) {
    throw new Trouble(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

/**
 * @param {readonly import('./services.mjs').Service[]} wanted
 * @param {Record<string, number>} ports
 */
function addresses(wanted, ports) {
  return wanted.map(({ name }) => `${name} on http://localhost:${ports[name]}/`).join(', ');
}

/** Opens the console where somebody sits in front of a screen; a failure to do so is no failure.
 * @param {string} address */
function openInBrowser(address) {
  const screen = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  if (!process.stdout.isTTY || process.env.CI !== undefined || !screen) return;
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [address]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', address]]
        : ['xdg-open', [address]];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
