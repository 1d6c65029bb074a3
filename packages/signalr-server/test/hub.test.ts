import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { createHub, HubError, mapHub, type HubContext } from '../src/index.ts';
import { client, listen, RawClient, serve, until, type Data, type Events } from './harness.ts';

type Context = HubContext<Events, Data>;

const methods = {
  echo: async (_ctx: Context, value: unknown) => value,
  nothing: () => {},
  whoAmI: (ctx: Context) => ({ id: ctx.connectionId, user: ctx.user.id, tenant: ctx.data.tenant }),
  join: (ctx: Context, group: string) => ctx.groups.add(group),
  leave: (ctx: Context, group: string) => ctx.groups.remove(group),
  refuse: () => {
    throw new HubError('You may not do that.');
  },
  fail: () => {
    throw new Error('database password is hunter2');
  },
};

test('invoke returns the result of the method, whatever the case of its name', async () => {
  const { url } = await serve({ methods });
  const { connection, id } = await listen(url);
  expect(await connection.invoke('echo', { ümlaut: ['✓', 1, null] })).toEqual({ ümlaut: ['✓', 1, null] });
  expect(await connection.invoke('WHOAMI')).toEqual({ id, user: 'ana', tenant: 'contoso' });
});

test('a method without result resolves to null, as ASP.NET Core does', async () => {
  const { url } = await serve({ methods });
  const { connection } = await listen(url);
  expect(await connection.invoke('nothing')).toBeNull();
});

test('a HubError shows its message; any other error is hidden unless details are on', async () => {
  const hidden = await listen((await serve({ methods })).url);
  await expect(hidden.connection.invoke('refuse')).rejects.toThrow(
    "An unexpected error occurred invoking 'refuse' on the server. HubException: You may not do that.",
  );
  await expect(hidden.connection.invoke('fail')).rejects.toThrow(
    /^An unexpected error occurred invoking 'fail' on the server\.$/,
  );
  const detailed = await listen((await serve({ methods }, { detailedErrors: true })).url);
  await expect(detailed.connection.invoke('fail')).rejects.toThrow('Error: database password is hunter2');
});

test.each(['missing', '__proto__', 'constructor', 'hasOwnProperty', 'toString'])(
  'an unknown method is refused: %s',
  async (name) => {
    const { url } = await serve({ methods });
    const { connection } = await listen(url);
    await expect(connection.invoke(name)).rejects.toThrow(
      `Failed to invoke '${name}' due to an error on the server. HubException: Method does not exist.`,
    );
  },
);

test('a result that cannot be encoded is an error of that call only', async () => {
  const { url } = await serve({ methods: { ...methods, big: () => 1n } });
  const { connection } = await listen(url);
  await expect(connection.invoke('big')).rejects.toThrow("An unexpected error occurred invoking 'big' on the server.");
  expect(await connection.invoke('echo', 1)).toBe(1);
});

test('streaming is refused with the words of ASP.NET Core', async () => {
  const { url } = await serve({ methods });
  const { connection } = await listen(url);
  const error = await new Promise<Error>((resolve, reject) =>
    connection
      .stream('echo', 1)
      .subscribe({ next: reject, complete: () => reject(new Error('completed')), error: resolve }),
  );
  expect(error.message).toBe(
    "The client attempted to invoke the non-streaming 'echo' method with a streaming invocation.",
  );
  const raw = await RawClient.connect(url);
  raw.send({ type: 1, invocationId: '7', target: 'echo', arguments: [], streamIds: ['1'] });
  await until(() => raw.messages.some(({ type }) => type === 3));
  expect(raw.messages.at(-1)?.['error']).toBe(
    "An unexpected error occurred invoking 'echo' on the server. HubException: Client sent 1 stream(s), Hub method expects 0.",
  );
});

test('a send gets no answer, even when it fails', async () => {
  const { url } = await serve({ methods });
  const raw = await RawClient.connect(url);
  raw.send({ type: 1, target: 'fail', arguments: [] });
  raw.send({ type: 1, target: 'missing', arguments: [] });
  raw.send({ type: 1, invocationId: '1', target: 'echo', arguments: ['last'] });
  await until(() => raw.messages.length > 1);
  expect(raw.messages).toEqual([{}, { type: 3, invocationId: '1', result: 'last' }]);
});

test('unknown message types and fields are ignored', async () => {
  const { url } = await serve({ methods });
  const raw = await RawClient.connect(url);
  raw.send({ type: 99, whatever: true });
  raw.send({ extra: {}, arguments: [5], target: 'echo', invocationId: '1', type: 1, headers: { a: 'b' } });
  await until(() => raw.messages.length > 1);
  expect(raw.messages[1]).toEqual({ type: 3, invocationId: '1', result: 5 });
});

test('one connection runs one method at a time, in order of arrival', async () => {
  const steps: string[] = [];
  const gates: (() => void)[] = [];
  const { url } = await serve({
    methods: {
      step: async (_ctx: Context, name: string) => {
        steps.push(`${name} begins`);
        await new Promise<void>((resolve) => gates.push(resolve));
        steps.push(`${name} ends`);
      },
    },
  });
  const { connection } = await listen(url);
  const calls = Promise.all(['a', 'b', 'c'].map((name) => connection.invoke('step', name)));
  for (let count = 1; count <= 3; count += 1) {
    await until(() => gates.length === count);
    gates[count - 1]?.();
  }
  await calls;
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

test('maxParallelInvocations lets methods overlap', async () => {
  let running = 0;
  const { url } = await serve(
    {
      methods: {
        meet: async () => {
          running += 1;
          await until(() => running === 3);
        },
      },
    },
    { maxParallelInvocations: 3 },
  );
  const { connection } = await listen(url);
  expect(await Promise.all([1, 2, 3].map(() => connection.invoke('meet')))).toEqual([null, null, null]);
});

test('a long queue stops the reading and loses nothing', async () => {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  const { url, hub } = await serve(
    { methods: { wait: async (_ctx: Context, value: number) => gate.then(() => value) } },
    { maxQueuedInvocations: 4, clientTimeout: 200, messageBurst: 1000 },
  );
  const { connection } = await listen(url);
  const first = Array.from({ length: 20 }, (_, index) => connection.invoke<number>('wait', index));
  await until(() => hub.stats().messagesIn >= 20);
  const second = Array.from({ length: 20 }, (_, index) => connection.invoke<number>('wait', 20 + index));
  // Longer than the client timeout: silence that the server itself caused is no fault of the client.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(hub.stats().messagesIn).toBeLessThan(30);
  open();
  expect(await Promise.all([...first, ...second])).toEqual(Array.from({ length: 40 }, (_, index) => index));
});

test('sends reach all, one client, a user on all devices, several users', async () => {
  const { url, hub } = await serve();
  const [phone, desk, tom, mia] = [
    await listen(url),
    await listen(url),
    await listen(url, 'tom'),
    await listen(url, 'mia'),
  ];
  hub.clients.all.send('note', 'all');
  hub.clients.allExcept([phone.id, tom.id]).send('note', 'allExcept');
  hub.clients.client(tom.id).send('note', 'client');
  hub.clients.clients([tom.id, mia.id, mia.id, 'unknown']).send('note', 'clients');
  hub.clients.user('ana').send('note', 'user');
  hub.clients.users(['ana', 'mia', 'nobody']).send('note', 'users');
  hub.clients.all.send('note', 'end');
  await until(() => [phone, desk, tom, mia].every(({ notes }) => notes.at(-1) === 'end'));
  expect(phone.notes).toEqual(['all', 'user', 'users', 'end']);
  expect(desk.notes).toEqual(['all', 'allExcept', 'user', 'users', 'end']);
  expect(tom.notes).toEqual(['all', 'client', 'clients', 'end']);
  expect(mia.notes).toEqual(['all', 'allExcept', 'clients', 'users', 'end']);
});

test('groups: members only, except connections, except members of other groups', async () => {
  const { url, hub } = await serve();
  const [a, b, c] = [await listen(url), await listen(url), await listen(url)];
  for (const { id } of [a, b, c]) expect(await hub.groups.add(id, 'room')).toBe(true);
  await hub.groups.add(b.id, 'muted');
  await hub.groups.add(c.id, 'away');
  hub.clients.group('room').send('note', 'room');
  hub.clients.group('ROOM').send('note', 'group names are case-sensitive');
  hub.clients.group('room', { except: [a.id] }).send('note', 'except');
  hub.clients.group('room', { exceptGroup: 'muted' }).send('note', 'exceptGroup');
  hub.clients.group('room', { exceptGroup: ['muted', 'away'] }).send('note', 'exceptGroups');
  hub.clients.group('room', { except: [a.id], exceptGroup: 'away' }).send('note', 'both');
  await hub.groups.remove(a.id, 'room');
  hub.clients.group('room').send('note', 'left');
  hub.clients.all.send('note', 'end');
  await until(() => [a, b, c].every(({ notes }) => notes.at(-1) === 'end'));
  expect(a.notes).toEqual(['room', 'exceptGroup', 'exceptGroups', 'end']);
  expect(b.notes).toEqual(['room', 'except', 'both', 'left', 'end']);
  expect(c.notes).toEqual(['room', 'except', 'exceptGroup', 'left', 'end']);
  expect(await hub.groups.add('unknown', 'room')).toBe(false);
});

test('groups([...]) delivers once to each connection of the union', async () => {
  const { url, hub } = await serve();
  const [a, b, c] = [await listen(url), await listen(url), await listen(url)];
  for (const [id, group] of [
    [a.id, 'x'],
    [a.id, 'y'],
    [b.id, 'y'],
    [c.id, 'x'],
  ] as const)
    await hub.groups.add(id, group);
  hub.clients.groups(['x', 'y', 'x', 'none']).send('note', 'union');
  hub.clients.groups(['x', 'y'], { except: [a.id], exceptGroup: 'none' }).send('note', 'except');
  hub.clients.groups([]).send('note', 'nobody');
  hub.clients.all.send('note', 'end');
  await until(() => [a, b, c].every(({ notes }) => notes.at(-1) === 'end'));
  expect([a.notes, b.notes, c.notes]).toEqual([
    ['union', 'end'],
    ['union', 'except', 'end'],
    ['union', 'except', 'end'],
  ]);
});

test('a method reaches its caller, the others, and groups it joins', async () => {
  const { url } = await serve({
    methods: {
      ...methods,
      shout: (ctx: Context) => {
        ctx.clients.caller.send('note', 'caller');
        ctx.clients.others.send('note', 'others');
        ctx.clients.othersInGroup('room').send('note', 'othersInGroup');
        ctx.clients.group('room').send('note', 'group');
        ctx.clients.all.send('note', 'end');
      },
    },
  });
  const [a, b, c] = [await listen(url), await listen(url), await listen(url)];
  expect(await a.connection.invoke('join', 'room')).toBe(true);
  await b.connection.invoke('join', 'room');
  await c.connection.invoke('join', 'room');
  await c.connection.invoke('leave', 'room');
  await a.connection.invoke('shout');
  await until(() => [a, b, c].every(({ notes }) => notes.at(-1) === 'end'));
  expect([a.notes, b.notes, c.notes]).toEqual([
    ['caller', 'group', 'end'],
    ['others', 'othersInGroup', 'group', 'end'],
    ['others', 'end'],
  ]);
});

test('names such as __proto__ are ordinary users and groups', async () => {
  const { url, hub } = await serve();
  const { id, notes } = await listen(url, '__proto__');
  await hub.groups.add(id, 'constructor');
  hub.clients.user('__proto__').send('note', 'user');
  hub.clients.group('constructor').send('note', 'group');
  hub.clients.group('__proto__').send('note', 'nobody');
  hub.clients.user('toString').send('note', 'nobody');
  hub.clients.all.send('note', 'end');
  await until(() => notes.at(-1) === 'end');
  expect(notes).toEqual(['user', 'group', 'end']);
});

test('bytes travel as base64, undefined as null', async () => {
  const { url, hub } = await serve();
  const raw = await RawClient.connect(url);
  hub.clients.all.send('pair', { file: Buffer.from('hello'), part: new Uint8Array([1, 2]) }, undefined);
  await until(() => raw.messages.length > 1);
  expect(raw.messages[1]).toEqual({
    type: 1,
    target: 'pair',
    arguments: [{ file: 'aGVsbG8=', part: 'AQI=' }, null],
  });
});

test('arguments that cannot be encoded throw at the sender and reach nobody', async () => {
  const { url, hub } = await serve();
  const { notes } = await listen(url);
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  expect(() => hub.clients.all.send('pair', cycle, 1)).toThrow(TypeError);
  hub.clients.all.send('note', 'end');
  await until(() => notes.length > 0);
  expect(notes).toEqual(['end']);
});

test('connections lists who is here, with user, data and groups', async () => {
  const { url, hub } = await serve();
  const { id, connection } = await listen(url);
  await hub.groups.add(id, 'room');
  expect(hub.connections.size).toBe(1);
  const [only] = hub.connections;
  expect(only).toMatchObject({ id, user: { id: 'ana' }, data: { tenant: 'contoso' }, expiresAt: Infinity });
  expect([...(only?.groups ?? [])]).toEqual(['room']);
  expect(hub.connections.get(id)?.id).toBe(id);
  await connection.stop();
  await until(() => hub.connections.size === 0);
  expect(hub.connections.get(id)).toBeUndefined();
});

test('method names that differ only in case are refused when the hub is made', () => {
  expect(() => createHub<Events>({ methods: { watch: () => {}, Watch: () => {} } })).toThrow(
    "Hub method 'Watch' exists twice",
  );
  expect(() => createHub<Events>({}, { clientTimeout: 0 })).toThrow(RangeError);
});

test('a hub is typed from the interface it shares with its clients', async () => {
  interface Calls {
    add(left: number, right: number): number;
  }
  const hub = createHub<Events, Data, Calls>({ methods: { add: (_ctx, left, right) => left + right } });
  hub.clients.all.send('note', 'text');
  // @ts-expect-error -- the event takes a string
  hub.clients.all.send('note', 5);
  // @ts-expect-error -- there is no such event
  hub.clients.all.send('nope');
  // @ts-expect-error -- the result must be a number
  createHub<Events, Data, Calls>({ methods: { add: () => 'text' } });
  expect(hub.connections.size).toBe(0);
  const app = Fastify();
  await mapHub(app, '/hub', hub, {
    // @ts-expect-error -- the hub's data is something else
    authenticate: async () => ({ user: { id: 'ana' }, data: { tenant: 5 }, expiresAt: Infinity }),
  });
  await app.close();
});

test('skipNegotiation works with the real client', async () => {
  const { url, hub } = await serve({ methods });
  const connection = client(url, 'ana', { skipNegotiation: true });
  await connection.start();
  expect(connection.connectionId).toBeNull();
  expect(await connection.invoke('echo', 'hi')).toBe('hi');
  expect(hub.stats().negotiations).toBe(0);
});

test('stats count messages, deliveries and bytes', async () => {
  const { url, hub } = await serve({ methods });
  const [a, b] = [await listen(url), await listen(url)];
  hub.clients.all.send('note', 'x');
  await until(() => a.notes.length + b.notes.length === 2);
  await until(() => hub.stats().messagesIn === 2);
  expect(hub.stats()).toMatchObject({ connections: 2, sockets: 2, users: 1, groups: 0, messagesOut: 1, deliveries: 2 });
  const frame = '{"type":1,"target":"note","arguments":["x"]}'.length + 3;
  expect(hub.stats().bytesOut).toBe(2 * (frame + '{}'.length + 3));
});
