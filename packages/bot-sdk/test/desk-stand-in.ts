import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CallbackBody,
  EndingBody,
  HandoffBody,
  paths,
  RatingBody,
  ReceiptBody,
  SignalBody,
  TurnsBody,
} from '@parley/contracts';
import type { Floor, HandoffAnswer, OutboundEntry, Turn } from '@parley/contracts';
import { Compile } from 'typebox/compile';

/** The outside world of this package: a desk that keeps the contract, on a real port, and can be made to misbehave. */
export interface DeskStandIn {
  readonly url: string;
  readonly callbackSecret: string;
  /** Lines in the order in which they were stored, across conversations. */
  readonly turns: Stored[];
  readonly handoffs: HandoffBody[];
  readonly receipts: ReceiptBody[];
  readonly signals: SignalBody[];
  readonly endings: EndingBody[];
  readonly ratings: RatingBody[];
  /** Every request, refused ones included. */
  readonly calls: { method: string; path: string; status: number }[];
  readonly tokensIssued: () => number;
  floor: (conversation: string) => Floor;
  setFloor(conversation: string, floor: Floor): number;
  /** Next entry's number in a conversation's log. */
  nextSeq(conversation: string): number;
  queues: string[];
  /** Consulted before each request; returns how to misbehave. */
  fault: (call: { method: string; path: string; count: number }) => Fault | undefined;
  /** Makes all tokens issued so far worthless. */
  revokeTokens(): void;
  /** Signs and posts a callback, as the desk does. */
  callback(
    url: string,
    body: CallbackBody,
    change?: Partial<{ secret: string; timestamp: number; body: string; headers: Record<string, string> }>,
  ): Promise<number>;
  entries(
    conversation: string,
    entries: (Partial<OutboundEntry> & { kind: OutboundEntry['kind'] })[],
    floor?: Floor,
  ): Extract<CallbackBody, { type: 'conversation.entries' }>;
  close(): Promise<void>;
}

export type Stored = Turn & { seq: number; suppressed?: true; notice?: true };

export type Fault =
  | { kind: 'status'; status: number; code?: string; headers?: Record<string, string> }
  /** Does the work, and breaks the connection before the answer. */
  | { kind: 'lost' }
  /** Does the work, and answers later. */
  | { kind: 'late'; until: Promise<unknown> }
  | { kind: 'reset' }
  | { kind: 'slow'; until: Promise<unknown> };

const schemas = {
  [paths.botTurns]: Compile(TurnsBody),
  [paths.botHandoffs]: Compile(HandoffBody),
  [paths.botReceipts]: Compile(ReceiptBody),
  [paths.botSignals]: Compile(SignalBody),
  [paths.botEndings]: Compile(EndingBody),
  [paths.botRatings]: Compile(RatingBody),
} as Record<string, { Check(value: unknown): boolean; Errors(value: unknown): unknown }>;
const callbackSchema = Compile(CallbackBody);

export const channel = 'test';

export async function startDeskStandIn(port = 0): Promise<DeskStandIn> {
  let tokens = new Set<string>();
  let issued = 0;
  const floors = new Map<string, Floor>();
  const seqs = new Map<string, number>();
  const requested = new Map<string, number>();
  const deskId = (conversation: string) =>
    `c_${Buffer.from(conversation).toString('hex').padEnd(26, '0').slice(0, 26)}`;
  const counts = new Map<string, number>();

  const desk: DeskStandIn = {
    url: '',
    callbackSecret: `whsec_${randomBytes(32).toString('base64')}`,
    turns: [],
    handoffs: [],
    receipts: [],
    signals: [],
    endings: [],
    ratings: [],
    calls: [],
    tokensIssued: () => issued,
    floor: (conversation) => floors.get(conversation) ?? 'bot',
    setFloor(conversation, floor) {
      floors.set(conversation, floor);
      return desk.nextSeq(conversation);
    },
    nextSeq(conversation) {
      const seq = (seqs.get(conversation) ?? 0) + 1;
      seqs.set(conversation, seq);
      return seq;
    },
    queues: ['general', 'cards'],
    fault: () => undefined,
    revokeTokens() {
      tokens = new Set();
    },
    async callback(url, body, change = {}) {
      if (!callbackSchema.Check(body))
        throw new Error(`The test speaks out of contract: ${JSON.stringify(callbackSchema.Errors(body))}`);
      const text = change.body ?? JSON.stringify(body);
      const id = `msg-${randomUUID()}`;
      const timestamp = String(change.timestamp ?? Math.floor(Date.now() / 1000));
      const headers = {
        'content-type': 'application/json',
        ...sign(id, timestamp, JSON.stringify(body), change.secret ?? desk.callbackSecret),
        ...change.headers,
      };
      const response = await fetch(url, { method: 'POST', headers, body: text });
      await response.text();
      return response.status;
    },
    entries(conversation, entries, floor = desk.floor(conversation)) {
      const whole = entries.map((entry) => {
        const seq = entry.seq ?? desk.nextSeq(conversation);
        return {
          seq,
          id: `e-${seq}`,
          at: Date.now(),
          ...(entry.kind === 'message' && { from: { name: 'Ana Ruiz' }, text: 'Hello' }),
          ...(entry.kind === 'status' && { state: 'accepted' }),
          ...entry,
        } as OutboundEntry;
      });
      return {
        type: 'conversation.entries',
        id: deskId(conversation),
        channel,
        conversation,
        floor,
        epoch: 1,
        entries: whole,
      };
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };

  function record(turn: Turn) {
    const { conversation } = turn;
    const frame = { id: turn.id, conversation: deskId(conversation) };
    const before = desk.turns.find((known) => known.id === turn.id && known.conversation === conversation);
    if (before) return { ...frame, outcome: 'repeated', seq: before.seq, floor: desk.floor(conversation) };
    const human = desk.floor(conversation) === 'human';
    const notice =
      human &&
      turn.speaker === 'bot' &&
      turn.announces !== undefined &&
      turn.announces >= (requested.get(conversation) ?? 0);
    const suppressed = human && turn.speaker === 'bot' && !notice;
    const stored: Stored = {
      ...turn,
      seq: desk.nextSeq(conversation),
      ...(suppressed && { suppressed }),
      ...(notice && { notice }),
    };
    desk.turns.push(stored);
    return {
      ...frame,
      outcome: suppressed ? 'suppressed' : 'stored',
      ...(suppressed && { code: 'human-holds' }),
      seq: stored.seq,
      floor: desk.floor(conversation),
    };
  }

  function work(path: string, body: unknown): unknown {
    switch (path) {
      case paths.botTurns:
        return { results: (body as TurnsBody).turns.map(record) };
      case paths.botHandoffs: {
        const handoff = body as HandoffBody;
        if (handoff.queue !== undefined && !desk.queues.includes(handoff.queue))
          return { refusal: [422, 'unknown-queue'] };
        handoff.turns?.forEach(record);
        if (desk.floor(handoff.conversation) === 'bot') {
          floors.set(handoff.conversation, 'human');
          requested.set(handoff.conversation, desk.nextSeq(handoff.conversation));
        }
        desk.handoffs.push(handoff);
        return {
          conversation: deskId(handoff.conversation),
          state: 'queued',
          queue: handoff.queue ?? 'general',
          ahead: 2,
          available: 1,
          floor: 'human',
          seq: requested.get(handoff.conversation)!,
        } satisfies HandoffAnswer;
      }
      case paths.botReceipts:
        desk.receipts.push(body as ReceiptBody);
        break;
      case paths.botSignals:
        desk.signals.push(body as SignalBody);
        return undefined;
      case paths.botEndings:
        desk.endings.push(body as EndingBody);
        break;
      case paths.botRatings:
        desk.ratings.push(body as RatingBody);
        break;
      default:
        return { refusal: [404, 'not-found'] };
    }
    const { conversation } = body as { conversation: string };
    return { conversation: deskId(conversation), floor: desk.floor(conversation), seq: seqs.get(conversation) ?? 0 };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://desk');
    const text = await read(request);
    const call = { method: request.method ?? '', path: url.pathname };
    const count = (counts.get(call.path) ?? 0) + 1;
    counts.set(call.path, count);
    const answer = (status: number, body?: unknown, headers: Record<string, string> = {}) => {
      desk.calls.push({ ...call, status });
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const problem = (status: number, code: string, headers?: Record<string, string>) =>
      answer(status, { type: 'about:blank', title: code, status, code }, headers);
    const fault = desk.fault({ ...call, count });
    if (fault?.kind === 'reset') return void request.socket.destroy();
    if (fault?.kind === 'status') return problem(fault.status, fault.code ?? 'overloaded', fault.headers);
    if (fault?.kind === 'slow') await fault.until;
    if (call.path === '/token') {
      const form = new URLSearchParams(text);
      if (form.get('grant_type') !== 'client_credentials' || form.get('client_secret') !== 'secret')
        return answer(401, { error: 'invalid_client' });
      issued += 1;
      const token = `token-${issued}`;
      tokens.add(token);
      return answer(200, { token_type: 'Bearer', expires_in: 3600, access_token: token });
    }
    if (!tokens.has(request.headers.authorization?.replace('Bearer ', '') ?? ''))
      return problem(401, 'unauthenticated');
    if (call.method === 'GET' && call.path === paths.botFloor) {
      const conversation = url.searchParams.get('conversation') ?? '';
      return answer(200, {
        conversation: deskId(conversation),
        floor: desk.floor(conversation),
        seq: seqs.get(conversation) ?? 0,
      });
    }
    const body: unknown = JSON.parse(text);
    const schema = schemas[call.path];
    if (!schema?.Check(body)) return problem(400, 'validation');
    const result = work(call.path, body);
    if (fault?.kind === 'late') await fault.until;
    if (fault?.kind === 'lost') return void request.socket.destroy();
    const refusal = (result as { refusal?: [number, string] } | undefined)?.refusal;
    if (refusal) return problem(...refusal);
    return answer(result === undefined ? 204 : 200, result);
  }

  const server: Server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.writeHead(500);
      response.end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  (desk as { url: string }).url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return desk;
}

export function sign(id: string, timestamp: string, body: string, secret: string): Record<string, string> {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
