import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { root } from './paths.mjs';
import { Trouble } from './trouble.mjs';

/**
 * What the launcher itself needs to know. A variable of the shell wins over the same one in `.env`.
 * @returns {{ ports: { sandbox: number, api: number, bot: number, cosmos: number }, data: string, emulator: boolean, variables: Record<string, string> }}
 */
export function readEnvironment() {
  const path = join(root, '.env');
  const file = existsSync(path) ? parseEnvironment(readFileSync(path, 'utf8')) : {};
  const read = (/** @type {string} */ name) => process.env[name] || file[name];
  const ports = {
    sandbox: port('SANDBOX_PORT', read('SANDBOX_PORT'), 4400),
    api: port('DESK_PORT', read('DESK_PORT'), 4300),
    bot: port('BOT_PORT', read('BOT_PORT'), 4500),
    cosmos: port('COSMOS_PORT', read('COSMOS_PORT'), 4600),
  };
  if (new Set(Object.values(ports)).size < 4)
    throw new Trouble('DESK_PORT, SANDBOX_PORT, BOT_PORT and COSMOS_PORT must differ from each other.');
  const data = resolve(root, read('PARLEY_DATA') ?? '.parley');
  const emulator = read('STORE') === 'cosmos' && !read('COSMOS_ENDPOINT');
  return {
    ports,
    data,
    emulator,
    variables: {
      ...file,
      ...(emulator && emulatorVariables(ports.cosmos, data)),
      DESK_PORT: String(ports.api),
      SANDBOX_PORT: String(ports.sandbox),
      BOT_PORT: String(ports.bot),
      PARLEY_DATA: data,
    },
  };
}

/**
 * How the desk finds the Cosmos emulator that starts with it. The emulator does not look at the key.
 * @param {number} port
 * @param {string} data
 */
function emulatorVariables(port, data) {
  return {
    COSMOS_PORT: String(port),
    COSMOS_ENDPOINT: `https://localhost:${port}`,
    COSMOS_KEY: Buffer.from('emulator').toString('base64'),
    COSMOS_CA: join(data, 'cosmos', 'ca.pem'),
  };
}

/**
 * Reads the usual `.env` form: `NAME=value` lines, `#` comments, optional `export` and quotes.
 * (`process.loadEnvFile` came only with Node 20.12.)
 * @param {string} text
 * @returns {Record<string, string>}
 */
export function parseEnvironment(text) {
  /** @type {Record<string, string>} */
  const values = {};
  const line =
    /^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\r\n]*?))(?:[ \t]+#[^\r\n]*)?[ \t]*\r?$/gm;
  for (const [, name, double, single, bare] of text.matchAll(line)) {
    values[String(name)] = double?.replaceAll('\\n', '\n').replaceAll(/\\(.)/g, '$1') ?? single ?? bare ?? '';
  }
  return values;
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {number} usual
 */
function port(name, text, usual) {
  if (text === undefined) return usual;
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new Trouble(`${name} must be a port number between 1 and 65535, and is "${text}".`);
}
