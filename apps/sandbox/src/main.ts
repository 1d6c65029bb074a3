import { join } from 'node:path';
import { bots } from './seed.ts';
import { consoleRedirects, startSandbox } from './server.ts';

const env = process.env;
const deskUrl = `http://localhost:${env['DESK_PORT'] ?? 4300}`;
const botUrl = env['BOT_URL'] ?? `http://localhost:${env['BOT_PORT'] ?? 4500}`;
const dataDirectory = env['SANDBOX_DATA'] ?? (env['PARLEY_DATA'] && join(env['PARLEY_DATA'], 'sandbox'));

const sandbox = await startSandbox({
  port: Number(env['SANDBOX_PORT'] ?? 4400),
  ...(env['SANDBOX_HOST'] && { host: env['SANDBOX_HOST'] }),
  ...(env['SANDBOX_PUBLIC_URL'] && { publicUrl: env['SANDBOX_PUBLIC_URL'] }),
  ...(dataDirectory && { dataDirectory }),
  redirectUris: env['SANDBOX_REDIRECT_URIS']?.split(',') ?? consoleRedirects([deskUrl, 'http://localhost:5173']),
  messagingEndpoints: Object.fromEntries(
    bots.map(({ appId, messagingEndpoint }) => [appId, botUrl + new URL(messagingEndpoint).pathname]),
  ),
});
console.log(`Sandbox: ${sandbox.url}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
}
