import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { msalConfig } from '../src/index.ts';
import type { Tenant } from '../src/index.ts';

/** The smallest page that signs in with MSAL: it leaves `app`, `scopes` and the outcome of the redirect on `window`. */
export async function startConsole(sandboxUrl: () => string) {
  const msalFolder = join(dirname(createRequire(import.meta.url).resolve('@azure/msal-browser')), '..', 'lib');
  const scripts: Record<string, string> = {
    '/msal.js': await readFile(join(msalFolder, 'msal-browser.min.js'), 'utf8'),
    '/bridge.js': await readFile(join(msalFolder, 'redirect-bridge', 'msal-redirect-bridge.min.js'), 'utf8'),
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const script = scripts[pathname];
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html; charset=utf-8');
    if (script) response.end(script);
    else if (pathname === '/redirect.html') response.end(bridgePage);
    else response.end(page(msalConfig(searchParams.get('tid') ?? '', sandboxUrl())));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    home: ({ tid }: Tenant) => `${url}/?tid=${tid}`,
    redirectUri: `${url}/redirect.html`,
    close: () => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    },
  };
}

const bridgePage = `<!doctype html><title>Signing in</title><script src="/bridge.js"></script><script>msalRedirectBridge.broadcastResponseToMainFrame()</script>`;

function page({
  clientId,
  authority,
  knownAuthorities,
  authorityMetadata,
  scopes,
}: ReturnType<typeof msalConfig>): string {
  const auth = JSON.stringify({ clientId, authority, knownAuthorities, authorityMetadata });
  return `<!doctype html><title>Console</title><link rel="icon" href="data:,"><script src="/msal.js"></script><script>
    window.scopes = ${JSON.stringify(scopes)}
    window.ready = (async () => {
      window.app = new msal.PublicClientApplication({
        auth: { ...${auth}, redirectUri: '/redirect.html', postLogoutRedirectUri: location.href.split('#')[0] },
        cache: { cacheLocation: 'localStorage' },
      })
      await app.initialize()
      const result = await app.handleRedirectPromise().catch((error) => ({ error: error.errorCode }))
      if (result?.account) app.setActiveAccount(result.account)
      return result
    })()
  </script>`;
}
