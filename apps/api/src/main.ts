import { createApi } from './compose.ts';
import { ConfigError, loadConfig, readEnvironment } from './config.ts';
import { loadClients } from './clients.ts';
import { closeOtherWaysOut } from './egress.ts';
import { createLogger } from './logging.ts';

/** Starts the desk process and stops it on a signal: what is under way finishes, then the files are closed. */
async function main(): Promise<void> {
  const config = loadConfig(readEnvironment());
  const log = createLogger({ level: config.logLevel, production: config.production });
  closeOtherWaysOut();
  const api = await createApi({ config, clients: loadClients(config), log });
  const address = await api.listen();
  log.info({ address }, 'the desk is open');

  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'closing');
      setTimeout(() => process.exit(1), 10_000).unref();
      api.close().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'closing failed');
          process.exit(1);
        },
      );
    });
  }
}

main().catch((error: unknown) => {
  if (error instanceof ConfigError) {
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
