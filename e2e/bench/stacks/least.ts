import { createHmac, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import Fastify from 'fastify';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { Pool } from 'undici';
import { WebSocketServer, type WebSocket } from 'ws';

/**
 * The least that keeps a desk's promises with the parts Parley is made of: Fastify with schemas, tokens remembered, a signed
 * callback, and what is said durable before it is acknowledged, once under each id, in an encrypted file that commits once per
 * turn of the event loop. No rules of handoff, no lists, no heads, no search, no metrics, no limits, no logs: what a desk costs
 * beyond this is its own doing, and what this costs beyond the floor is not.
 */
// The package ships no types.
const Database = createRequire(import.meta.url)('better-sqlite3-multiple-ciphers') as new (file: string) => Db;
const callback = new URL(process.env['CALLBACK_URL']!);
const pool = new Pool(callback.origin, { connections: 64, pipelining: 1 });
const keys = createLocalJWKSet(JSON.parse(process.env['JWKS']!) as JSONWebKeySet);
const known = new Map<string, number>();
const secret = randomBytes(32);

const db = new Database(process.env['DB_FILE']!);
db.pragma(`cipher='${process.env['DB_CIPHER']!}'`);
db.pragma(`key="x'${process.env['DB_KEY']!}'"`);
db.pragma('page_size=2048');
db.pragma('journal_mode=WAL');
db.pragma('synchronous=FULL');
db.exec(`
  create table log (n integer primary key, body text not null);
  create table ids (id text primary key, n integer not null) without rowid;
  create table marks (n integer primary key, delivered integer not null);
`);
const begin = db.prepare('begin immediate');
const commit = db.prepare('commit');
const append = db.prepare('insert into log(body) values (?)');
const name = db.prepare('insert into ids values (?, ?)');
const mark = db.prepare('insert into marks values (?, ?)');

type Job = { id: string; body: string; done: (n: number) => void };
let waiting: Job[] = [];
let marks: number[] = [];
const seqs = new Map<string, number>();
const rooms = new Map<string, WebSocket>();

function store(id: string, entry: object): Promise<number> {
  return new Promise((done) => {
    if (waiting.length === 0) setImmediate(flush);
    waiting.push({ id, body: JSON.stringify(entry), done });
  });
}

function flush(): void {
  const batch = waiting;
  const delivered = marks;
  waiting = [];
  marks = [];
  begin.run();
  const numbers = batch.map(({ id, body }) => {
    const { lastInsertRowid } = append.run(body);
    name.run(id, lastInsertRowid);
    return Number(lastInsertRowid);
  });
  for (const n of delivered) mark.run(n, Date.now());
  commit.run();
  for (const [i, { done }] of batch.entries()) done(numbers[i]!);
}

const string = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength }) as const;
const user = {
  type: 'object',
  required: ['id'],
  additionalProperties: false,
  properties: { id: string(256), name: string(200) },
} as const;
const turnSchema = {
  type: 'object',
  required: ['channel', 'conversation', 'id', 'speaker', 'text', 'user'],
  additionalProperties: false,
  properties: {
    channel: string(40),
    conversation: string(512),
    id: string(128),
    speaker: { type: 'string', enum: ['user', 'bot'] },
    text: string(16_000),
    user,
  },
} as const;

const app = Fastify({ keepAliveTimeout: 600_000 });
app.addHook('onRequest', (request, _reply, next) => {
  const token = (request.headers.authorization ?? '').slice(7);
  if ((known.get(token) ?? 0) > Date.now()) next();
  else verify(token).then(() => next(), next);
});

app.post<{ Body: { turns: { conversation: string; id: string; text: string }[] } }>(
  '/v1/bot/turns',
  {
    schema: {
      body: {
        type: 'object',
        required: ['turns'],
        additionalProperties: false,
        properties: { turns: { type: 'array', minItems: 1, maxItems: 100, items: turnSchema } },
      },
    },
  },
  async (request) => ({
    results: await Promise.all(
      request.body.turns.map(async ({ conversation, id, text }) => {
        const { seq } = await say(conversation, id, text, 'user');
        return { id, conversation, outcome: 'stored', seq, floor: 'human' };
      }),
    ),
  }),
);

app.post<{ Body: { id: string; text: string; epoch: number }; Params: { id: string } }>(
  '/v1/conversations/:id/reply',
  {
    schema: {
      body: {
        type: 'object',
        required: ['id', 'text', 'epoch'],
        additionalProperties: false,
        properties: { id: string(128), text: string(16_000), epoch: { type: 'integer' } },
      },
    },
  },
  async (request) => {
    const { id, text } = request.body;
    const conversation = request.params.id;
    const { seq, n } = await say(conversation, id, text, 'person');
    void deliver(conversation, id, seq, n, text);
    return { conversation, seq, id };
  },
);

new WebSocketServer({ server: app.server, perMessageDeflate: false }).on('connection', (socket) => {
  socket.on('message', (data) => rooms.set(String(data), socket));
});
await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`listening ${(app.server.address() as { port: number }).port}\n`);

async function say(conversation: string, id: string, text: string, by: 'user' | 'person') {
  const seq = (seqs.get(conversation) ?? 0) + 1;
  seqs.set(conversation, seq);
  const entry = { conversation, seq, id, text, by: { type: by }, at: Date.now() };
  const n = await store(id, entry);
  rooms.get(conversation)?.send(JSON.stringify(entry));
  return { seq, n };
}

async function deliver(conversation: string, id: string, seq: number, n: number, text: string): Promise<void> {
  const body = JSON.stringify({
    type: 'conversation.entries',
    conversation,
    entries: [{ kind: 'message', seq, id, text, from: { name: 'Ana Ruiz' } }],
  });
  const { body: answered } = await pool.request({
    method: 'POST',
    path: callback.pathname,
    headers: {
      'content-type': 'application/json',
      'webhook-signature': createHmac('sha256', secret).update(body).digest('base64'),
    },
    body,
  });
  await answered.dump();
  marks.push(n);
}

async function verify(token: string): Promise<void> {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['RS256'],
    audience: process.env['AUDIENCE']!,
    issuer: process.env['ISSUER']!,
  });
  known.set(token, payload.exp! * 1000);
}

type Statement = { run(...values: unknown[]): { lastInsertRowid: number | bigint } };
type Db = { pragma(text: string): unknown; exec(sql: string): void; prepare(sql: string): Statement };
