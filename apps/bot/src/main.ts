import { readConfig, startBot } from './bot.ts';

const bot = await startBot(readConfig(process.env));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void bot.close().then(() => process.exit(0));
  });
}
