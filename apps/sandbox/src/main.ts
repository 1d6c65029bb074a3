import { startSandbox } from './server.ts'

const env = process.env

const sandbox = await startSandbox({
  port: Number(env['SANDBOX_PORT'] ?? 4400),
  ...(env['SANDBOX_HOST'] && { host: env['SANDBOX_HOST'] }),
  ...(env['SANDBOX_PUBLIC_URL'] && { publicUrl: env['SANDBOX_PUBLIC_URL'] }),
  ...(env['SANDBOX_DATA'] && { dataDirectory: env['SANDBOX_DATA'] }),
  ...(env['SANDBOX_REDIRECT_URIS'] && { redirectUris: env['SANDBOX_REDIRECT_URIS'].split(',') }),
})
console.log(`Sandbox: ${sandbox.url}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void sandbox.close().then(() => process.exit(0)))
}
