import { contoso, signCompact } from '@parley/sandbox';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseStrictObject } from '../src/auth/strict-json.ts';
import { startEdgeDesk, type EdgeDesk } from './edges-desk.ts';

let desk: EdgeDesk;
beforeAll(async () => {
  desk = await startEdgeDesk();
});
afterAll(() => desk.close());

test('T85 of 20,000 mutations of a valid token none is accepted', async () => {
  const random = randomFrom(20_260_101);
  const token = await desk.identity.mint({ tid: contoso.tid, subject: 'ana@contoso.example' });
  const other = await desk.identity.mint({ tid: contoso.tid, subject: 'marta@contoso.example' });
  expect(await desk.verifier.verifyPerson(token)).toMatchObject({ ok: true });
  const accepted: string[] = [];
  let tried = 0;
  while (tried < 20_000) {
    const mutant = mutate(token, other, random);
    if (mutant === token || mutant === other) continue;
    tried += 1;
    if ((await desk.verifier.verifyPerson(mutant)).ok) accepted.push(mutant);
  }
  expect(accepted).toEqual([]);
}, 60_000);

test('T85 of 2,000 badly made tokens under a valid signature none raises a right', async () => {
  const random = randomFrom(7);
  const token = await desk.identity.mint({ tid: contoso.tid, subject: 'ana@contoso.example' });
  const [header = '', payload = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  const [key] = await desk.identity.keyRing.keys(contoso.tid);
  const raised: unknown[] = [];
  for (let n = 0; n < 2_000; n += 1) {
    const edited = splice(payload, random, [
      '"',
      ',',
      '{',
      '}',
      '[',
      ']',
      ':',
      '\\',
      '"roles":["Supervisor"],',
      '"tid":"x",',
      'null',
      '\\u0072',
      '__proto__',
      '1e9',
    ]);
    const verdict = await desk.verifier.verifyPerson(signCompact(header, edited, key!.privateKey));
    if (verdict.ok && (verdict.principal.roles.join() !== 'Consultant' || verdict.principal.client !== 'contoso'))
      raised.push(edited);
  }
  expect(raised).toEqual([]);
}, 60_000);

test('the strict reader agrees with JSON.parse on what it takes, and takes nothing that JSON.parse does not', () => {
  const random = randomFrom(99);
  const seed = '{"a":[1,-2.5e3,true,false,null,"x\\u00e9\\n"],"b":{"c":{"d":""}},"e":0}';
  let taken = 0;
  for (let n = 0; n < 30_000; n += 1) {
    const text =
      random(3) === 0
        ? seed
        : splice(seed, random, [
            '"',
            ',',
            '{',
            '}',
            '[',
            ']',
            ':',
            ' ',
            '0',
            '-',
            '.',
            'e',
            '\\',
            'true',
            '\t',
            '\n',
            '\u0001',
          ]);
    let strict: unknown;
    try {
      strict = parseStrictObject(text);
    } catch {
      continue;
    }
    taken += 1;
    expect(JSON.stringify(strict)).toBe(JSON.stringify(JSON.parse(text)));
  }
  expect(taken).toBeGreaterThan(5_000);
});

test.each([
  ['a member twice', '{"a":1,"a":1}'],
  ['a member twice after decoding', '{"a":1,"\\u0061":1}'],
  ['a nested member twice', '{"a":{"b":1,"b":2}}'],
  ['__proto__', '{"__proto__":1}'],
  ['a nested constructor', '{"a":{"constructor":1}}'],
  ['an escaped prototype', '{"\\u0070rototype":1}'],
  ['too deep', `${'{"a":'.repeat(9)}1${'}'.repeat(9)}`],
  ['an array', '[]'],
  ['text', '"a"'],
  ['nothing', ''],
  ['a byte order mark', '\ufeff{}'],
  ['two values', '{}{}'],
  ['a trailing comma', '{"a":1,}'],
  ['a comment', '{/**/}'],
  ['single quotes', "{'a':1}"],
  ['a leading zero', '{"a":01}'],
  ['a plus', '{"a":+1}'],
  ['NaN', '{"a":NaN}'],
  ['NUL', '{"a":"\\u0000"}'],
  ['a raw control character', '{"a":"\n"}'],
  ['a lone surrogate', '{"a":"\\udc00"}'],
  ['other white space', '{\u00a0"a":1}'],
])('the strict reader refuses %s', (_name, text) => {
  expect(() => parseStrictObject(text)).toThrow();
});

type Random = (below: number) => number;

function mutate(token: string, other: string, random: Random): string {
  const parts = token.split('.');
  const others = other.split('.');
  const which = random(3);
  switch (random(8)) {
    case 0: // a bit of one segment
    case 1: {
      const bytes = Buffer.from(parts[which]!, 'base64url');
      bytes[random(bytes.length)]! ^= 1 << random(8);
      parts[which] = bytes.toString('base64url');
      return parts.join('.');
    }
    case 2: // a character anywhere
      return splice(token, random, [...'AZaz09-_.=+/ ']);
    case 3: // a segment of another token
      parts[which] = others[which]!;
      return parts.join('.');
    case 4: // a claim's value
      return withPayload(parts, (claims) => {
        const names = Object.keys(claims);
        claims[names[random(names.length)]!] = [0, '', null, [], 'Supervisor', ['Supervisor'], 2e9, true][random(8)];
      });
    case 5: // a claim taken away
      return withPayload(parts, (claims) => {
        const names = Object.keys(claims);
        delete claims[names[random(names.length)]!];
      });
    case 6: // cut
      return token.slice(0, random(token.length));
    default: // the algorithm
      parts[0] = Buffer.from(
        JSON.stringify({ alg: ['none', 'HS256', 'RS256', 'PS256'][random(4)], typ: 'JWT', kid: ['a', 'b'][random(2)] }),
      ).toString('base64url');
      return parts.join('.');
  }
}

function withPayload(parts: string[], edit: (claims: Record<string, unknown>) => void): string {
  const claims = JSON.parse(Buffer.from(parts[1]!, 'base64url').toString()) as Record<string, unknown>;
  edit(claims);
  return [parts[0], Buffer.from(JSON.stringify(claims)).toString('base64url'), parts[2]].join('.');
}

function splice(text: string, random: Random, pieces: readonly string[]): string {
  const at = random(text.length + 1);
  return text.slice(0, at) + pieces[random(pieces.length)] + text.slice(at + random(3));
}

/** Repeatable numbers (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}
