import { createServer, type Server } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEgress, type Egress, type Resolve } from '../src/egress.ts';
import { isPublicAddress } from '../src/egress-addresses.ts';

let server: Server;
let origin: string;
let port: number;
let connections = 0;
let development: Egress;

beforeAll(async () => {
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    if (pathname === '/redirect') response.writeHead(302, { location: '/secret' }).end();
    else if (pathname === '/bomb') pipeline(Readable.from(zeros()), response, () => undefined);
    else if (pathname === '/silent') request.resume();
    else if (pathname === '/drip') response.write('x');
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ path: pathname, encoding: request.headers['accept-encoding'], method: request.method }));
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
  origin = `http://127.0.0.1:${port}`;
  development = createEgress({ developmentOrigins: [origin] });
});
afterAll(async () => {
  await development.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Zeros without end. */
function* zeros(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024);
}

/** Unallocated global unicast: public by every list, reachable from nowhere. */
const nowhere = { address: '2fff::1', family: 6 };
const local = { address: '127.0.0.1', family: 4 };
const guarded = (resolve: Resolve = async () => [local]) => createEgress({ ports: [443, port], resolve });

describe('A39 an address inside is refused before any connection', () => {
  const hosts = [
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.255.255.254',
    '0',
    '0.0.0.0',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '3232235521',
    '0xc0a80001',
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '169.254.170.2',
    '168.63.129.16',
    '100.64.0.1',
    '100.127.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::1]',
    '[100::1]',
    '[2001::1]',
    '[2001:db8::1]',
    '[2002:7f00:1::]',
    '[2002:a9fe:a9fe::1]',
    '[3fff::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    '１２７.0.0.1',
  ];

  test('there are at least 60 ways of writing one', () => expect(hosts.length).toBeGreaterThanOrEqual(60));

  test.each(hosts)('https://%s', async (host) => {
    const before = connections;
    const egress = guarded();
    await expect(egress.fetch(`https://${host}:${port}/`)).rejects.toMatchObject({ kind: 'refused' });
    expect(connections).toBe(before);
    await egress.close();
  });

  test.each(['localhost', 'LOCALHOST', 'localhost.', 'x.localhost', 'metadata.google.internal', 'internal.example'])(
    'a name that resolves inside: %s',
    async (host) => {
      const before = connections;
      const egress = guarded();
      await expect(egress.fetch(`https://${host}:${port}/`)).rejects.toMatchObject({
        kind: 'refused',
        code: 'address',
      });
      expect(connections).toBe(before);
      await egress.close();
    },
  );
});

test.each([
  ['http', 'http://public.example/', 'scheme'],
  ['ftp', 'ftp://public.example/', 'scheme'],
  ['file', 'file:///etc/passwd', 'scheme'],
  ['data', 'data:text/plain,x', 'scheme'],
  ['another port', 'https://public.example:8443/', 'port'],
  ['credentials', 'https://user:pass@public.example/', 'credentials'],
  ['a user name', 'https://user@public.example/', 'credentials'],
  ['no URL', 'public.example', 'url'],
  ['a port that is none', 'https://public.example:99999/', 'url'],
])('A39 %s is refused', async (_name, url, code) => {
  const egress = createEgress({ resolve: async () => [nowhere] });
  await expect(egress.fetch(url)).rejects.toMatchObject({ kind: 'refused', code });
  await egress.close();
});

test('A39 every address of a name is checked, not only the first', async () => {
  const egress = guarded(async () => [nowhere, local]);
  await expect(egress.fetch(`https://mixed.example:${port}/`)).rejects.toMatchObject({
    kind: 'refused',
    code: 'address',
  });
  await egress.close();
});

test('A40 the address that was checked is the one that is connected to', async () => {
  let lookups = 0;
  const egress = guarded(async () => {
    lookups += 1;
    return [nowhere];
  });
  const error = await egress
    .fetch(`https://public.example:${port}/`, { timeoutMs: 2_000 })
    .catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ kind: 'failed' });
  expect(lookups).toBe(1);
  await egress.close();
});

test('A40 a name that turns inwards between two lookups connects nowhere inside', async () => {
  const before = connections;
  let lookups = 0;
  const rounds = Array.from({ length: 100 }, async () => {
    let mine = 0;
    const egress = guarded(async () => {
      lookups += 1;
      return [(mine += 1) === 1 ? nowhere : local];
    });
    for (let call = 0; call < 2; call += 1)
      await egress.fetch(`https://flip${call}.example:${port}/`, { timeoutMs: 100 }).catch(() => undefined);
  });
  await Promise.all(rounds);
  expect(lookups).toBe(200);
  expect(connections).toBe(before);
});

test('a name that does not resolve is a failure, not a refusal', async () => {
  const egress = guarded(() => Promise.reject(new Error('ENOTFOUND')));
  await expect(egress.fetch(`https://gone.example:${port}/`)).rejects.toMatchObject({ kind: 'failed', code: 'name' });
  await egress.close();
});

test('an origin of the development list is called as it is; its neighbours are not', async () => {
  const answer = await development.fetch(`${origin}/hello`, { method: 'POST', body: '{}' });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body.toString())).toEqual({ path: '/hello', encoding: 'identity', method: 'POST' });
  await expect(development.fetch(`http://localhost:${port}/`)).rejects.toMatchObject({
    kind: 'refused',
    code: 'scheme',
  });
  await expect(development.fetch(`${origin}@evil.example/`)).rejects.toMatchObject({ kind: 'refused' });
});

test('a redirect is an answer and is not followed', async () => {
  const answer = await development.fetch(`${origin}/redirect`);
  expect(answer.status).toBe(302);
  await expect(development.fetchJson(`${origin}/redirect`)).rejects.toMatchObject({ kind: 'failed' });
});

test('A43 an endless answer is cut off at the limit', async () => {
  const before = process.memoryUsage.rss();
  await expect(development.fetch(`${origin}/bomb`)).rejects.toMatchObject({ kind: 'failed', code: 'too-large' });
  expect(process.memoryUsage.rss() - before).toBeLessThan(50 * 1024 * 1024);
});

test.each(['/silent', '/drip'])('a server that never finishes (%s) is left after the time given', async (path) => {
  const start = performance.now();
  await expect(development.fetch(`${origin}${path}`, { timeoutMs: 300 })).rejects.toMatchObject({
    kind: 'failed',
    code: 'timeout',
  });
  expect(performance.now() - start).toBeLessThan(5_000);
});

test.each([
  ['8.8.8.8', true],
  ['1.1.1.1', true],
  ['172.15.255.255', true],
  ['172.32.0.0', true],
  ['100.63.255.255', true],
  ['100.128.0.0', true],
  ['169.253.255.255', true],
  ['198.17.255.255', true],
  ['198.20.0.0', true],
  ['223.255.255.255', true],
  ['2606:4700:4700::1111', true],
  ['2a00:1450:4001::1', true],
  ['2001:200::1', true],
  ['fe80::1%eth0', false],
  ['1.2.3', false],
  ['', false],
  ['localhost', false],
])('A42 %s is public: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});
