import { startDesk } from '@parley/testkit';

/** A whole desk on encrypted files in a process of its own, whose writes the system may forbid. */
const [directory = '', storeKey = ''] = process.argv.slice(2);
// Without a handler the first write beyond the limit would end the process.
process.on('SIGXFSZ', () => undefined);
const desk = await startDesk({ store: 'sqlite', directory, storeKey });
const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
say({
  url: desk.url,
  ana: await desk.token('ana@contoso.example'),
  bot: await desk.botToken('contoso'),
});
process.stdin.on('end', () => void desk.close().then(() => process.exit(0))).resume();
