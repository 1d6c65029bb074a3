import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import Fastify from 'fastify';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { Server } from 'socket.io';
import { Pool } from 'undici';

/**
 * The usual stack: Fastify with schemas, tokens verified once and then remembered, one durable SQLite transaction per message
 * (the same cipher, WAL and synchronous=FULL as Parley's), Socket.IO rooms over WebSocket without compression, and a callback
 * per reply with a transaction that marks it.
 */
// The package ships no types.
const Database = createRequire(import.meta.url)('better-sqlite3-multiple-ciphers') as new (file: string) => Db;
const callback = new URL(process.env['CALLBACK_URL']!);
const pool = new Pool(callback.origin, { connections: 64, pipelining: 1 });
const keys = createLocalJWKSet(JSON.parse(process.env['JWKS']!) as JSONWebKeySet);
const known = new Map<string, number>();

const db = new Database(process.env['DB_FILE']!);
db.pragma(`cipher='${process.env['DB_CIPHER']!}'`);
db.pragma(`key="x'${process.env['DB_KEY']!}'"`);
db.pragma('journal_mode=WAL');
db.pragma('synchronous=FULL');
db.exec(`
  create table if not exists conversations (id text primary key, state text, holder text, seq integer, updated integer, last text);
  create index if not exists by_state on conversations (state, updated);
  create table if not exists messages (id text primary key, conversation text references conversations, seq integer, speaker text, body text, created integer, delivered integer, unique (conversation, seq));
`);
const bump = db.prepare(
  "insert into conversations values (?, 'assigned', ?, 1, ?, ?) on conflict (id) do update set seq = seq + 1, updated = excluded.updated, last = excluded.last returning seq",
);
const insert = db.prepare('insert into messages values (?, ?, ?, ?, ?, ?, null) on conflict (id) do nothing');
const mark = db.prepare('update messages set delivered = ? where id = ?');
const store = db.transaction((id: string, conversation: string, speaker: string, text: string) => {
  const { seq } = bump.get(conversation, 'ana', Date.now(), text.slice(0, 200)) as { seq: number };
  insert.run(id, conversation, seq, speaker, text, Date.now());
  return seq;
});
prefill(Number(process.env['PREFILL'] ?? 0));

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
const io = new Server(app.server, { transports: ['websocket'], perMessageDeflate: false });
io.use((socket, next) => void verify(String(socket.handshake.auth['token'])).then(() => next(), next));
io.on('connection', (socket) =>
  socket.on('watch', (conversation: string, done: () => void) => {
    void socket.join(conversation);
    done();
  }),
);
app.addHook('onRequest', async (request) => verify((request.headers.authorization ?? '').slice(7)));

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
  async (request) => {
    const results = request.body.turns.map(({ conversation, id, text }) => {
      const seq = store(id, conversation, 'user', text);
      io.to(conversation).emit('message', { conversation, seq, id, text, by: { type: 'user' }, at: Date.now() });
      return { id, conversation, outcome: 'stored', seq, floor: 'human' };
    });
    return { results };
  },
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
    const seq = store(id, conversation, 'person', text);
    io.to(conversation).emit('message', { conversation, seq, id, text, by: { type: 'person' }, at: Date.now() });
    void deliver(conversation, id, seq, text);
    return { conversation, seq, id };
  },
);

await app.listen({ port: 0, host: '127.0.0.1' });
process.stdout.write(`listening ${(app.server.address() as { port: number }).port}\n`);

async function verify(token: string): Promise<void> {
  if ((known.get(token) ?? 0) > Date.now()) return;
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['RS256'],
    audience: process.env['AUDIENCE']!,
    issuer: process.env['ISSUER']!,
  });
  known.set(token, payload.exp! * 1000);
}

async function deliver(conversation: string, id: string, seq: number, text: string): Promise<void> {
  const body = JSON.stringify({
    type: 'conversation.entries',
    conversation,
    entries: [{ kind: 'message', seq, id, text, from: { name: 'Ana Ruiz' } }],
  });
  const { body: answered } = await pool.request({
    method: 'POST',
    path: callback.pathname,
    headers: { 'content-type': 'application/json' },
    body,
  });
  await answered.dump();
  mark.run(Date.now(), id);
}

function prefill(conversations: number): void {
  const fill = db.transaction(() => {
    for (let n = 0; n < conversations; n++) {
      for (let line = 0; line < 10; line++) {
        const { seq } = bump.get(`old-${n}`, 'ana', Date.now(), 'x') as { seq: number };
        insert.run(randomUUID(), `old-${n}`, seq, 'user', 'x'.repeat(200), Date.now());
      }
    }
  });
  fill();
}

type Statement = { run(...values: unknown[]): unknown; get(...values: unknown[]): unknown };
type Db = {
  pragma(text: string): unknown;
  exec(sql: string): void;
  prepare(sql: string): Statement;
  transaction<A extends unknown[], R>(work: (...args: A) => R): (...args: A) => R;
};
