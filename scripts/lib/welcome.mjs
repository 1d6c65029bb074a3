import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { root, node24 } from './paths.mjs';
import { run } from './run.mjs';

/**
 * What to open, whom to be, what to try first.
 * @param {{ sandbox: number, api: number, bot: number }} ports
 * @param {string} data
 * @param {string} consoleAddress
 * @param {boolean} emulated conversations are in the Cosmos emulator
 * @returns {Promise<string>}
 */
export async function welcome(ports, data, consoleAddress, emulated) {
  const people = await sandboxPeople();
  const width = Math.max(0, ...people.map(({ name }) => name.length));
  return [
    '',
    'Parley is running.',
    '',
    `  Console for consultants and supervisors   ${consoleAddress}`,
    `  BankX web page with the chat              http://localhost:${ports.bot}/`,
    `  Sandbox: sign-in, channels, BankX logins  http://localhost:${ports.sandbox}/`,
    '',
    ...(people.length > 0 ? ['People you can sign in as (no password):', ''] : []),
    ...people.map(
      ({ name, role, client, email }) => `  ${name.padEnd(width)}  ${role.padEnd(10)}  ${client.padEnd(18)}  ${email}`,
    ),
    ...(people.length > 0 ? [''] : []),
    'Try this first:',
    `  1. Open ${consoleAddress} and sign in as Ana Ruiz of Contoso Bank; set yourself available.`,
    `  2. In another window open http://localhost:${ports.bot}/, start the chat and ask for a person.`,
    '  3. Accept the conversation in the console: what the user and the bot said is already there.',
    '',
    emulated
      ? 'Conversations are in a Cosmos emulator: Ctrl-C stops everything, and what it holds is gone.'
      : `Your data is in ${data}. Ctrl-C stops everything and keeps it.`,
  ].join('\n');
}

/**
 * The seed of the sandbox is TypeScript, so the Node that runs it is asked.
 * @returns {Promise<{ name: string, role: string, client: string, email: string }[]>}
 */
async function sandboxPeople() {
  const seed = pathToFileURL(join(root, 'apps', 'sandbox', 'src', 'seed.ts')).href;
  const program = `const { tenants } = await import(${JSON.stringify(seed)});
    console.log(JSON.stringify(tenants.flatMap(({ name: client, people }) =>
      people.map(({ name, role, email }) => ({ name, role, email, client })))));`;
  const { code, output } = await run(node24, ['--no-warnings', '--input-type=module', '--eval', program]);
  return code === 0 ? JSON.parse(output) : [];
}
