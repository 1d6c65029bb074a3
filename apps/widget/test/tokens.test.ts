import { describe, expect, test } from 'vitest';
import type { Grant, TokenService } from '../src/line/token-service.ts';
import { createTokens } from '../src/line/tokens.ts';
import type { Kept } from '../src/line/tokens.ts';
import { Trouble } from '../src/line/trouble.ts';
import { handClock, settle } from './hand-clock.ts';

const life = 1_800;
const half = (life * 1_000) / 2;

/** The bot's web service, which answers when and how the test says. */
function service() {
  const calls: { kind: 'open' | 'renew'; token?: string; answer: (outcome?: Trouble) => void }[] = [];
  let count = 0;
  function ask(kind: 'open' | 'renew', token?: string): Promise<Grant> {
    return new Promise((resolve, reject) => {
      count += 1;
      const grant: Grant = {
        token: `token-${count}`,
        conversationId: 'one',
        userId: 'dl_user',
        domain: 'https://line.test',
        expiresIn: life,
        refreshUrl: 'https://bot.test/refresh',
        resume: 'proof',
      };
      calls.push({
        kind,
        ...(token !== undefined && { token }),
        answer: (trouble) => (trouble ? reject(trouble) : resolve(grant)),
      });
    });
  }
  const answering: TokenService = { open: () => ask('open'), renew: (grant) => ask('renew', grant.token) };
  return { ...answering, calls, last: () => calls.at(-1)! };
}

async function opened({
  random = 0.5,
  kept,
  onTrouble,
}: { random?: number; kept?: Kept; onTrouble?: (trouble: Trouble) => void } = {}) {
  const clock = handClock();
  const bot = service();
  const changes: Kept[] = [];
  const tokens = createTokens({
    service: bot,
    clock,
    random: () => random,
    onChange: (change) => changes.push(change),
    ...(kept && { kept }),
    ...(onTrouble && { onTrouble }),
  });
  if (!kept) {
    const first = tokens.get();
    bot.last().answer();
    await first;
  }
  return { clock, bot, tokens, changes };
}

describe('a token is replaced in the background', () => {
  test('at half of its life', async () => {
    const { clock, bot } = await opened();
    await clock.pass(half - 1);
    expect(bot.calls).toHaveLength(1);
    await clock.pass(1);
    expect(bot.last()).toMatchObject({ kind: 'renew', token: 'token-1' });
  });

  test('with jitter of a tenth of its life to either side', async () => {
    for (const [random, share] of [
      [0, 0.4],
      [0.999_999, 0.6],
    ] as const) {
      const { clock } = await opened({ random });
      expect(clock.next()).toBeCloseTo(life * 1_000 * share, -1);
    }
  });

  test('and used from then on, and replaced again', async () => {
    const { clock, bot, tokens, changes } = await opened();
    await clock.pass(half);
    bot.last().answer();
    await settle();
    expect((await tokens.get()).token).toBe('token-2');
    expect(changes.map(({ grant }) => grant.token)).toEqual(['token-1', 'token-2']);
    await clock.pass(half);
    expect(bot.last()).toMatchObject({ kind: 'renew', token: 'token-2' });
  });

  test('while the old one is used until the new one is there', async () => {
    const { clock, bot, tokens } = await opened();
    await clock.pass(half);
    expect((await tokens.get()).token).toBe('token-1');
    expect(bot.calls).toHaveLength(2);
  });

  test('again and again when the service is away, quietly until nine tenths of its life', async () => {
    const troubles: Trouble[] = [];
    const { clock, bot, tokens } = await opened({ onTrouble: (trouble) => troubles.push(trouble) });
    await clock.pass(half);
    let attempts = 0;
    while (clock.now() < 1_000_000 + life * 900) {
      bot.last().answer(new Trouble('unreachable', 'away'));
      await settle();
      attempts += 1;
      expect(clock.next()).toBeLessThanOrEqual(60_000);
      if (clock.now() < 1_000_000 + life * 900) expect(troubles).toEqual([]);
      await clock.pass(clock.next()!);
    }
    expect(attempts).toBeGreaterThan(10);
    bot.last().answer(new Trouble('unreachable', 'away'));
    await settle();
    expect(troubles).toHaveLength(1);
    expect((await tokens.get()).token).toBe('token-1');
  });

  test('not sooner than a busy service asks', async () => {
    const { clock, bot } = await opened();
    await clock.pass(half);
    bot.last().answer(new Trouble('busy', '429', 45_000));
    await settle();
    expect(clock.next()).toBe(45_000);
  });

  test('no more once the chat has ended', async () => {
    const { clock, bot, tokens } = await opened();
    tokens.stop();
    await clock.pass(10 * half);
    expect(bot.calls).toHaveLength(1);
  });
});

describe('calls are not doubled', () => {
  test('callers at the same time share one', async () => {
    const clock = handClock();
    const bot = service();
    const tokens = createTokens({ service: bot, clock, random: () => 0.5 });
    const all = Promise.all([tokens.get(), tokens.get(), tokens.get()]);
    await settle();
    expect(bot.calls).toHaveLength(1);
    bot.last().answer();
    expect(new Set((await all).map(({ token }) => token))).toEqual(new Set(['token-1']));
  });

  test('one who wakes while the background is at it waits for that', async () => {
    const { clock, bot, tokens } = await opened();
    clock.sleep(3 * 3_600_000);
    const got = tokens.get();
    await clock.pass(0);
    expect(bot.calls).toHaveLength(2);
    bot.last().answer();
    expect((await got).token).toBe('token-2');
  });
});

describe('a dead token', () => {
  test('after a sleep is replaced, for the same conversation, before it is used', async () => {
    const { clock, bot, tokens } = await opened();
    clock.sleep(3 * 3_600_000);
    const got = tokens.get();
    await settle();
    expect(bot.last()).toMatchObject({ kind: 'renew', token: 'token-1' });
    bot.last().answer();
    expect((await got).token).toBe('token-2');
  });

  test('is one the channel rejects, whatever the clock says', async () => {
    const { bot, tokens } = await opened();
    tokens.reject('token-1');
    const got = tokens.get();
    await settle();
    bot.last().answer();
    expect((await got).token).toBe('token-2');
  });

  test('is not presumed of one from an earlier page that is still young, and is of one from the future', async () => {
    const grant: Grant = {
      token: 'old',
      conversationId: 'one',
      userId: 'dl_user',
      domain: 'https://line.test',
      expiresIn: life,
      refreshUrl: 'https://bot.test/refresh',
    };
    const young = await opened({ kept: { grant, receivedAt: 1_000_000 - 60_000 } });
    expect((await young.tokens.get()).token).toBe('old');
    const future = await opened({ kept: { grant, receivedAt: 1_000_000 + 60_000 } });
    void future.tokens.get();
    await settle();
    expect(future.bot.last()).toMatchObject({ kind: 'renew', token: 'old' });
  });

  test('that may not be replaced stays dead: the service is not asked again', async () => {
    const { clock, bot, tokens } = await opened();
    clock.sleep(3 * 3_600_000);
    const got = tokens.get();
    await settle();
    bot.last().answer(new Trouble('refused', '403'));
    await expect(got).rejects.toMatchObject({ code: 'refused' });
    await expect(tokens.get()).rejects.toMatchObject({ code: 'refused' });
    await clock.pass(3_600_000);
    expect(bot.calls).toHaveLength(2);
  });
});

test('an opening that failed may be tried again', async () => {
  const clock = handClock();
  const bot = service();
  const tokens = createTokens({ service: bot, clock, random: () => 0.5 });
  const first = tokens.get();
  bot.last().answer(new Trouble('unreachable', 'away'));
  await expect(first).rejects.toMatchObject({ code: 'unreachable' });
  const second = tokens.get();
  bot.last().answer();
  expect((await second).token).toBe('token-2');
});
