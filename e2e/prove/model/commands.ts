import { randomUUID } from 'node:crypto';
import { paths } from '@parley/contracts';
import fc from 'fast-check';
import { settled, until } from '../cache/screen.ts';
import type { Place } from './model.ts';
import { queuesOf } from './model.ts';
import { own, supervisor, type Run } from './run.ts';
import { names, people, type Name, type World } from './world.ts';

type Step = (run: Run, world: World) => Promise<void>;
type Arguments = readonly (string | number | boolean)[];

/** Every command, each with arguments of its own; what it must do is in its function. */
const once = [
  command('userTurn', [place()], ([p]) => says('user', p)),
  command('userTurn', [place()], ([p]) => says('user', p)),
  command('botTurn', [place(), fc.boolean()], ([p, announces]) => says('bot', p, announces)),
  command('escalate', [place(), fc.nat(3)], ([p, queue]) => escalates(p, queue)),
  command('escalate', [place(), fc.nat(3)], ([p, queue]) => escalates(p, queue)),
  command('repeat', [fc.nat(99)], ([k]) => repeats(k)),
  command('reuse', [fc.nat(99)], ([k]) => reuses(k)),
  command('twin', [fc.nat(99)], ([k]) => twin(k)),
  command('claim', [who(), place()], ([n, p]) => claims(n, p)),
  command('claim', [who(), place()], ([n, p]) => claims(n, p)),
  command('decline', [who(), place(), fc.boolean()], ([n, p, asked]) => declines(n, p, asked)),
  command('reply', [who(), place(), fc.boolean(), fc.boolean()], ([n, p, late, holder]) => replies(n, p, late, holder)),
  command('reply', [who(), place(), fc.boolean(), fc.boolean()], ([n, p, late, holder]) => replies(n, p, late, holder)),
  command('note', [who(), place()], ([n, p]) => notes(n, p)),
  command('transfer', [who(), place(), fc.nat(7)], ([n, p, to]) => transfers(n, p, to)),
  command('release', [who(), place()], ([n, p]) => moves(n, p, 'return', { packet: {} })),
  command('close', [who(), place()], ([n, p]) => moves(n, p, 'close', { outcome: 'resolved' })),
  command('end', [place(), fc.boolean()], ([p, left]) => ends(p, left)),
  command('rate', [place(), fc.integer({ min: 1, max: 5 })], ([p, score]) => rates(p, score)),
  command('presence', [who(), fc.boolean()], ([n, available]) => chooses(n, available)),
  // Offers are made to who is there, so that somebody must be, and often.
  command('presence', [fc.constantFrom<Name>('ana', 'lukas', 'noor')], ([n]) => chooses(n, true)),
  command('decline', [who(), place()], ([n, p]) => declines(n, p, true)),
  command(
    'pass',
    [fc.constantFrom(47_000, 47_000, 613_000, 911_000)],
    ([ms]) =>
      async (run) =>
        run.passes(ms),
  ),
  command('reconnect', [who()], ([n]) => reconnects(n)),
  command('look', [who(), place()], ([n, p]) => looks(n, p)),
  command('badToken', [who(), place(), fc.nat(3)], ([n, p, kind]) => badToken(n, p, kind)),
  command('stranger', [place()], ([p]) => stranger(p)),
  command('race', [place()], ([p]) => races(p)),
];

/** A restart is dear: everything else comes three times as often. */
export const allCommands = [...once, ...once, ...once, command('restart', [], () => restarts())];

function says(speaker: 'user' | 'bot', n: number, announces = false): Step {
  return async (run, world) => {
    const p = run.place(n);
    const id = randomUUID();
    const text = run.words(p);
    const human = p.state === 'queued' || p.state === 'assigned';
    const notice = announces && p.requested > 0 && p.state !== 'with-bot';
    const silent = speaker === 'bot' && human && !notice;
    const result = await turn(world, p, { speaker, id, text, ...(notice ? { announces: p.requested } : {}) });
    run.count(`${speaker} turn ${result.outcome}${notice ? ' as a notice' : p.state === 'closed' ? ' and opens' : ''}`);
    expected(result.outcome, silent ? 'suppressed' : 'stored');
    p.id = result.conversation;
    if (!silent) p.said.push({ id, text });
    if (!notice) run.asked.push({ place: p, id, speaker, text, outcome: silent ? 'suppressed' : 'stored' });
    await run.settle();
    if (!kept(p, id)) throw new Error(`"${text}" is not in the log`);
    expected(result.floor, p.state === 'queued' || p.state === 'assigned' ? 'human' : 'bot');
  };
}

function escalates(n: number, k: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    const known = queuesOf(p.client);
    const before = p.state;
    const answer = await world.bot(p.client).escalate(p.channel, { queue: known[k % known.length] ?? 'general' });
    p.id = answer.conversation;
    await run.settle();
    run.count(`escalate ${before === 'with-bot' || before === 'closed' ? 'queued' : 'again'}`);
    expected(p.state, before === 'assigned' ? 'assigned' : 'queued');
  };
}

function repeats(k: number): Step {
  return async (run, world) => {
    const asked = run.asked[k % Math.max(1, run.asked.length)];
    if (!asked) return;
    const { place: p, id } = asked;
    const before = p.log.length;
    if ('speaker' in asked) {
      const { outcome } = await turn(world, p, asked);
      expected(outcome, asked.outcome === 'stored' ? 'repeated' : 'suppressed');
    } else {
      const answer = await world.as(asked.by).command(p.id!, asked.command, { ...asked.body, id });
      expected(answer.status, 200);
      if (answer.body.repeated !== true) throw new Error('done a second time');
      // Who has lost sight of the conversation since must not see it through a repetition.
      if (!p.reads(asked.by) && 'last' in answer.body.conversation)
        throw new Error(
          `${asked.by} sees ${JSON.stringify(answer.body.conversation.last)} by repeating ${asked.command}`,
        );
    }
    await run.settle();
    run.count('repeated');
    expected(p.log.length, before);
  };
}

function reuses(k: number): Step {
  return async (run, world) => {
    const asked = run.asked[k % Math.max(1, run.asked.length)];
    if (!asked) return;
    const { place: p, id } = asked;
    const before = p.log.length;
    const text = run.words(p);
    if ('speaker' in asked) {
      const result = await turn(world, p, { ...asked, text });
      expected(`${result.outcome} ${result.code}`, 'refused id-reused');
    } else {
      const command = asked.command === 'note' ? 'reply' : 'note';
      const answer = await world
        .as(asked.by)
        .command(p.id!, command, { id, text, ...(command === 'reply' ? { epoch: p.epoch } : {}) });
      expected(`${answer.status} ${answer.body.code}`, '409 id-reused');
    }
    await run.settle();
    run.count('id reused');
    expected(p.log.length, before);
  };
}

/** Another client's bot uses the very same conversation name and id. */
function twin(k: number): Step {
  return async (run, world) => {
    const lines = run.asked.filter((asked) => 'speaker' in asked && asked.speaker === 'user');
    const asked = lines[k % Math.max(1, lines.length)];
    if (!asked) return;
    const other = run.places.find((one) => one.channel === asked.place.channel && one.client !== asked.place.client);
    if (!other || run.asked.some((one) => one.place === other && one.id === asked.id)) return;
    const text = run.words(other);
    const result = await turn(world, other, { speaker: 'user', id: asked.id, text });
    expected(result.outcome, 'stored');
    if (result.conversation === asked.place.id) throw new Error('two clients share a conversation');
    other.id = result.conversation;
    other.said.push({ id: asked.id, text });
    run.asked.push({ place: other, id: asked.id, speaker: 'user', text, outcome: 'stored' });
    run.count('id of another client');
    await run.settle();
  };
}

function claims(name: Name, n: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const { holder, state } = p;
    const may = p.mayClaim(name, run.load(name));
    const { status, body } = await gives(run, world, name, p, 'claim', {});
    expected(status === 200, may);
    if (may) run.count(state === 'with-bot' ? 'claim uninvited' : 'claim won');
    else if (state === 'assigned' && holder !== name && status === 409) {
      expected(body.code, 'already-held');
      run.count('claim lost');
    } else if (people[name].client !== p.client) expected(status, 404);
    await run.settle();
    if (may) expected(p.holder, name);
  };
}

function declines(name: Name, n: number, asked: boolean): Step {
  return async (run, world) => {
    const offered = run.places.find(({ offeredTo }) => offeredTo !== undefined);
    const p = asked && offered ? offered : run.place(n);
    const by = asked ? (p.offeredTo ?? name) : name;
    if (p.id === undefined) return;
    const may = p.offeredTo === by;
    const { status } = await gives(run, world, by, p, 'decline', { reason: 'busy' });
    expected(status === 200, may);
    run.count(may ? 'declined' : 'decline refused');
    await run.settle();
  };
}

function replies(name: Name, n: number, late: boolean, asHolder: boolean): Step {
  return async (run, world) => {
    const p = (asHolder && run.places.find(({ holder }) => holder !== undefined)) || run.place(n);
    const by = (asHolder && p.holder) || name;
    if (p.id === undefined) return;
    const text = run.words(p);
    const epoch = late ? Math.max(0, p.epoch - 1) : p.epoch;
    const may = p.holder === by && !late;
    const before = p.log.length;
    const { status, id } = await gives(run, world, by, p, 'reply', { text, epoch });
    expected(status === 200, may);
    if (may) p.said.push({ id, text });
    await run.settle();
    // Who held it in this episode has the late line kept; anybody else leaves no trace.
    const keeps = !may && people[by].client === p.client && (p.held.has(by) || p.holder === by);
    run.count(may ? 'reply stored' : keeps ? 'reply suppressed' : 'reply refused');
    expected(p.log.length - before, may || keeps ? 1 : 0);
    if (keeps) expected(p.log.at(-1)?.kind, 'suppressed');
  };
}

function notes(name: Name, n: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const text = run.words(p);
    const may = p.reads(name);
    const { status, id } = await gives(run, world, name, p, 'note', { text });
    expected(status === 200, may);
    if (may) p.said.push({ id, text });
    run.count(may ? 'note stored' : 'note refused');
    await run.settle();
  };
}

function transfers(name: Name, n: number, k: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const colleagues = names.filter((one) => people[one].client === p.client);
    const known = queuesOf(p.client);
    const person = k >= 4 ? colleagues[k % colleagues.length] : undefined;
    const to = person ? { person: world.refs.get(person)!.id } : { queue: known[k % known.length]! };
    const may = p.mayMove(name, false);
    const { status } = await gives(run, world, name, p, 'transfer', { to });
    expected(status === 200, may);
    run.count(may ? `transfer to a ${person ? 'person' : 'queue'}` : 'transfer refused');
    await run.settle();
    if (may) expected(p.log.at(-1)?.kind === 'transferred' || p.offeredTo !== undefined, true);
  };
}

function moves(name: Name, n: number, command: 'return' | 'close', body: object): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const may = p.mayMove(name, command === 'close');
    const { status } = await gives(run, world, name, p, command, body);
    expected(status === 200, may);
    run.count(may ? `${command} done` : `${command} refused`);
    await run.settle();
    if (may) expected(p.state, command === 'close' ? 'closed' : 'with-bot');
  };
}

function ends(n: number, left: boolean): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const before = p.state;
    const answer = await tells(world, p, paths.botEndings, { reason: left ? 'user-left' : 'bot-ended' });
    expected(answer.status === 200, before !== 'assigned' || left);
    run.count(before === 'assigned' ? (left ? 'user left a consultant' : 'bot may not end') : 'ended');
    await run.settle();
    expected(p.state, before === 'assigned' ? 'assigned' : 'closed');
  };
}

function rates(n: number, score: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    expected((await tells(world, p, paths.botRatings, { score })).status, 200);
    run.count('rated');
    await run.settle();
  };
}

function chooses(name: Name, available: boolean): Step {
  return async (run, world) => {
    const answer = await world.as(name).call('PUT', paths.presence, { state: available ? 'available' : 'away' });
    expected(answer.status, 200);
    run.count(available ? 'available' : 'away');
    await run.settle();
  };
}

function restarts(): Step {
  return async (run, world) => {
    await world.restart();
    run.count('restarted');
    await run.settle();
  };
}

function reconnects(name: Name): Step {
  return async (run, world) => {
    const of = world.screens.get(name);
    if (!of) return;
    of.line.cut();
    run.count('line cut');
    await run.settle();
  };
}

function looks(name: Name, n: number): Step {
  return async (run, world) => {
    const of = world.screens.get(name);
    const p = run.place(n);
    if (!of || p.id === undefined) return;
    const { screen } = of;
    await until(() => screen.desk.connection.getSnapshot().state === 'live', `${name} is not connected again`, 10_000);
    screen.show(p.id);
    await settled([screen], `while ${name} looks`, 10_000);
    screen.hide();
    run.count(p.reads(name) ? 'looked' : 'looked in vain');
  };
}

function badToken(name: Name, n: number, kind: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const good = await world.desk.token(people[name].email);
    const bad = [
      'x',
      `${good.slice(0, -6)}AAAAAA`,
      await world.desk.botToken(p.client),
      `${good.split('.')[0]}.${good.split('.')[1]}.`,
    ][kind]!;
    for (const [method, path, body] of [
      ['GET', paths.conversation(p.id)],
      ['POST', paths.command(p.id, 'claim'), { id: randomUUID() }],
      ['POST', paths.command(p.id, 'reply'), { id: randomUUID(), text: run.words(p), epoch: p.epoch }],
    ] as const) {
      const { status } = await fetch(world.desk.url + path, {
        method,
        headers: { authorization: `Bearer ${bad}`, 'content-type': 'application/json' },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      if (status !== 401 && status !== 403) throw new Error(`${method} ${path} with a bad token answers ${status}`);
    }
    run.count('token refused');
    await run.settle();
  };
}

/** Somebody of another client who knows everything but has no right. */
function stranger(n: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const foreign = supervisor(p.client === 'contoso' ? 'fabrikam' : 'contoso');
    const before = p.log.length;
    const known = p.said.at(-1)?.id ?? randomUUID();
    for (const [method, path, body] of [
      ['GET', paths.conversation(p.id)],
      ['GET', paths.entries(p.id)],
      ['GET', `${paths.export(p.id)}?format=json`],
      ['PUT', paths.draft(p.id), { text: 'x', mode: 'note' }],
      ['POST', paths.command(p.id, 'claim'), { id: known }],
      ['POST', paths.command(p.id, 'reply'), { id: known, text: 'x', epoch: p.epoch }],
      ['POST', paths.command(p.id, 'note'), { id: known, text: 'x' }],
      ['POST', paths.command(p.id, 'close'), { id: known, outcome: 'resolved' }],
    ] as const) {
      const { status } = await world.as(foreign).call(method, path, body);
      if (status !== 404) throw new Error(`${method} ${path} answers a stranger ${status}`);
    }
    run.count('stranger refused');
    await run.settle();
    expected(p.log.length, before);
  };
}

/** Everything at once: one winner, and every acknowledged word is there. */
function races(n: number): Step {
  return async (run, world) => {
    const p = run.place(n);
    if (p.id === undefined) return;
    const colleagues = names.filter((one) => people[one].client === p.client);
    const could = colleagues.some((one) => p.mayClaim(one, run.load(one)));
    const lines = (['user', 'bot', 'user'] as const).map((speaker) => ({
      speaker,
      id: randomUUID(),
      text: run.words(p),
    }));
    const wasWithBot = p.state === 'with-bot' || p.state === 'closed';
    const [answers, results] = await Promise.all([
      Promise.all([...colleagues, ...colleagues].map((one) => world.as(one).command(p.id!, 'claim'))),
      Promise.all(lines.map((line) => turn(world, p, line))),
    ]);
    const won = answers.filter(({ status }) => status === 200).length;
    await run.settle();
    // What a user says opens what was closed, and a supervisor may then take it.
    if (could) expected(won, 1);
    else if (won > (wasWithBot ? 1 : 0)) throw new Error(`${won} took what nobody could take`);
    run.count(won === 1 ? 'race won' : 'race in vain');
    const acknowledged = lines.filter((_, index) => results[index]!.outcome === 'stored');
    p.said.push(
      ...acknowledged
        .map(({ id, text }) => ({ id, text, at: p.log.findIndex((entry) => own(entry.id) === id) }))
        .sort((a, b) => a.at - b.at)
        .map(({ id, text }) => ({ id, text })),
    );
    await run.settle();
  };
}

async function gives(run: Run, world: World, by: Name, p: Place, command: string, body: object) {
  const id = randomUUID();
  const answer = await world.as(by).command(p.id!, command, { id, ...body });
  if (answer.status === 200) run.asked.push({ place: p, id, by, command, body });
  else if (people[by].client !== p.client) run.count('foreign command refused');
  return { status: answer.status, body: answer.body, id };
}

async function turn(
  world: World,
  p: Place,
  line: { speaker: 'user' | 'bot'; id: string; text: string; announces?: number },
) {
  const { speaker, id, text, announces } = line;
  const answer = await world
    .bot(p.client)
    .call<{ results: { outcome: string; code?: string; conversation: string; floor: string }[] }>(
      'POST',
      paths.botTurns,
      {
        turns: [
          {
            channel: 'directline',
            conversation: p.channel,
            id,
            speaker,
            text,
            user: { id: `dl_${p.channel}`, name: 'Jonas Weber' },
            ...(announces === undefined ? {} : { announces }),
          },
        ],
      },
    );
  if (answer.status !== 200) throw new Error(`a turn answers ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.results[0]!;
}

function tells(world: World, p: Place, path: string, body: object) {
  return world.bot(p.client).call('POST', path, {
    channel: 'directline',
    conversation: p.channel,
    id: randomUUID(),
    ...body,
  });
}

function kept(p: Place, id: string): boolean {
  return p.log.some((entry) => own(entry.id) === id);
}

function expected(is: unknown, should: unknown): void {
  if (is !== should) throw new Error(`${String(is)} instead of ${String(should)}`);
}

function place(): fc.Arbitrary<number> {
  // Mostly one conversation, so that much happens in it.
  return fc.constantFrom(0, 0, 0, 1, 2);
}

function who(): fc.Arbitrary<Name> {
  return fc.constantFrom(...names, 'ana', 'lukas', 'marta');
}

function command<T extends Arguments>(
  name: string,
  given: { [K in keyof T]: fc.Arbitrary<T[K]> },
  make: (chosen: T) => Step,
): fc.Arbitrary<fc.AsyncCommand<Run, World>> {
  return fc.tuple(...(given as unknown as fc.Arbitrary<unknown>[])).map((chosen) => ({
    check: () => true,
    async run(run, world) {
      run.count(`command ${name}`);
      try {
        await make(chosen as unknown as T)(run, world);
      } catch (error) {
        throw new Error(`${name}(${chosen.join(', ')}): ${(error as Error).message}`, { cause: error });
      }
    },
    toString: () => `${name}(${chosen.join(', ')})`,
  }));
}
